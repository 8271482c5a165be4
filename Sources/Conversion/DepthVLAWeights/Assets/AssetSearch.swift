import DVLABundles
import DVLADiagnostics
import DVLAFamilies
import DVLAFiles
import DVLARemapping
import DVLASafetensors

/// The assets beside the weights of a checkpoint.
struct AssetSearch {
  /// A file that was found and not opened yet.
  struct Found: Sendable {
    let family: String
    let fileName: String
    let role: BundleAsset.Role
    /// The path below the folder of the checkpoint.
    let source: String
    fileprivate let place: Place

    fileprivate enum Place: Sendable {
      case entry(String, InputFolder)
      /// Tensors of the source.
      case tensors(EarlyStatistics)
    }

    var name: String { family + "." + fileName }
    var path: String {
      switch place {
      case .entry(let entry, let folder): folder.path(of: entry)
      case .tensors(let statistics): statistics.path
      }
    }
    var assetName: AssetName { AssetName(fileName: fileName, role: role) }

    /// - Throws: `file.*`; what ``AssetFile`` throws. The user did not ask for the file by name, so
    ///   the error says how to do without it.
    func open() throws(WeightsError) -> AssetFile {
      do throws(WeightsError) {
        switch place {
        case .entry(let entry, let folder):
          return try AssetFile(
            folder.open(entry), family: family, fileName: fileName, name: entry, role: role,
            source: source, isGiven: false)
        case .tensors(let statistics):
          return try AssetFile(
            made: statistics.contents(), path: path, family: family, fileName: fileName,
            role: role, source: source)
        }
      } catch {
        var error = error.inFile(path)
        error.remedies.append(.leaveOutAssets)
        throw error
      }
    }

    /// All of its bytes, without a check of what they are.
    ///
    /// - Throws: `file.*`.
    func bytes() throws(WeightsError) -> [UInt8] {
      switch place {
      case .entry(let entry, let folder):
        let file = try folder.open(entry)
        return try file.readAll(limit: BundleLayout.assetByteCount)
      case .tensors(let statistics): return try statistics.contents()
      }
    }
  }

  /// In the order of their names; files in several folders may share one.
  let found: [Found]
  /// What is not looked at, and why.
  let notes: [String]

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
    let names = try Self.names(in: folder, mustList: isFolder)
    if !isFolder, let other = try Self.otherCheckpoint(than: checkpoint, in: folder, names) {
      found = Self.made(of: checkpoint, family: family)
      notes =
        names.contains { AssetNames.entries.contains($0) }
        ? [
          "no files are taken from beside \(checkpoint.path.quoted), because they may belong to it "
            + "or to \(other.quoted): name them, or move the checkpoint to a folder of its own"
        ] : []
      return
    }
    var found: [Found] = []
    var notes: [String] = []
    for entry in names where !weights.contains(folder.path(of: entry)) {
      var (family, fileName) = (family, entry)
      if let other = families.first(where: { entry.hasPrefix($0 + ".") }) {
        (family, fileName) = (other, String(entry.dropFirst(other.count + 1)))
      }
      guard let role = AssetNames.role(of: fileName, family: family),
        try Self.canBeNamed(entry, in: folder, &notes)
      else { continue }
      found.append(
        Found(
          family: family, fileName: fileName, role: role, source: entry,
          place: .entry(entry, folder)))
    }
    for place in AssetNames.statisticsFolders
    where names.contains(place.name) && AssetNames.role(of: place.file, family: family) != nil {
      found += try Self.statistics(
        place.file, in: folder, place.name, path: place.name, depth: place.depth, family: family,
        &notes)
    }
    self.notes = notes
    // A file of that name already holds these same statistics.
    found += Self.made(of: checkpoint, family: family).filter { made in
      !found.contains { $0.name == made.name }
    }
    self.found = found.sorted {
      ($0.name, $0.source) < ($1.name, $1.source)
    }
  }

  /// Statistics among the tensors of early versions of lerobot.
  private static func made(of checkpoint: Checkpoint, family: String) -> [Found] {
    guard Family(rawValue: family) == .pi0, let statistics = EarlyStatistics(checkpoint) else {
      return []
    }
    return [
      Found(
        family: family, fileName: EarlyStatistics.fileName, role: .statistics,
        source: statistics.source, place: .tensors(statistics))
    ]
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

  /// The name of another checkpoint in the folder. Bundles do not count.
  private static func otherCheckpoint(
    than checkpoint: Checkpoint, in folder: InputFolder, _ names: [String]
  ) throws(WeightsError) -> String? {
    let own = checkpoint.path.splitAtLastComponent.name
    let shard = ShardName(own)
    for name in names where name.hasSuffix(".safetensors") && name != own {
      if name.hasPrefix(".") || AssetNames.isStepState(name) { continue }
      if let shard, let other = ShardName(name), other.stem == shard.stem,
        other.count == shard.count
      {
        continue
      }
      let isBundle = (try? WeightBundle.isBundle(path: folder.path(of: name))) ?? false
      if !isBundle { return name }
    }
    return nil
  }

  /// A name that is not UTF-8 changes when it becomes text, and no longer finds its file.
  private static func canBeNamed(
    _ entry: String, in folder: InputFolder, _ notes: inout [String]
  ) throws(WeightsError) -> Bool {
    guard entry.unicodeScalars.contains("\u{FFFD}"), try !folder.contains(entry) else {
      return true
    }
    notes.append("left out: \(folder.path(of: entry).quoted), whose name is not UTF-8")
    return false
  }

  private static func statistics(
    _ fileName: String, in parent: InputFolder, _ entry: String, path: String, depth: Int,
    family: String, _ notes: inout [String]
  ) throws(WeightsError) -> [Found] {
    guard try canBeNamed(entry, in: parent, &notes), let folder = try parent.folder(entry) else {
      return []
    }
    var found: [Found] = []
    for entry in try folder.names() {
      if entry == fileName {
        found.append(
          Found(
            family: family, fileName: fileName, role: .statistics, source: path + "/" + entry,
            place: .entry(entry, folder)))
      } else if depth > 0 {
        found += try statistics(
          fileName, in: folder, entry, path: path + "/" + entry, depth: depth - 1, family: family,
          &notes)
      }
    }
    return found
  }
}
