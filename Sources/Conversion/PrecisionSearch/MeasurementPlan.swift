/// Which groups are measured together.
///
/// Each measurement costs a part of a forward: what lies behind the first tensor that it changes.
/// Where there are too many, groups of one kind in neighbouring layers are merged by twos, those
/// that cost most first, until all fit.
public struct MeasurementPlan: Sendable {
  /// Indices of groups, in their order.
  public private(set) var parts: [[Int]]
  /// In forwards.
  public private(set) var cost: Double

  /// - Parameters:
  ///   - limit: in forwards.
  ///   - byteLimit: of the tensors that are measured together, in their smallest precision.
  ///   - share: what a measurement of these groups costs, in forwards.
  public init(
    _ groups: [SearchGroup], limit: Double, byteLimit: Int, share: ([Int]) -> Double
  ) {
    var kinds: [[[Int]]] = []
    var places: [String: Int] = [:]
    for (index, group) in groups.enumerated() {
      let place = places[group.kind] ?? kinds.count
      places[group.kind] = place
      if place == kinds.count { kinds.append([]) }
      kinds[place].append([index])
    }
    func bytes(_ part: [Int]) -> Int { part.reduce(0) { $0 + groups[$1].options[0].byteCount } }
    func merged(_ parts: [[Int]]) -> [[Int]]? {
      guard parts.count > 1 else { return nil }
      let pairs = stride(from: 0, to: parts.count, by: 2).map {
        $0 + 1 < parts.count ? parts[$0] + parts[$0 + 1] : parts[$0]
      }
      return pairs.allSatisfy { bytes($0) <= byteLimit } ? pairs : nil
    }
    func cost(_ parts: [[Int]]) -> Double { parts.reduce(0) { $0 + share($1) } }
    var costs = kinds.map(cost)
    var closed: Set<Int> = []
    while costs.reduce(0, +) > limit {
      let open = kinds.indices.filter { !closed.contains($0) }
      guard let dearest = open.max(by: { (costs[$0], -$0) < (costs[$1], -$1) }) else { break }
      guard let pairs = merged(kinds[dearest]) else {
        closed.insert(dearest)
        continue
      }
      kinds[dearest] = pairs
      costs[dearest] = cost(pairs)
    }
    parts = kinds.flatMap { $0 }
    self.cost = costs.reduce(0, +)
  }

  /// What each group uses of the limits, from what its part was measured to use: in proportion to
  /// the weight errors.
  ///
  /// - Parameter measured: u_l^2 by part and limit.
  /// - Returns: by group and limit.
  public func shared(
    _ measured: [[Double]], among groups: [SearchGroup]
  ) -> [[Double]] {
    var squares = [[Double]](repeating: [], count: groups.count)
    for (part, used) in zip(parts, measured) {
      let errors = part.map { groups[$0].options[0].error }
      let sum = errors.reduce(0, +)
      for (group, error) in zip(part, errors) {
        let share = sum > 0 ? error / sum : 1 / Double(part.count)
        squares[group] = used.map { $0 * share }
      }
    }
    return squares
  }
}
