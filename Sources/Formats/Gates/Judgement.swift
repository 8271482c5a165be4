/// What was found of one limit of a budget.
public struct Judgement: Sendable, Hashable {
  public struct Interval: Sendable, Hashable {
    public let low, high: Double

    public init(low: Double, high: Double) {
      self.low = low
      self.high = high
    }
  }

  public let limit: BudgetLimit
  /// The statistic over all samples.
  public let found: Double
  /// Of a mean: its 95 % bootstrap interval, of which the worse end is judged.
  public let interval: Interval?
  /// How many samples there were.
  public let sampleCount: Int
  /// The worst sample in words, such as `000003.safetensors, seed 1, dimension 6`.
  public let place: String

  public init(
    limit: BudgetLimit, found: Double, interval: Interval?, sampleCount: Int, place: String
  ) {
    self.limit = limit
    self.found = found
    self.interval = interval
    self.sampleCount = sampleCount
    self.place = place
  }

  /// What is compared with the limit.
  public var judged: Double {
    guard let interval else { return found }
    return limit.measure.isLargerBetter ? interval.low : interval.high
  }

  public var passed: Bool { limit.admits(judged) }
}

extension Judgement {
  /// What was found against the limit, such as `worst weight.gain_error: at most 0.002, found 0.01
  /// at vlm.layers.3`.
  public var failure: String { "\(limit), found \(judged.words) at \(place)" }
}
