public import DVLADiagnostics
import DVLAImages
import DVLAJSON
public import DVLAModels
public import DVLAObservations
import DVLARobots
import DVLATensors

/// Runs recorded observations again on a policy, as the server does: pictures, instruction, state
/// and noise as recorded, with the steps and the mask of the answer, and what the recorded robot
/// does with the actions.
public struct PolicyReplay: Sendable {
  private let policy: RobotPolicy
  /// Whether keys and values are kept from step to step. The numbers are the same.
  public var keepsPrefix = true

  public init(_ policy: RobotPolicy) { self.policy = policy }

  public struct Outcome: Sendable {
    public let chunk: ActionChunk
    /// H actions as they went, or would go, to the robot.
    public let actions: [[Double]]
    /// Nil where no answer was recorded.
    public let comparison: AnswerComparison?
  }

  /// How often ``run(_:finished:)`` calls `finished` for the observation.
  public func partCount(_ observation: RecordedObservation) -> Int {
    policy.partCount(sampling(observation))
  }

  private func sampling(_ observation: RecordedObservation) -> SamplingOptions {
    var sampling = SamplingOptions()
    sampling.keepsPrefix = keepsPrefix
    sampling.wantsDepth = false
    guard let answer = observation.answer else { return sampling }
    sampling.steps = answer.origin.steps
    sampling.pattern = AttentionPattern(rawValue: answer.origin.mask)
    sampling.wantsDepth = !answer.depth.isEmpty
    return sampling
  }

  /// Acts on an observation, and compares with its answer, if it has one.
  ///
  /// - Parameter finished: called when a part of the forward is done. What it throws ends it.
  /// - Throws: `replay.shape` where the policy has another horizon or width of actions than was
  ///   recorded, or computes no depth where some was; `robot.*` for a robot that the answer names;
  ///   as ``RobotPolicy/act(on:instruction:state:noise:options:finished:proceed:)``.
  public func run(
    _ observation: RecordedObservation,
    finished: (PolicyPhase) throws(WeightsError) -> Void = { _ in }
  ) throws(WeightsError) -> Outcome {
    guard observation.noise.shape == policy.noiseShape else {
      throw WeightsError(
        .replayShape,
        "noise: expected \(policy.noiseShape), the horizon and the width of an action of the policy, "
          + "found \(observation.noise.shape)")
    }
    let answer = observation.answer
    let robot = try answer?.origin.robot.map { (json) throws(WeightsError) in
      try Robot(.object(json))
    }
    let chunk = try policy.act(
      on: observation.cameras.map(\.picture), instruction: observation.instruction,
      state: policy.filledState(observation.state.values), noise: observation.noise,
      options: sampling(observation), finished: finished)
    let actions = try robot?.actions(chunk.actions) ?? chunk.actions
    let cameras = observation.cameras.map(\.name)
    return Outcome(
      chunk: chunk, actions: actions,
      comparison: try answer.map { (answer) throws(WeightsError) in
        try AnswerComparison(actions, chunk, cameras: cameras, with: answer)
      })
  }
}
