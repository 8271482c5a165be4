import BundleFormat
import Diagnostics
import FileAccess
import Remapping
import Safetensors

/// The assets beside the weights of a checkpoint.
struct AssetSearch {
  /// A file that was found and not opened yet.
  struct Found: Sendable {
    let family: String
    let fileName: String
    let role: BundleAsset.Role
    /// The path below the folder of the checkpoint.
    let source: String
    fileprivate let folder: InputFolder
    fileprivate let entry: String

    var name: String { family + "." + fileName }

    /// - Throws: `file.*`; `convert.asset-size`.
    func open() throws(WeightsError) -> AssetFile {
      try AssetFile(
        folder.open(entry), family: family, fileName: fileName, role: role, source: source,
        isGiven: false)
    }
  }

  /// In the order of their names; files in several folders may share one.
  let found: [Found]

  /// Looks in the folder of the checkpoint, or of its file, as for `config.json`.
  ///
  /// - Parameters:
  ///   - family: of the checkpoint.
  ///   - families: all there are. A composite that was exported has the files of its parts under
  ///     the names they have in a bundle, such as `paligemma.tokenizer.model`.
  /// - Throws: `file.*`.
  init(
    _ checkpoint: Checkpoint, family: String, families: [String]
  ) throws(WeightsError) {
    let isFolder = try InputFolder.isFolder(checkpoint.path)
    let folder = try InputFolder(
      path: isFolder ? checkpoint.path : checkpoint.path.splitAtLastComponent.folder)
    let weights = Set(checkpoint.files.map(\.file.path))
    var found: [Found] = []
    let names = try Self.names(in: folder, mustList: isFolder)
    for entry in names where !weights.contains(folder.path(of: entry)) {
      var (family, fileName) = (family, entry)
      if let other = families.first(where: { entry.hasPrefix($0 + ".") }) {
        (family, fileName) = (other, String(entry.dropFirst(other.count + 1)))
      }
      guard let role = AssetNames.role(of: fileName, family: family) else { continue }
      found.append(
        Found(
          family: family, fileName: fileName, role: role, source: entry, folder: folder,
          entry: entry))
    }
    for place in AssetNames.statisticsFolders
    where names.contains(place.name) && AssetNames.role(of: place.file, family: family) != nil {
      found += try Self.statistics(
        place.file, in: folder, place.name, path: place.name, depth: place.depth, family: family)
    }
    self.found = found.sorted {
      ($0.name, $0.source) < ($1.name, $1.source)
    }
  }

  /// The entries of the folder. Where a file was given, its folder may be closed to listing or
  /// have too many entries; then only names that are known in full are found.
  private static func names(
    in folder: InputFolder, mustList: Bool
  ) throws(WeightsError) -> [String] {
    do throws(WeightsError) {
      return try folder.names()
    } catch {
      guard !mustList, [.filePermission, .fileTooLarge].contains(error.code) else { throw error }
    }
    var names: [String] = []
    for name in AssetNames.entries where try folder.contains(name) { names.append(name) }
    return names
  }

  private static func statistics(
    _ fileName: String, in parent: InputFolder, _ entry: String, path: String, depth: Int,
    family: String
  ) throws(WeightsError) -> [Found] {
    guard let folder = try parent.folder(entry) else { return [] }
    var found: [Found] = []
    for entry in try folder.names() {
      if entry == fileName {
        found.append(
          Found(
            family: family, fileName: fileName, role: .statistics, source: path + "/" + entry,
            folder: folder, entry: entry))
      } else if depth > 0 {
        found += try statistics(
          fileName, in: folder, entry, path: path + "/" + entry, depth: depth - 1, family: family)
      }
    }
    return found
  }
}
