import DVLADiagnostics
import DVLAJSON

// What limits of one budget must not say together.
extension Budget {
  /// - Parameters:
  ///   - reader: the limit's place in the document.
  ///   - earlier: the limits before it.
  /// - Throws: `budget.gripper`, `budget.duplicate`, `budget.contradiction`.
  static func check(
    _ limit: BudgetLimit, at reader: JSONReader, among earlier: [BudgetLimit],
    of list: JSONReader, grippers: [Gripper]
  ) throws(WeightsError) {
    if limit.measure == .gripperFlips {
      try checkGrippers(limit, at: reader, grippers: grippers)
    }
    for (index, other) in earlier.enumerated() {
      if other.hasSubject(of: limit) {
        throw reader.failure(
          .budgetDuplicate,
          "\(limit.subjectWords) is limited by \(list.path)[\(index)] already, to "
            + "\(other.bound.words); found \(limit.bound.words)")
      }
      let (tight, loose) = limit.implies(other) ? (limit, other) : (other, limit)
      guard tight.implies(loose), tight.bound != loose.bound else { continue }
      throw reader.failure(
        .budgetContradiction,
        "\(loose.description.quoted) can never be what breaks, since \(tight.description.quoted) "
          + "breaks before it; \(list.path)[\(index)] is the other of the two")
    }
  }

  private static func checkGrippers(
    _ limit: BudgetLimit, at reader: JSONReader, grippers: [Gripper]
  ) throws(WeightsError) {
    guard !grippers.isEmpty else {
      throw reader.failure(
        .budgetGripper,
        "a limit on flips of a gripper, but the budget has no \"grippers\"")
    }
    guard let dimension = limit.dimension else { return }
    guard grippers.contains(where: { $0.dimension == dimension }) else {
      throw reader.failure(
        .budgetGripper,
        "a limit on flips of dimension \(dimension), but \"grippers\" has only "
          + grippers.map { "\($0.dimension)" }.joined(separator: ", "))
    }
  }
}

extension BudgetLimit {
  /// Whether both limit the same statistic of the same numbers.
  func hasSubject(of other: BudgetLimit) -> Bool {
    measure == other.measure && statistic == other.statistic && dimension == other.dimension
      && steps == other.steps && pattern == other.pattern
  }
}
