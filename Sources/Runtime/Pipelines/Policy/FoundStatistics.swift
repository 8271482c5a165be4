import DVLABundles
import DVLADiagnostics
import DVLAFamilies
import DVLANormalization

/// The statistics among the files beside the weights.
struct FoundStatistics {
  private let source: any AssetSource
  private let all: [(fileName: String, statistics: PolicyStatistics)]

  /// - Throws: what reading an asset and statistics throws.
  init(_ source: any AssetSource) throws(WeightsError) {
    self.source = source
    var all: [(String, PolicyStatistics)] = []
    for asset in source.assets(.statistics) {
      all.append(
        (
          asset.fileName,
          try source.reading(asset) { (bytes) throws(WeightsError) in
            try PolicyStatistics(contents: bytes, fileName: asset.name)
          }
        ))
    }
    // transformers keeps them among the settings of its processor. A file of statistics alone
    // counts before those: the user may have given it.
    for asset in source.assets(.preprocessor)
    where all.isEmpty && asset.fileName == "processor_config.json"
      && Family.isPolicy(asset.family)
    {
      let found = try source.reading(asset) { (bytes) throws(WeightsError) in
        try PolicyStatistics(processorConfig: bytes, fileName: asset.name)
      }
      if let found { all.append((asset.fileName, found)) }
    }
    self.all = all
  }

  /// Those of a feature; several are one where they say the same.
  ///
  /// - Parameter fileName: the only file they may come from, by its name beside the weights; nil
  ///   for any.
  /// - Throws: `policy.assets` where files contradict each other, or that one is not there.
  func statistics(
    of feature: KeyPath<PolicyStatistics, FeatureStatistics?>, _ what: String, in fileName: String?
  ) throws(WeightsError) -> PolicyStatistics? {
    var candidates = all
    if let fileName {
      candidates = all.filter { $0.fileName == fileName }
      guard !candidates.isEmpty else {
        throw WeightsError(
          .policyAssets, .usage, file: source.path,
          "the statistics of \(what) are in \(fileName.quoted), which the bundle does not hold",
          remedies: [.giveStatistics])
      }
    }
    let found = candidates.map(\.statistics).filter { $0[keyPath: feature] != nil }
    guard let first = found.first else { return nil }
    if let other = found.first(where: { $0[keyPath: feature] != first[keyPath: feature] }) {
      throw WeightsError(
        .policyAssets, .usage, file: source.path,
        "\(first.fileName) and \(other.fileName) have different statistics of \(what)",
        remedies: [.giveStatistics])
    }
    return first
  }
}
