public import BundleFormat
import Diagnostics
import FileAccess

/// An asset of a bundle held against the file beside the source's weights.
public struct AssetComparison: Sendable {
  public enum Outcome: Sendable, Equatable {
    /// The same bytes.
    case equal
    case different(firstByte: Int)
    /// The user gave the file when the bundle was made, whatever lies beside the weights.
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
  static func compare(
    _ bundle: Bundle, given: Set<String>, against sources: [ImportedSource], families: [String]
  ) throws(WeightsError) -> [AssetComparison] {
    guard !bundle.assets.isEmpty else { return [] }
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
      let bytes = try file.open().bytes()
      let outcome: Outcome =
        if bytes == stored { .equal } else {
          .different(
            firstByte: zip(bytes, stored).enumerated().first { $1.0 != $1.1 }?.offset
              ?? min(bytes.count, stored.count))
        }
      rows.append(AssetComparison(asset: asset, outcome: outcome))
    }
    return rows
  }
}
