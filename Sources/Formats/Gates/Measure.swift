/// What a gate measures between a reference and a candidate. Each gives numbers that are the same
/// where nothing differs: 0, but for those of which larger is better.
///
/// The page Gate of the documentation gives the formulas.
public enum Measure: String, CaseIterable, Sendable, Hashable {
  /// max |c - r| over the actions of a chunk, in the robot's units; one number for each dimension.
  case actionMaximum = "action.max"
  /// sqrt(mean (c - r)^2) over the actions of a chunk; one number for each dimension.
  case actionRMS = "action.rms"
  /// ``actionMaximum`` as a share of the standard deviation of the dimension.
  case actionMaximumOfDeviation = "action.max_of_std"
  /// ``actionRMS`` as a share of the standard deviation of the dimension.
  case actionRMSOfDeviation = "action.rms_of_std"
  /// Actions of a chunk in which a gripper is on the other side of its threshold.
  case gripperFlips = "action.gripper_flips"
  /// By how much the mean |action - demonstration| is larger than the reference's, in standard
  /// deviations of the dimensions.
  case demonstrationRise = "action.l1_rise"
  /// By how much the flow-matching loss on the demonstrated actions is larger than the reference's,
  /// as a share of the reference's.
  case flowLossRise = "action.flow_loss_rise"
  /// mean |c - r| / r over the pixels of a depth map.
  case depthAbsRel = "depth.abs_rel"
  /// sqrt(mean (c - r)^2) over the pixels, in the unit of the depth.
  case depthRMSE = "depth.rmse"
  /// sqrt(mean g^2 - mean(g)^2), g = log c - log r: the error that no factor explains.
  case depthLogError = "depth.silog"
  /// The share of pixels with max(c / r, r / c) < 1.25. Larger is better.
  case depthDelta = "depth.delta_1_25"
  /// ``depthAbsRel`` over the pixels at edges of the reference's depth.
  case depthEdgeAbsRel = "depth.edge_abs_rel"
  /// The share of edges of the reference's depth that the candidate has with less than half or more
  /// than twice the step.
  case depthEdgeBreaks = "depth.edge_breaks"
  /// 10 log10(sum r^2 / sum (c - r)^2) of a stage, in dB. Larger is better.
  case stageSQNR = "stage.sqnr_db"
  /// The cosine of a stage. Larger is better.
  case stageCosine = "stage.cosine"
  /// The SQNR of a tensor's weights, in dB. Larger is better.
  case weightSQNR = "weight.sqnr_db"
  /// |sum c r / sum r^2 - 1| of a tensor's weights: by how much it is scaled as a whole.
  case weightGain = "weight.gain_error"

  /// Whether more of it is better, so that a budget gives the least and not the most.
  public var isLargerBetter: Bool {
    switch self {
    case .depthDelta, .stageSQNR, .stageCosine, .weightSQNR: true
    default: false
    }
  }

  /// Which part of a model it is about: `action`, `depth`, `stage` or `weight`.
  public var subject: String { String(rawValue.prefix { $0 != "." }) }
}
