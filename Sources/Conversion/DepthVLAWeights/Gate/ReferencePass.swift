import DVLABundles
import DVLADiagnostics
import DVLADrift
import DVLAModels
import DVLATensors

/// The reference's part of a gate: what it computes is kept for the candidate.
struct ReferencePass {
  struct Result {
    var side = GateInputs.Side()
    var instructions: [String] = []
    /// Without the depth maps, which are in the temporary file.
    var outcomes: [ObservationOutcome] = []
    var deviations: [Double] = []
    var deviationOrigin = ""
  }

  let bundle: WeightBundle
  let inputs: GateInputs
  let spool: DriftSpool

  /// - Throws: as ``GateInputs``; `gate.not-finite`; what writing throws.
  func run(
    _ progress: (String, Int, Int) throws(WeightsError) -> Void
  ) throws(WeightsError) -> Result {
    var result = Result()
    result.side = try inputs.run(
      bundle, phase: "reference", progress,
      observe: { (stage, index) throws(WeightsError) in try spool.keep(stage, of: index) },
      acted: { (side, observation, index, outcome) throws(WeightsError) in
        for (camera, map) in zip(side.cameraNames(of: observation), outcome.depth) {
          try spool.keep(map, as: Self.depthName(index, camera))
        }
        var outcome = outcome
        outcome.depth = []
        result.outcomes.append(outcome)
        result.instructions.append(observation.instruction)
      },
      finished: { side in
        let actions = result.outcomes.flatMap { $0.actions.flatMap(\.self) }
        if let known = side.policy.actionDeviations {
          result.deviations = Array(known.prefix(actions[0].count))
          result.deviationOrigin = "the statistics of actions in training"
        } else {
          result.deviations = ActionDeviations.of(actions)
          result.deviationOrigin = "the reference's own actions over these observations"
        }
      })
    return result
  }

  /// Under which name the temporary file has a depth map.
  static func depthName(_ observation: Int, _ camera: String) -> String {
    "\(observation) depth of camera \(camera)"
  }
}
