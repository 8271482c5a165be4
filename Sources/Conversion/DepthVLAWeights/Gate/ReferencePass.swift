import DVLABundles
import DVLADiagnostics
import DVLADrift
import DVLAModels
import DVLAObservations
import DVLAParity
import DVLATensors

/// What stays of a side of a gate when its model is gone.
struct GatedSide {
  /// How products with the weights were computed, in words.
  var products = ""
  var loadSeconds = 0.0
  var firstActionSeconds = 0.0
}

/// The reference's part of a gate: what it computes is kept for the candidate.
struct ReferencePass {
  struct Result {
    var side = GatedSide()
    var observations: [(file: String, instruction: String)] = []
    /// Without the depth maps, which are in the temporary file.
    var outcomes: [ObservationOutcome] = []
    var deviations: [Double] = []
    var deviationOrigin = ""
  }

  private let bundle: WeightBundle
  private let observations: ObservationFolder?
  private let goldens: [Golden]
  private let options: GateOptions
  private let spool: DriftSpool

  init(
    _ bundle: WeightBundle, _ observations: ObservationFolder?, _ goldens: [Golden],
    _ options: GateOptions, _ spool: DriftSpool
  ) {
    self.bundle = bundle
    self.observations = observations
    self.goldens = goldens
    self.options = options
    self.spool = spool
  }

  /// - Throws: as ``GatePass``; `gate.not-finite`; what writing throws.
  func run(
    _ progress: (String, Int, Int) throws(WeightsError) -> Void
  ) throws(WeightsError) -> Result {
    var result = Result()
    if let observations { try act(on: observations, &result, progress) }
    let first = result.observations.count
    try GoldenPass(bundle, goldens, options).run(phase: "reference", progress) {
      (stage, index) throws(WeightsError) in
      try spool.keep(stage, of: first + index)
    } loaded: {
      result.side.products = $0
    }
    return result
  }

  private func act(
    on folder: ObservationFolder, _ result: inout Result,
    _ progress: (String, Int, Int) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    let side = try GateSide(bundle, options: options)
    defer { side.policy.end() }
    let pass = GatePass(side: side, seedCount: options.seedCount)
    result.side.products = "\(side.policy.products)"
    result.side.loadSeconds = side.loadSeconds
    for index in folder.entries.indices {
      let observation = try folder.observation(at: index)
      var outcome = try pass.act(on: observation, of: folder, at: index, "reference", progress) {
        (stage) throws(WeightsError) in try spool.keep(stage, of: index)
      }
      if index == 0 { result.side.firstActionSeconds = outcome.firstActionSeconds }
      for (camera, map) in zip(side.cameraNames(of: observation), outcome.depth) {
        try spool.keep(map, as: Self.depthName(index, camera))
      }
      outcome.depth = []
      result.outcomes.append(outcome)
      result.observations.append((folder.entries[index].file, observation.instruction))
    }
    if let known = side.policy.actionDeviations {
      result.deviations = Array(known.prefix(result.outcomes[0].actions[0][0].count))
      result.deviationOrigin = "the statistics of actions in training"
    } else {
      result.deviations = ActionDeviations.of(
        result.outcomes.flatMap { $0.actions.flatMap(\.self) })
      result.deviationOrigin = "the reference's own actions over these observations"
    }
  }

  /// Under which name the temporary file has a depth map.
  static func depthName(_ observation: Int, _ camera: String) -> String {
    "\(observation) depth of camera \(camera)"
  }
}
