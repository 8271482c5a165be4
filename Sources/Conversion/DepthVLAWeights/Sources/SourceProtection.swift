import DVLADiagnostics
import DVLAFiles
import DVLASafetensors

extension InputProtection {
  /// - Throws: `output.is-input` when the output is one of the files of a source, or an asset.
  static func check(
    _ output: String, sources: [ImportedSource], assets: [AssetFile]
  ) throws(WeightsError) {
    try check(output, against: assets.map(\.path)) { "the asset \($0.quoted)" }
    for source in sources {
      var inputs = source.checkpoint.files.map(\.file.path)
      if let config = source.config { inputs.append(config.path) }
      if try InputFolder.isFolder(source.path) { inputs += try filesStanding(at: source.path) }
      try check(output, against: inputs) { _ in "a file of the source \(source.path.quoted)" }
    }
  }

  /// - Throws: `output.is-input` when the folder holds the bundle.
  static func check(folder output: String, bundle: String) throws(WeightsError) {
    for file in try filesStanding(at: output) where try isSameFile(file, bundle) {
      throw refusal(output: output, is: "the folder of the bundle \(bundle.quoted)")
    }
  }
}
