import DVLABundles
import DVLADiagnostics
import DVLAFamilies

/// Which model a given file belongs to.
struct AssetOwners {
  /// The families of the sources that give tensors.
  let present: [String]
  /// The family of the bundle.
  let bundle: String
  /// All there are.
  let families: [String]
  let found: [AssetSearch.Found]

  /// The model that the user names, or the one that can use the file.
  ///
  /// - Throws: `convert.assets`.
  func owner(of given: AssetChoice.Given) throws(WeightsError) -> String {
    if let family = given.family {
      try check(family, given)
      return family
    }
    switch given.role {
    case .tokenizer, .tokenizerConfiguration:
      let readers = Family.allCases.filter(\.readsText)
      if let owner = owner(among: readers, [.tokenizer, .tokenizerConfiguration]) { return owner }
      throw WeightsError(
        .convertAssets, .usage, file: given.path,
        "no source uses a tokenizer; leave it out")
    case .statistics:
      return owner(among: Family.policies, [.statistics]) ?? bundle
    case .robot:
      guard Family.isPolicy(bundle) else {
        throw WeightsError(
          .convertAssets, .usage, file: given.path,
          "only a policy (\(Family.list(Family.policies))) has a robot, and this bundle is of the "
            + "family \(bundle.escapedForTerminal)")
      }
      return bundle
    case .preprocessor, .generation:
      guard let only = present.first, present.count == 1 else {
        throw WeightsError(
          .convertAssets, .usage, file: given.path,
          "several sources may have preprocessors, and it is unclear which of them this one belongs to",
          remedies: [.giveAsset(.preprocessor, family: present.first ?? bundle)])
      }
      return only
    }
  }

  /// Files that were exported from a composite are named after the family they belong to.
  private func owner(among families: [Family], _ roles: Set<BundleAsset.Role>) -> String? {
    let candidates = families.map(\.rawValue)
    let known = Set(found.filter { roles.contains($0.role) }.map(\.family))
    return candidates.first(where: known.contains) ?? candidates.first(where: present.contains)
  }

  private func check(_ family: String, _ given: AssetChoice.Given) throws(WeightsError) {
    // A composite has parts of every family.
    let isPart =
      Family(rawValue: bundle)?.isComposite == true
      ? families.contains(family) : present.contains(family)
    guard !isPart, family != bundle, !found.contains(where: { $0.family == family }) else {
      return
    }
    let expected = Set(present + [bundle]).sorted().joined(separator: ", ")
    throw WeightsError(
      .convertAssets, .usage, file: given.path,
      "was given for \(family.escapedForTerminal), but the bundle has no "
        + "\(family.escapedForTerminal) part; expected one of \(expected)")
  }
}
