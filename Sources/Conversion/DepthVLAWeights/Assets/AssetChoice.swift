public import DVLABundles
public import DVLADiagnostics
import DVLAFiles

/// Which files travel in a bundle beside the tensors.
public struct AssetChoice: Sendable {
  /// A file that the user gave.
  public struct Given: Sendable {
    public let role: BundleAsset.Role
    /// The model it belongs to; nil: the one that can use it.
    public let family: String?
    public let path: String

    public init(role: BundleAsset.Role, family: String?, path: String) {
      self.role = role
      self.family = family
      self.path = path
    }
  }

  /// Replace what is found for their role and model.
  public var given: [Given] = []
  /// The robot that the user named: a preset of ``Robot`` or the path of a file.
  public var robot: String?
  /// Whether files beside the weights travel too.
  public var takesFound = true

  public init() {}
}

extension AssetChoice {
  /// - Parameters:
  ///   - family: of the bundle.
  ///   - families: all there are.
  ///   - policy: the source that the bundle's actions come from; nil without one.
  /// - Throws: `convert.assets` when two have one name, or it is unclear which model a given file
  ///   belongs to, or there are more than a bundle has room for, or two robots; what is wrong with
  ///   one of them, as ``AssetContent/read(_:role:fileName:)``; `convert.asset-size`;
  ///   `bundle.asset-name`; `file.*`.
  func selection(
    of sources: [ImportedSource], family: String, families: [String], policy: ImportedSource?
  ) throws(WeightsError) -> AssetSelection {
    var notes: [String] = []
    var found: [AssetSearch.Found] = []
    for source in sources where takesFound {
      let search = try AssetSearch(
        source.checkpoint, family: source.family, families: families)
      found += search.found
      notes += search.notes
    }
    let owners = AssetOwners(
      present: sources.map(\.family), bundle: family, families: families, found: found)
    var files: [AssetFile] = []
    var replaced: Set<String> = []
    if let robot {
      let owner = try owners.owner(of: Given(role: .robot, family: nil, path: robot))
      files.append(try AssetFile(robot: robot, family: owner, policy: policy))
      // A bundle has one, whatever source it lies beside.
      found.removeAll { $0.role == .robot }
    }
    for given in given {
      let owner = try owners.owner(of: given)
      let file = try given.open(family: owner)
      files.append(file)
      let name = AssetName(fileName: file.plan.fileName, role: file.plan.role)
      for other in found where other.family == owner && AssetNames.replaces(name, other.assetName) {
        replaced.insert(other.path)
      }
    }
    found.removeAll { replaced.contains($0.path) }
    try Self.requireSingle(found)
    try Self.requireOneRobot(found)
    try Self.requireRoom(given: files.count, found)
    let statisticsOwners = Set(files.filter { $0.plan.role == .statistics }.map(\.plan.family))
    for other in found {
      let file = try other.open()
      // A pipeline whose state files are replaced would look for files that are not there.
      if file.refersToStateFiles, statisticsOwners.contains(other.family) {
        notes.append(
          "left out: \(other.path.quoted), which belongs to the statistics that are replaced")
        continue
      }
      files.append(file)
    }
    files.sort { $0.plan.name.utf8.lexicographicallyPrecedes($1.plan.name.utf8) }
    for (first, second) in zip(files, files.dropFirst())
    where first.plan.name == second.plan.name {
      throw WeightsError(
        .convertAssets, .usage, file: second.path,
        "this file and \(first.path.quoted) would both be called \(second.plan.name.quoted) in the "
          + "bundle; leave one out")
    }
    try BundleAssetPlan.check(files.map(\.plan))
    return AssetSelection(files: files, notes: notes + Self.unreadable(files))
  }

  /// What `run` would say of the tokenizer it takes: a SentencePiece model before the other form.
  private static func unreadable(_ files: [AssetFile]) -> [String] {
    let tokenizers = files.filter { $0.plan.role == .tokenizer }
    guard
      let chosen = tokenizers.first(where: { $0.plan.fileName == AssetNames.sentencePiece })
        ?? tokenizers.first, !chosen.isReadable
    else { return [] }
    return [
      "\(chosen.path.quoted) is a tokenizer of a kind that run cannot read; the bundle holds it anyway"
    ]
  }

  private static func requireOneRobot(_ found: [AssetSearch.Found]) throws(WeightsError) {
    let robots = found.filter { $0.role == .robot }
    guard robots.count > 1 else { return }
    throw WeightsError(
      .convertAssets, .usage,
      "the sources have \(robots.count) robots: "
        + robots.prefix(8).map(\.path.quoted).joined(separator: ", "),
      remedies: [.giveAsset(.robot)])
  }

  private static func requireRoom(
    given: Int, _ found: [AssetSearch.Found]
  ) throws(WeightsError) {
    guard given + found.count > BundleLayout.assetCount else { return }
    let folder = found.last?.path.splitAtLastComponent.folder
    throw WeightsError(
      .convertAssets, .usage, file: folder,
      "the bundle would have \(given + found.count) assets; at most \(BundleLayout.assetCount) are "
        + "allowed", remedies: [.leaveOutAssets])
  }

  /// - Throws: `convert.assets`.
  static func requireSingle(_ found: [AssetSearch.Found]) throws(WeightsError) {
    for (first, second) in zip(found, found.dropFirst()) where first.name == second.name {
      let all = found.filter { $0.name == first.name }.map(\.source.quoted)
      throw WeightsError(
        .convertAssets, .usage,
        "the \(first.family) source has \(all.count) files \(first.fileName.quoted): "
          + all.prefix(8).joined(separator: ", "), remedies: [first.remedy])
    }
  }
}

/// The files that travel in a bundle, in the order of their names.
struct AssetSelection: Sendable {
  let files: [AssetFile]
  /// What was left out, and what is odd about the others.
  let notes: [String]
}

extension AssetChoice.Given {
  fileprivate func open(family: String) throws(WeightsError) -> AssetFile {
    let name = path.splitAtLastComponent.name
    let isConfiguration = AssetNames.role(of: name) == .tokenizerConfiguration
    return try AssetFile(
      InputFile(path: path), family: family, fileName: nil, name: name,
      role: role == .tokenizer && isConfiguration ? .tokenizerConfiguration : role, source: name,
      isGiven: true)
  }
}

extension AssetSearch.Found {
  /// How to settle which of several such files is meant.
  fileprivate var remedy: Remedy {
    switch role {
    case .tokenizer, .tokenizerConfiguration: .giveAsset(.tokenizer, family: family)
    case .preprocessor: .giveAsset(.preprocessor, family: family)
    case .statistics: .giveAsset(.statistics, family: family)
    // No option gives such a file.
    case .generation: .leaveOutAssets
    case .robot: .giveAsset(.robot)
    }
  }
}

extension WeightsError.Code {
  /// It is not clear which files the bundle should take along.
  public static let convertAssets = Self("convert.assets")
}
