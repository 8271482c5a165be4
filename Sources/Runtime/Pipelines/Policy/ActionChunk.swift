public import DVLAModels
public import DVLANormalization
public import DVLATensors

/// What a policy makes of one observation.
public struct ActionChunk: Sendable {
  /// [H, actionDim], as the model has them.
  public let normalized: Tensor
  /// The state as the model saw it: [1, stateDim].
  public let modelState: Tensor
  /// H actions in the robot's units, as wide as the statistics; without statistics the model's own
  /// numbers.
  public let actions: [[Double]]
  /// What the statistics did to the state; nil without any.
  public let stateNormalization: NormalizationMethod?
  /// What was undone with the statistics of actions; nil without any.
  public let actionNormalization: NormalizationMethod?
  /// Whether there were statistics of actions.
  public var isInRobotUnits: Bool { actionNormalization != nil }
  /// Whether there were statistics of states.
  public var isStateNormalized: Bool { stateNormalization != nil }
  /// Tokens of the prompt.
  public let tokenCount: Int
  /// What was done to state, prompt and actions, in words, in the order it was done.
  public let steps: [String]
  /// The depth of each picture, at its size; empty without a depth expert, or where depth was not
  /// asked for.
  public let depth: [DepthMap]
  /// What was done, and how long it took, in seconds, in the order it was done.
  public let timing: [PolicyTiming]
}

/// How long a part of the work took.
public struct PolicyTiming: Sendable, Hashable {
  public enum Part: Sendable, Hashable {
    /// Pictures, instruction and state to the model's inputs.
    case prepare
    /// A part of the forward.
    case forward(PolicyPhase)
  }

  public let part: Part
  public let seconds: Double
}
