public import DVLAModels
public import DVLANormalization
public import DVLATensors

/// A policy's answer to one observation.
public struct ActionChunk: Sendable {
  /// [H, actionDim], in the model's units.
  public let normalized: Tensor
  /// The state as the model saw it: [1, stateDim].
  public let modelState: Tensor
  /// H actions in the robot's units, as wide as the statistics; without statistics the model's own
  /// numbers.
  public let actions: [[Double]]
  /// How the state was normalised; nil without statistics.
  public let stateNormalization: NormalizationMethod?
  /// The normalisation of actions that was undone; nil without statistics.
  public let actionNormalization: NormalizationMethod?
  /// Whether there were statistics of actions.
  public var isInRobotUnits: Bool { actionNormalization != nil }
  /// Whether there were statistics of states.
  public var isStateNormalized: Bool { stateNormalization != nil }
  /// Tokens of the prompt.
  public let tokenCount: Int
  /// The processing of state, prompt and actions, in words, in order.
  public let steps: [String]
  /// The depth of each picture, at its size; empty without a depth expert, or where depth was not
  /// asked for.
  public let depth: [DepthMap]
  /// The parts of the work and their durations, in order.
  public let timing: [PolicyTiming]
}

/// The duration of a part of the work, in seconds.
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
