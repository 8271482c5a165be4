/// What the drift of a combination is expected to be, from what each group was measured to cause
/// alone.
///
/// Quantization errors of different groups are nearly independent, so that the squares of what they
/// cause add up. A limit of a budget is *used* by the found value over the bound, u; of limit l
///
///     u_l^2 = c_l sum_g s_gl e_g(o) / e_g(0)
///
/// with s_gl the square of what group g uses of the limit when it alone is in its smallest
/// precision, e_g(o) the weight error of option o (``SearchOption/error``), and c_l a factor that
/// makes the sum right for a combination that was measured whole.
public struct DriftModel: Sendable {
  let groupsInOrder: [SearchGroup]
  /// By group and limit: s_gl.
  private let squares: [[Double]]
  /// By limit: c_l.
  private var factors: [Double]

  /// A measured combination moves a factor by this much at most: a limit that counts, such as
  /// flips of a gripper, jumps.
  private static let largestFactor = 64.0

  /// - Parameters:
  ///   - squares: s_gl by group and limit; a limit of which nothing was seen alone gets its part of
  ///     what the others say.
  ///   - limitCount: of the budget.
  public init(_ groups: [SearchGroup], squares: [[Double]], limitCount: Int) {
    precondition(squares.count == groups.count, "a measurement for each group")
    groupsInOrder = groups
    var squares = squares
    let sums = (0..<limitCount).map { limit in squares.reduce(0) { $0 + $1[limit] } }
    let seen = sums.indices.filter { sums[$0] > 0 && sums[$0].isFinite }
    for limit in 0..<limitCount where !seen.contains(limit) {
      for group in squares.indices {
        squares[group][limit] =
          seen.isEmpty
          ? 1 / Double(groups.count)
          : seen.reduce(0) { $0 + squares[group][$1] / sums[$1] } / Double(seen.count)
      }
    }
    self.squares = squares
    factors = [Double](repeating: 1, count: limitCount)
  }

  /// Sets the factors by what a combination was measured to use.
  ///
  /// - Parameter measured: u_l^2 by limit.
  public mutating func calibrate(_ choice: SearchChoice, measured: [Double]) {
    let predicted = used(choice)
    for limit in factors.indices
    where predicted[limit] > 0 && measured[limit] > 0 && measured[limit].isFinite {
      let ratio = measured[limit] / predicted[limit]
      factors[limit] *= min(max(ratio, 1 / Self.largestFactor), Self.largestFactor)
    }
  }

  /// u_l^2 of a combination, by limit.
  public func used(_ choice: SearchChoice) -> [Double] {
    var sums = [Double](repeating: 0, count: factors.count)
    for (group, option) in choice.enumerated() {
      for limit in sums.indices { sums[limit] += use(group, option, limit) }
    }
    return sums
  }

  /// What one group adds to u_l^2.
  func use(_ group: Int, _ option: Int, _ limit: Int) -> Double {
    let options = groupsInOrder[group].options
    guard options[0].error > 0 else { return 0 }
    return factors[limit] * squares[group][limit] * options[option].error / options[0].error
  }
}
