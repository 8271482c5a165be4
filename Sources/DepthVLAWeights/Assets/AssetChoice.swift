public import BundleFormat
public import Diagnostics
import FileAccess

/// Which files a bundle takes along besides tensors.
public struct AssetChoice: Sendable {
  /// A file that the user gave.
  public struct Given: Sendable {
    public let role: BundleAsset.Role
    /// The model it belongs to; nil: the one that has use for it.
    public let family: String?
    public let path: String

    public init(role: BundleAsset.Role, family: String?, path: String) {
      self.role = role
      self.family = family
      self.path = path
    }
  }

  /// Takes the place of what is found for its role and model.
  public var given: [Given] = []
  /// Whether those beside the weights are taken.
  public var takesFound = true

  public init() {}

  /// The files, opened, in the order of their names.
  ///
  /// - Parameters:
  ///   - family: of the bundle.
  ///   - families: all there are.
  /// - Throws: `convert.assets` when two have one name, or nothing tells which model a given file
  ///   belongs to; `convert.asset-size`; `bundle.asset-*`; `file.*`.
  func files(
    of sources: [ImportedSource], family: String, families: [String]
  ) throws(WeightsError) -> [AssetFile] {
    var files: [AssetFile] = []
    var replaced: [String: Set<BundleAsset.Role>] = [:]
    for given in given {
      let owner =
        if let family = given.family { family } else { try owner(of: given, sources, family) }
      replaced[owner, default: []].formUnion(given.role.replaced)
      files.append(try given.open(family: owner))
    }
    var found: [AssetSearch.Found] = []
    for source in sources where takesFound {
      found += try AssetSearch(source.checkpoint, family: source.family, families: families).found
    }
    found.removeAll { replaced[$0.family]?.contains($0.role) ?? false }
    try Self.requireSingle(found)
    for file in found { files.append(try file.open()) }
    files.sort { $0.plan.name.utf8.lexicographicallyPrecedes($1.plan.name.utf8) }
    for (first, second) in zip(files, files.dropFirst())
    where first.plan.name == second.plan.name {
      throw WeightsError(
        .convertAssets, .usage, file: second.path,
        "would be \(second.plan.name.quoted) in the bundle, as \(first.path.quoted) would")
    }
    try BundleAssetPlan.check(files.map(\.plan))
    return files
  }

  /// - Throws: `convert.assets`.
  static func requireSingle(_ found: [AssetSearch.Found]) throws(WeightsError) {
    for (first, second) in zip(found, found.dropFirst()) where first.name == second.name {
      let all = found.filter { $0.name == first.name }.map(\.source.quoted)
      throw WeightsError(
        .convertAssets, .usage,
        "\(all.count) files \(first.fileName.quoted) of the \(first.family) source: "
          + "\(all.prefix(8).joined(separator: ", ")); say which with --statistics FILE")
    }
  }

  /// The model that has use for the file.
  private func owner(
    of given: Given, _ sources: [ImportedSource], _ family: String
  ) throws(WeightsError) -> String {
    let present = sources.map(\.family)
    switch given.role {
    case .tokenizer, .tokenizerConfiguration:
      if let owner = ["paligemma", "pi0", "depthvla"].first(where: present.contains) {
        return owner
      }
      throw WeightsError(
        .convertAssets, .usage, file: given.path,
        "no source takes text, expected one that does beside a tokenizer")
    case .statistics:
      return ["pi0", "depthvla"].first(where: present.contains) ?? family
    case .preprocessor:
      guard let only = present.first, present.count == 1 else {
        throw WeightsError(
          .convertAssets, .usage, file: given.path,
          "several sources may have preprocessors; say whose it is, such as "
            + "--preprocessor \(present.first ?? "")=FILE")
      }
      return only
    }
  }
}

extension AssetChoice.Given {
  fileprivate func open(family: String) throws(WeightsError) -> AssetFile {
    let name = path.splitAtLastComponent.name
    let known = AssetNames.role(of: name)
    return try AssetFile(
      InputFile(path: path), family: family, fileName: name,
      role: known.map { role.replaced.contains($0) ? $0 : role } ?? role, source: name,
      isGiven: true)
  }
}

extension WeightsError.Code {
  /// It is not clear which files the bundle should take along.
  public static let convertAssets = Self("convert.assets")
}
