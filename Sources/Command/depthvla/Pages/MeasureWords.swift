import DVLADrift
import DVLAGates
import DVLAPages
import DVLATensors

extension Measure {
  /// As a line of a table names it.
  var title: String {
    switch self {
    case .actionMaximum: "Largest action error"
    case .actionRMS: "RMS action error"
    case .actionMaximumOfDeviation: "Largest action error in std"
    case .actionRMSOfDeviation: "RMS action error in std"
    case .gripperFlips: "Gripper flips"
    case .demonstrationRise: "Rise of the error on demonstrations"
    case .flowLossRise: "Rise of the flow loss"
    case .depthAbsRel: "Relative depth error"
    case .depthRMSE: "RMS depth error"
    case .depthLogError: "Depth error beyond scale"
    case .depthDelta: "Depth within 25\u{A0}%"
    case .depthEdgeAbsRel: "Relative depth error at edges"
    case .depthEdgeBreaks: "Broken depth edges"
    case .stageSQNR: "SQNR of a stage"
    case .stageCosine: "Cosine of a stage"
    case .weightSQNR: "SQNR of a tensor"
    case .weightGain: "Scale of a tensor"
    }
  }

  /// What it is, in a sentence for readers who never met it.
  var explanation: String {
    switch self {
    case .actionMaximum:
      "The furthest that one number of an action is from the reference's, in the robot's units."
    case .actionRMS:
      "The typical distance of actions from the reference's over a chunk, in the robot's units."
    case .actionMaximumOfDeviation:
      "The furthest that one number of an action is from the reference's, in standard "
        + "deviations (std): how much that number varies in the training data."
    case .actionRMSOfDeviation:
      "The typical distance of actions from the reference's, in standard deviations (std): how "
        + "much each number varies in the training data."
    case .gripperFlips:
      "How many actions of a chunk open the gripper where the reference closes it, or the reverse."
    case .demonstrationRise:
      "How much further from the demonstrated actions the candidate is than the reference."
    case .flowLossRise:
      "How much larger the training loss on the demonstrated actions is than the reference's."
    case .depthAbsRel: "The mean error of a depth map, as a share of the depth."
    case .depthRMSE: "The typical error of a depth map, in the unit of the depth."
    case .depthLogError: "The error of a depth map that no common factor explains."
    case .depthDelta: "The share of pixels whose depth is within 25 % of the reference's."
    case .depthEdgeAbsRel: "The mean relative error of depth at the edges of things."
    case .depthEdgeBreaks:
      "The share of depth edges that became less than half or more than twice as high."
    case .stageSQNR:
      "How much larger the numbers inside the model are than their error; 20 dB is an error of a "
        + "tenth, 40 dB of a hundredth."
    case .stageCosine:
      "Whether the numbers inside the model still point the same way; 1 is exactly so."
    case .weightSQNR:
      "How much larger a tensor's weights are than their error; 40 dB is an error of a hundredth."
    case .weightGain: "By how much a tensor is too large or too small as a whole."
    }
  }

  /// After a number; empty for counts, the robot's units and those of depth.
  private var unit: String {
    switch self {
    case .stageSQNR, .weightSQNR: "dB"
    case .actionMaximumOfDeviation, .actionRMSOfDeviation, .demonstrationRise: "std"
    case .flowLossRise, .depthAbsRel, .depthDelta, .depthEdgeAbsRel, .depthEdgeBreaks, .weightGain:
      "%"
    default: ""
    }
  }

  /// A value with its unit, not to be parted at the end of a line.
  ///
  /// - Parameter others: what the words must not be those of, unless it is the value.
  func words(_ value: Double, apartFrom others: [Double] = []) -> String {
    // What the SQNR of equal numbers is cut to.
    if unit == "dB", value >= DriftSums.greatestSQNR { return "no difference" }
    let factor: Double = unit == "%" ? 100 : 1
    let text = Digits.three(value * factor, apartFrom: others.map { $0 * factor })
    return unit.isEmpty || !value.isFinite ? text : "\(text)\u{A0}\(unit)"
  }
}

extension BudgetLimit {
  /// Measure and statistic: `Gripper flips, worst sample`.
  var title: String { "\(measure.title), \(statisticWords)" }

  /// `worst sample`, `mean of the depth maps`.
  var statisticWords: String {
    let things =
      switch measure.subject {
      case "weight": ("tensor", "tensors")
      case "stage": ("stage", "stages")
      case "depth": ("depth map", "depth maps")
      default: ("sample", "samples")
      }
    switch statistic {
    case .mean: return "mean of the \(things.1)"
    case .worst: return "worst \(things.0)"
    case .percentile(let share):
      return "\(Digits.ordinal(share)) percentile of the \(things.1)"
    }
  }

  /// What part of a sample it judges; nil for all.
  var scope: String? {
    var parts: [String] = []
    if let dimension { parts.append("dimension \(dimension)") }
    if let steps { parts.append(steps == 1 ? "the first action" : "the first \(steps) actions") }
    if let pattern { parts.append(pattern.text) }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// `at most 0.1 std`.
  var allowance: String {
    "\(measure.isLargerBetter ? "at least" : "at most") \(measure.words(bound))"
  }
}

extension Judgement {
  /// A value of it, in so many digits that it is not mistaken for its limit, nor for what no
  /// difference gives.
  func words(_ value: Double) -> String {
    let others = [limit.bound, limit.measure.isLargerBetter ? 1 : 0]
    return limit.measure.words(value, apartFrom: others)
  }

  /// The number that was judged, and for a mean what it was judged by.
  var foundWords: String {
    guard interval != nil else { return words(found) }
    return "\(words(found)), and \(words(judged)) at the worse end of its 95 % interval"
  }

  /// What the place is: `Worst sample`, `Worst tensor`.
  var placeTitle: String {
    switch limit.measure.subject {
    case "weight": "Worst tensor"
    case "stage": "Worst stage"
    case "depth": "Worst depth map"
    default: "Worst sample"
    }
  }

  /// How much of what is allowed was used, 1 being all of it: for the order of those that hold.
  var loading: Double {
    let (value, bound) = (judged, limit.bound)
    switch limit.measure {
    case .depthDelta, .stageCosine: return bound < 1 ? (1 - value) / (1 - bound) : 0
    case .stageSQNR, .weightSQNR: return bound <= 0 ? 0 : value > 0 ? bound / value : .infinity
    default: return bound > 0 ? max(value, 0) / bound : 0
    }
  }

  /// By how much a broken limit is broken.
  var excess: String {
    let (value, bound) = (judged, limit.bound)
    if value.isNaN { return "no number at all" }
    if limit.measure.isLargerBetter { return "\(limit.measure.words(bound - value)) too little" }
    guard bound > 0 else { return "\(limit.measure.words(value - bound)) more than allowed" }
    let ratio = value / bound
    return ratio < 2
      ? "\(Digits.significant((ratio - 1) * 100, 2)) % more than allowed"
      : "\(Digits.significant(ratio, 2)) times what is allowed"
  }
}
