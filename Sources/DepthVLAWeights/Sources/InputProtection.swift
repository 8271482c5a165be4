public import Diagnostics
import FileAccess
import Safetensors

/// No output replaces what it is made from, whatever the user forces.
enum InputProtection {
  /// - Throws: `output.is-input` when the target is one of the files of a source, or an asset.
  static func check(
    _ target: String, sources: [ImportedSource], assets: [AssetFile]
  ) throws(WeightsError) {
    for asset in assets where try isSameFile(target, asset.path) {
      throw isInput(target, "an asset that the bundle takes along")
    }
    for source in sources {
      var inputs = source.checkpoint.files.map(\.file.path)
      if let config = source.config { inputs.append(config.path) }
      if try InputFolder.isFolder(source.path) {
        let folder = try InputFolder(path: source.path)
        inputs += try folder.names().map { folder.path(of: $0) }
      }
      for input in inputs where try isSameFile(target, input) {
        throw isInput(target, "a file of the source \(source.path.quoted)")
      }
    }
  }

  /// - Throws: `output.is-input` when the folder holds the bundle.
  static func check(folder target: String, bundle: String) throws(WeightsError) {
    for file in try filesStanding(at: target) where try isSameFile(file, bundle) {
      throw isInput(target, "the folder that the bundle \(bundle.quoted) lies in")
    }
  }

  private static func isInput(_ target: String, _ what: String) -> WeightsError {
    WeightsError(
      .outputIsInput, .cannotCreate, file: target,
      "is \(what) and would be replaced; expected another place")
  }
}

extension WeightsError.Code {
  /// The output would replace what it is made from.
  public static let outputIsInput = Self("output.is-input")
}
