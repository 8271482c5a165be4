public import DVLABundles
import DVLADiagnostics
import DVLAFiles

/// How an asset of a bundle differs from the file beside the source's weights.
public struct AssetComparison: Sendable {
  public enum Outcome: Sendable, Equatable {
    /// The same bytes.
    case equal
    case different(firstByte: Int)
    /// The user gave the file when the bundle was made, so it is not compared.
    case given
    /// No source has the file.
    case notFound
  }

  public let asset: BundleAsset
  public let outcome: Outcome

  public var differs: Bool { if case .different = outcome { true } else { false } }

  /// - Parameters:
  ///   - given: the names of assets that did not come from beside the weights.
  ///   - families: all there are.
  /// - Throws: what looking for the files and reading throw.
  /// - Returns: a row for each asset of the bundle, and what a source has and the bundle lacks.
  static func compare(
    _ bundle: WeightBundle, given: Set<String>, against sources: [ImportedSource],
    families: [String]
  ) throws(WeightsError) -> (rows: [AssetComparison], lacking: [LackingAsset]) {
    var found: [AssetSearch.Found] = []
    for source in sources {
      found += try AssetSearch(source.checkpoint, family: source.family, families: families).found
    }
    var rows: [AssetComparison] = []
    for asset in bundle.assets {
      guard !given.contains(asset.name) else {
        rows.append(AssetComparison(asset: asset, outcome: .given))
        continue
      }
      guard let file = found.first(where: { $0.name == asset.name && $0.source == asset.source })
      else {
        rows.append(AssetComparison(asset: asset, outcome: .notFound))
        continue
      }
      let stored = try bundle.bytes(of: asset)
      let bytes = try file.bytes()
      let outcome: Outcome =
        if bytes == stored { .equal } else {
          .different(
            firstByte: zip(bytes, stored).enumerated().first { $1.0 != $1.1 }?.offset
              ?? min(bytes.count, stored.count))
        }
      rows.append(AssetComparison(asset: asset, outcome: outcome))
    }
    let compared = Set(
      zip(bundle.assets, rows).compactMap { asset, row in
        row.outcome == .given ? nil : SourceFile(name: asset.name, source: asset.source)
      })
    let lacking = found.filter {
      !compared.contains(SourceFile(name: $0.name, source: $0.source))
    }
    return (rows, lacking.map { LackingAsset(name: $0.name, source: $0.source) })
  }
}

/// A file beside a source's weights that the bundle does not have: the bundle was made without it,
/// or it was put there since.
public struct LackingAsset: Sendable, Equatable {
  /// The name it would have in the bundle.
  public let name: String
  /// Its path below the folder of the source.
  public let source: String
}

private struct SourceFile: Hashable {
  let name: String
  let source: String
}
