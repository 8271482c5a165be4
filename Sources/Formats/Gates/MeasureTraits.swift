// What a measure can be, which decides what a budget may say of it.
extension Measure {
  /// The values that it can have.
  public var range: ClosedRange<Double> {
    switch self {
    case .actionMaximum, .actionRMS, .actionMaximumOfDeviation, .actionRMSOfDeviation,
      .gripperFlips, .depthAbsRel, .depthRMSE, .depthLogError, .depthEdgeAbsRel, .weightGain:
      0...(.infinity)
    case .depthDelta, .depthEdgeBreaks: 0...1
    case .stageCosine: -1...1
    // Of a loss that is not negative, as a share of another.
    case .flowLossRise: -1...(.infinity)
    case .demonstrationRise, .stageSQNR, .weightSQNR: -.infinity ... .infinity
    }
  }

  /// Whether each dimension of the actions has a number of its own, of any first part of a chunk.
  public var isOfDimensions: Bool {
    switch self {
    case .actionMaximum, .actionRMS, .actionMaximumOfDeviation, .actionRMSOfDeviation,
      .gripperFlips:
      true
    default: false
    }
  }

  /// Whether the number of a longer part of a chunk is never the better one. It is where values are
  /// counted or the largest is taken, and not where they are averaged.
  var isWorseOfMoreSteps: Bool {
    switch self {
    case .actionMaximum, .actionMaximumOfDeviation, .gripperFlips: true
    default: false
    }
  }

  /// Whether it is of one stage or one tensor, each of which has a name.
  public var isOfNames: Bool { subject == "stage" || subject == "weight" }

  /// The key of a limit in a document.
  var boundKey: String { isLargerBetter ? "at_least" : "at_most" }
}
