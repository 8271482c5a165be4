import DVLATensors

/// Where a budget asks for less than another one.
public enum BudgetGap: Sendable, Hashable, CustomStringConvertible {
  /// Fewer observations are enough for it.
  case observations(Int, asked: Int)
  /// A gripper whose flips are limited is another one, or none.
  case gripper(Budget.Gripper)
  /// A limit of the other that none of its own implies, with its place there, from 0.
  case limit(BudgetLimit, index: Int)

  public var description: String {
    switch self {
    case .observations(let found, let asked):
      "expected at least \(asked) observations, found a budget that is content with \(found)"
    case .gripper(let gripper):
      "expected a gripper in dimension \(gripper.dimension) with the threshold "
        + "\(gripper.threshold.words), found none"
    case .limit(let limit, let index):
      "no limit of it implies limits[\(index)], \(limit.description)"
    }
  }
}

extension Budget {
  /// Whether whatever is within this budget is within the other one too.
  ///
  /// It may say no where a proof would need more than one limit, and says yes only where each limit
  /// of the other follows from a single one of this budget: of the same measure, of the same or of
  /// more numbers, and with the same or a tighter bound. ``BudgetLimit/implies(_:)`` gives the
  /// rules.
  public func isNoWeaker(than other: Budget) -> Bool { firstGap(under: other) == nil }

  /// The first thing that the other budget asks for and this one does not; nil where it is no
  /// weaker.
  public func firstGap(under other: Budget) -> BudgetGap? {
    if leastObservations < other.leastObservations {
      return .observations(leastObservations, asked: other.leastObservations)
    }
    for (index, limit) in other.limits.enumerated() {
      if limit.measure == .gripperFlips {
        for gripper in other.grippers
        where limit.dimension == nil || limit.dimension == gripper.dimension {
          guard grippers.contains(gripper) else { return .gripper(gripper) }
        }
      }
      guard limits.contains(where: { $0.implies(limit) }) else {
        return .limit(limit, index: index)
      }
    }
    return nil
  }
}

extension BudgetLimit {
  /// Whether whatever is within this limit is within the other one too.
  ///
  /// - A bound of the worst holds for every percentile and for the mean of the same numbers, and
  ///   for its bootstrap interval, whose ends are means of the same numbers drawn again. A
  ///   percentile holds for lower ones. A mean holds for nothing else.
  /// - Dimensions are judged one by one, so that a limit on all of them holds for each.
  /// - A limit on more steps holds for fewer of them where the largest value is taken or values
  ///   are counted; a root mean square of few steps can be larger than that of all.
  /// - A limit on more names holds for some of them: stages are judged one by one too. Of weights,
  ///   which are judged together, only that of the worst does: a mean or a percentile over others
  ///   says nothing of them.
  public func implies(_ other: BudgetLimit) -> Bool {
    measure == other.measure && other.admits(bound) && statistic.implies(other.statistic)
      && hasDimension(of: other) && hasSteps(of: other)
      && hasNames(of: other)
  }

  private func hasDimension(of other: BudgetLimit) -> Bool {
    dimension == nil || dimension == other.dimension
  }

  private func hasSteps(of other: BudgetLimit) -> Bool {
    if steps == other.steps { return true }
    guard measure.isWorseOfMoreSteps, let count = other.steps else { return false }
    return steps.map { $0 >= count } ?? true
  }

  private func hasNames(of other: BudgetLimit) -> Bool {
    if pattern == other.pattern { return true }
    guard statistic.isWorst || measure.subject == "stage" else { return false }
    guard let pattern else { return true }
    return other.pattern.map(pattern.covers) ?? pattern.covers(.everything)
  }
}

extension BudgetLimit.Statistic {
  /// Whether it is the worst of all: percentile 100 is.
  var isWorst: Bool {
    switch self {
    case .worst: true
    case .percentile(let value): value >= 100
    case .mean: false
    }
  }

  fileprivate func implies(_ other: Self) -> Bool {
    if isWorst { return true }
    switch (self, other) {
    case (.mean, .mean): return true
    case (.percentile(let own), .percentile(let asked)): return own >= asked
    default: return false
    }
  }
}
