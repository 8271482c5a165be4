public import DVLATensors

/// One limit of a budget: how far a statistic of a measure may go.
public struct BudgetLimit: Sendable, Hashable {
  /// How the numbers of all samples become one.
  public enum Statistic: Sendable, Hashable {
    /// Judged by the far end of its 95 % bootstrap interval.
    case mean
    /// The largest, or of a measure of which larger is better the smallest.
    case worst
    /// From 0 to 100, towards the worse: 95 leaves 5 % of the samples on the worse side.
    case percentile(Double)
  }

  public let measure: Measure
  public let statistic: Statistic
  /// The last value that passes.
  public let bound: Double
  /// Of actions: the only dimension that is judged; nil: each on its own, and the worst counts.
  public let dimension: Int?
  /// Of actions: how many of a chunk are judged, from the first on; nil: all.
  public let steps: Int?
  /// Of stages and weights: which; nil: all.
  public let pattern: DottedPattern?
  /// Why it is so, for people.
  public let why: String?

  public init(
    _ measure: Measure, _ statistic: Statistic, bound: Double, dimension: Int? = nil,
    steps: Int? = nil, pattern: DottedPattern? = nil, why: String? = nil
  ) {
    self.measure = measure
    self.statistic = statistic
    self.bound = bound
    self.dimension = dimension
    self.steps = steps
    self.pattern = pattern
    self.why = why
  }

  /// Whether a value is within the limit. NaN never is.
  public func admits(_ value: Double) -> Bool {
    measure.isLargerBetter ? value >= bound : value <= bound
  }
}
