import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLAModels
import DVLAObservations
import DVLAParity

/// What both models of a gate run on, and how.
struct GateInputs {
  let observations: ObservationFolder?
  let goldens: [Golden]
  /// SHA-256 of their files.
  let goldenHashes: [Digest]
  let options: GateOptions

  /// What stays of a model when it is gone.
  struct Side {
    /// How products with the weights were computed, in words.
    var products = ""
    var loadSeconds = 0.0
    var firstActionSeconds = 0.0
  }

  /// - Throws: what reading the goldens throws.
  init(
    _ observations: ObservationFolder?, _ goldens: [Golden], _ options: GateOptions
  ) throws(WeightsError) {
    self.observations = observations
    self.goldens = goldens
    self.options = options
    goldenHashes = try goldens.map { (golden) throws(WeightsError) in
      try golden.file.file.sha256()
    }
  }

  /// The names of what is run, observations first.
  var names: [String] {
    (observations?.entries.map(\.file) ?? []) + goldens.map(\.path)
  }

  /// Runs a bundle over all observations, then over all goldens. The policy is in memory as long as
  /// it acts.
  ///
  /// - Parameters:
  ///   - phase: for the progress.
  ///   - observe: called with every stage that is compared, and its place among ``names``.
  ///   - acted: called with what an observation gave. Its errors name the file of the observation.
  ///   - finished: called when all observations are done, before the policy is gone.
  /// - Throws: `gate.cameras`, `gate.noise`; `golden.*`, `model.*`; as `RobotPolicy`; what reading
  ///   and the closures throw.
  func run(
    _ bundle: WeightBundle, phase: String,
    _ progress: (String, Int, Int) throws(WeightsError) -> Void,
    observe: @escaping (Stage, Int) throws(WeightsError) -> Void,
    acted: (
      GateSide, RecordedObservation, Int, ObservationOutcome
    ) throws(WeightsError) -> Void,
    finished: (GateSide) -> Void = { _ in }
  ) throws(WeightsError) -> Side {
    var result = Side()
    if let folder = observations {
      let side = try GateSide(bundle, options: options)
      defer { side.policy.end() }
      let pass = GatePass(side: side, seedCount: options.seedCount)
      let total = folder.entries.count
      result.products = "\(side.policy.products)"
      result.loadSeconds = side.loadSeconds
      for index in 0..<total {
        let observation = try folder.observation(at: index)
        try inFile(folder.path(at: index)) { () throws(WeightsError) in
          let outcome = try pass.act(
            on: observation, at: index,
            observe: { (stage) throws(WeightsError) in try observe(stage, index) },
            finished: { () throws(WeightsError) in try progress(phase, index, total) })
          if index == 0 { result.firstActionSeconds = outcome.firstActionSeconds }
          try acted(side, observation, index, outcome)
        }
        try progress(phase, index + 1, total)
      }
      finished(side)
    }
    let first = observations?.entries.count ?? 0
    let products = try GoldenPass(bundle, goldens, options).run(phase: phase, progress) {
      (stage, index) throws(WeightsError) in try observe(stage, first + index)
    }
    if let products { result.products = products }
    return result
  }
}
