import DVLABundles
import DVLADiagnostics
import DVLAImages
import DVLAJSON
import DVLAModels
import DVLAObservations
import DVLAPipelines
import DVLARobots
import DVLATensorMath

extension ServedBundle {
  /// What is kept of an observation and its answer.
  ///
  /// - Throws: `observation.*` where the format has no place for a value.
  func recording(
    of observation: RobotObservation, noise: RequestNoise, _ action: ServedAction, time: String
  ) throws(WeightsError) -> RecordedObservation {
    let depth = zip(action.cameras, action.chunk.depth).map { camera, map in
      RecordedAnswer.Depth(camera: camera, values: map.values)
    }
    let origin = RecordedAnswer.Origin(
      root: bundle.root, release: release, family: bundle.documents.family,
      bf16: policy.products.bf16.rawValue, int8: policy.products.int8.rawValue,
      steps: options.sampling.steps ?? policy.configuration.action.steps,
      mask: (options.sampling.pattern ?? policy.configuration.pattern).rawValue,
      usesDepthExpert: policy.configuration.depth != nil, robot: robot.json.object,
      tool: "depthvla \(options.version)", time: time)
    return try RecordedObservation(
      cameras: observation.cameras.map {
        RecordedObservation.Camera(name: $0.name, picture: $0.picture)
      }, instruction: observation.instruction,
      state: RecordedObservation.Numbers(
        observation.state, isSingle: observation.isStateSingle),
      noise: noise.values, noiseSeed: noise.seed,
      source: JSONObject([("kind", "serve"), ("robot", .string(robot.name))]),
      versions: JSONObject([("depthvla", .string(options.version))]),
      answer: RecordedAnswer(
        actions: action.actions, modelActions: action.chunk.normalized, depth: depth,
        origin: origin))
  }
}
