import DVLADiagnostics
import DVLAImages
import DVLAJSON
import DVLAModels
import DVLANumPyMessages
import DVLAObservations
import DVLAPipelines
import DVLARobots
import DVLATensors

/// What a policy did on an observation.
struct ServedAction {
  /// H actions in the robot's units, as wide as the robot's.
  let actions: [[Double]]
  let chunk: ActionChunk
  /// The cameras of the observation, whose order the chunk's depth has.
  let cameras: [String]

  /// The time of the forward.
  var forward: Duration {
    chunk.timing.reduce(.zero) { sum, part in
      guard case .forward = part.part else { return sum }
      return sum + .seconds(part.seconds)
    }
  }

  /// The answer to the client.
  ///
  /// - Parameter duration: of the work before the answer is encoded.
  func message(
    noise: RequestNoise, _ wishes: RequestWishes, inferring duration: Duration,
    previousTotal: Duration?, root: String
  ) -> NumPyValue {
    let width = actions.first?.count ?? 0
    var message: NumPyMap = [
      "actions": .array(NumPyArray(actions.flatMap(\.self), shape: [actions.count, width])),
      "policy_timing": .map(["infer_ms": .number(forward.milliseconds)]),
    ]
    if wishes.depth {
      var depth = NumPyMap()
      for (camera, map) in zip(cameras, chunk.depth) {
        depth.append(
          camera, .array(NumPyArray(map.values.values, shape: map.values.shape.dimensions)))
      }
      message.append("depth", .map(depth))
    }
    if wishes.isGiven {
      var computed: NumPyMap = ["root": .text(root)]
      if let seed = noise.seed {
        computed.append("seed", Int64(exactly: seed).map { .integer($0) } ?? .unsigned(seed))
      }
      message.append(RequestWishes.key, .map(computed))
    }
    var timing: NumPyMap = ["infer_ms": .number(duration.milliseconds)]
    if let previousTotal {
      timing.append("prev_total_ms", .number(previousTotal.milliseconds))
    }
    message.append("server_timing", .map(timing))
    return .map(message)
  }
}

extension Duration {
  fileprivate var milliseconds: Double { self / .milliseconds(1) }
}

extension ServedBundle {
  /// - Throws: `serve.no-depth` where depth is asked of a policy without it; `serve.gone`,
  ///   `serve.timeout`; what acting throws.
  func act(
    on observation: RobotObservation, noise: Tensor, wantsDepth: Bool,
    while request: ServiceRequest
  ) throws(WeightsError) -> ServedAction {
    guard !wantsDepth || policy.configuration.depth != nil else {
      throw WeightsError(.serveNoDepth, "the policy that is served computes no depth")
    }
    var sampling = options.sampling
    sampling.wantsDepth = wantsDepth
    let chunk = try policy.act(
      on: observation.cameras.map(\.picture), instruction: observation.instruction,
      state: policy.filledState(observation.state), noise: noise, options: sampling,
      finished: { (_) throws(WeightsError) in try request.checkIsWanted() },
      proceed: { () throws(WeightsError) in try request.checkIsWanted() })
    return ServedAction(
      actions: try robot.actions(chunk.actions), chunk: chunk,
      cameras: observation.cameras.map(\.name))
  }
}

extension WeightsError.Code {
  /// Depth is asked of a policy that computes none.
  static let serveNoDepth = Self("serve.no-depth")
}
