import DVLADiagnostics
import DVLAFiles

/// The manifest files at a path that `--manifest` names.
enum ManifestFiles {
  /// The file itself, or the `.json` files of a folder, sorted by name.
  static func at(_ path: String) throws(WeightsError) -> [String] {
    guard try InputFolder.isFolder(path) else { return [path] }
    let folder = try InputFolder(path: path)
    let names = try folder.names().filter { $0.hasSuffix(".json") }.sorted()
    guard !names.isEmpty else {
      throw WeightsError(.manifestFile, .notFound, file: path, "no .json file in this folder")
    }
    return names.map(folder.path(of:))
  }
}

extension WeightsError.Code {
  /// `--manifest` names a folder without manifests.
  static let manifestFile = Self("manifest.file")
}
