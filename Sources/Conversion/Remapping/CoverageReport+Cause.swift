import DVLADiagnostics
import DVLATensors

extension CoverageReport {
  /// Fewer unexpected tensors than this need no explanation but their names.
  private static let leastCount = 8

  /// What the unexpected tensors have in common, which says more than a list of them; nil where
  /// they are few or have nothing in common.
  var likelyCause: String? {
    guard unexpected.count >= Self.leastCount else { return nil }
    let names = unexpected.map { NameComponents($0.tensor).parts }
    let most = names.count * 3 / 4
    var leaves: [Substring: Int] = [:]
    for parts in names { leaves[parts.last ?? "", default: 0] += 1 }
    if let (leaf, count) = leaves.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }),
      leaf != "weight", leaf != "bias", count >= most
    {
      return "\(count) of the unexpected end in \(("." + leaf).quoted), as a quantizer, an adapter "
        + "or other code around layers names what it adds"
    }
    var starts: [Substring: Int] = [:]
    for parts in names { starts[parts[0], default: 0] += 1 }
    if let (start, count) = starts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }),
      count >= most
    {
      return "\(count) of the unexpected begin with \((start + ".").quoted), perhaps another model "
        + "or a copy beside this one"
    }
    return nil
  }
}
