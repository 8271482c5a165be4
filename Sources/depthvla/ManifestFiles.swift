import Diagnostics
import Foundation

/// The manifest files that a path on the command line stands for.
enum ManifestFiles {
  /// The file itself, or the `.json` files of a folder, sorted by name.
  static func at(_ path: String) throws(WeightsError) -> [String] {
    var isFolder: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw WeightsError(.manifestFile, .notFound, file: path, "no such manifest")
    }
    guard isFolder.boolValue else { return [path] }
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
      .filter { $0.hasSuffix(".json") }.sorted()
    guard !names.isEmpty else {
      throw WeightsError(.manifestFile, .notFound, file: path, "no .json file in this folder")
    }
    return names.map { path.hasSuffix("/") ? path + $0 : path + "/" + $0 }
  }
}

extension WeightsError.Code {
  /// `--manifest` names nothing that is there.
  static let manifestFile = Self("manifest.file")
}
