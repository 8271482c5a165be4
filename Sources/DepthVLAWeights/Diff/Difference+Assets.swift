import BundleFormat
import Hashing

extension Difference {
  public enum AssetOutcome: String, Sendable {
    case equal
    case onlyInFirst = "only-in-first"
    case onlyInSecond = "only-in-second"
    case otherBytes = "other-bytes"
  }

  public struct AssetRow: Sendable {
    public let name: String
    public let outcome: AssetOutcome
  }

  /// Assets that are not there, or not the same, on both sides.
  public var differingAssets: [AssetRow] { assets.filter { $0.outcome != .equal } }

  /// By their hashes: what the bytes are, reading a bundle checks.
  static func compare(_ a: [BundleAsset]?, _ b: [BundleAsset]?) -> [AssetRow] {
    guard let a, let b else { return [] }
    var rows = a.map { asset in
      let other = b.first { $0.name == asset.name }
      let outcome: AssetOutcome =
        if let other { asset.sha256 == other.sha256 ? .equal : .otherBytes } else { .onlyInFirst }
      return AssetRow(name: asset.name, outcome: outcome)
    }
    for asset in b where !a.contains(where: { $0.name == asset.name }) {
      rows.append(AssetRow(name: asset.name, outcome: .onlyInSecond))
    }
    return rows
  }
}
