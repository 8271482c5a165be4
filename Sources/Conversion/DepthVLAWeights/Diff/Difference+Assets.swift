extension Difference {
  public enum AssetOutcome: String, Sendable {
    case equal
    case onlyInFirst = "only-in-first"
    case onlyInSecond = "only-in-second"
    case otherBytes = "other-bytes"
    /// The same bytes, which one side says are for something else.
    case otherRole = "other-role"
  }

  public struct AssetRow: Sendable {
    public let name: String
    public let outcome: AssetOutcome
  }

  /// Assets that are not there, or not the same, on both sides.
  public var differingAssets: [AssetRow] { (assets ?? []).filter { $0.outcome != .equal } }

  static func compare(_ a: [DiffAsset]?, _ b: [DiffAsset]?) -> [AssetRow]? {
    guard let a, let b else { return nil }
    var rows = a.map { asset in
      guard let other = b.first(where: { $0.name == asset.name }) else {
        return AssetRow(name: asset.name, outcome: .onlyInFirst)
      }
      let outcome: AssetOutcome =
        if asset.sha256 != other.sha256 { .otherBytes } else if asset.role != other.role {
          .otherRole
        } else { .equal }
      return AssetRow(name: asset.name, outcome: outcome)
    }
    for asset in b where !a.contains(where: { $0.name == asset.name }) {
      rows.append(AssetRow(name: asset.name, outcome: .onlyInSecond))
    }
    return rows
  }
}
