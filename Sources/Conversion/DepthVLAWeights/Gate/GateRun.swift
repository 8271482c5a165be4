public import DVLABundles
public import DVLADiagnostics
import DVLADrift
import DVLAFamilies
import DVLAFiles
import DVLAGates
import DVLAHashing
import DVLAModels
public import DVLAObservations
import DVLATensors

/// A gate: a reference and a candidate, both run over the same observations from the same noises.
///
/// The reference runs first; what is compared later waits in a temporary file, so that one model is
/// in memory at a time.
public struct GateRun {
  private let reference: WeightBundle
  private let candidate: WeightBundle
  private let observations: ObservationFolder
  private let options: GateOptions
  /// How the report calls the reference.
  private let referencePath: String

  /// - Parameter referencePath: how the report calls the reference: where checkpoints were
  ///   converted for the gate, those.
  /// - Throws: `gate.family` for two families, and for one that does not act; `gate.larger` for a
  ///   candidate that holds more bytes; `gate.too-few` observations for a verdict.
  public init(
    candidate: WeightBundle, against reference: WeightBundle, referencePath: String? = nil,
    observations: ObservationFolder, options: GateOptions
  ) throws(WeightsError) {
    self.reference = reference
    self.candidate = candidate
    self.observations = observations
    self.options = options
    self.referencePath = referencePath ?? reference.path
    let (ours, theirs) = (candidate.documents.family, reference.documents.family)
    guard ours == theirs else {
      throw WeightsError(
        .gateFamily, .usage, file: candidate.path,
        "is a \(ours) bundle; the reference \(self.referencePath) is of the family \(theirs)")
    }
    guard Family.isPolicy(ours) else {
      throw WeightsError(
        .gateFamily, .usage, file: candidate.path,
        "expected a policy (\(Family.list(Family.policies))), found \(ours.quoted)")
    }
    let (size, limit) = (candidate.tensorByteCount, reference.tensorByteCount)
    guard size <= limit else {
      throw WeightsError(
        .gateLarger, .usage, file: candidate.path,
        "its weights take \(size) bytes, those of the reference \(self.referencePath) only "
          + "\(limit): are the two exchanged?")
    }
    let count = observations.entries.count
    guard count >= options.budget.leastObservations else {
      throw WeightsError(
        .gateTooFew, .usage, file: observations.path,
        "holds \(count) observations; the budget gives no verdict on fewer than "
          + "\(options.budget.leastObservations)")
    }
  }

  /// Runs both models and judges.
  ///
  /// - Parameter progress: called with the parts of the work that are done, and of how many.
  /// - Throws: `gate.*`; what reading, loading and computing throw.
  public func run(
    progress: (_ phase: String, _ done: Int, _ total: Int) throws(WeightsError) -> Void
  ) throws(WeightsError) -> GateReport {
    let weights = try WeightComparison(
      reference: reference, candidate: candidate, threads: options.threads
    ) { (done, total) throws(WeightsError) in try progress("weights", done, total) }
    let spool = try DriftSpool(in: options.workFolder)
    let first = try runReference(spool, progress)
    let second = try runCandidate(spool, first, progress)
    let budget = try judgedBudget()
    let judge = GateJudge(
      budget: budget, files: observations.entries.map(\.file), samples: second.samples,
      depth: second.depthDrifts, stages: second.stages, weights: weights.drifts)
    let judgements = try judge.judgements()
    let causes = GateCauses(
      reference: reference, candidate: candidate, weights: weights.drifts, stages: second.stages)
    return GateReport(
      candidate: try subject(candidate, path: candidate.path, second.side),
      reference: try subject(reference, path: referencePath, first.side),
      budget: budget, budgetPath: options.budgetPath ?? "built in",
      budgetDigest: budget.digest.hex, observationsPath: observations.path,
      observationsDigest: observations.digest.hex, observations: first.observations,
      seedCount: options.seedCount, deviationOrigin: first.deviationOrigin,
      judgements: judgements,
      inapplicable: options.budget.limits.filter { !budget.limits.contains($0) },
      causes: try causes.all(), samples: second.samples, depth: second.depth,
      stages: second.stages, firstDrift: StageDrift.first(of: second.stages)?.name,
      depthDrifts: second.depthDrifts,
      weights: weights.drifts.filter(\.differs).sorted { ($0.sqnr, $0.name) < ($1.sqnr, $1.name) },
      equalTensorCount: weights.drifts.count { !$0.differs }, goldens: [])
  }

  /// The budget without limits on depth, where the models compute none.
  ///
  /// - Throws: `gate.unmeasured` where nothing is left.
  private func judgedBudget() throws(WeightsError) -> Budget {
    let budget = options.budget
    guard !Family.hasDepthExpert(candidate.documents.family) else { return budget }
    let limits = budget.limits.filter { $0.measure.subject != "depth" }
    guard !limits.isEmpty else {
      throw WeightsError(
        .gateUnmeasured, .usage, file: candidate.path,
        "the budget limits depth alone, and a \(candidate.documents.family) model computes none")
    }
    return Budget(
      leastObservations: budget.leastObservations, grippers: budget.grippers, limits: limits)
  }

  // MARK: The reference

  /// What stays of a side when its model is gone.
  private struct SideRecord {
    let products: String
    let loadSeconds: Double
    let firstActionSeconds: Double
  }

  private struct ReferenceResult {
    var side: SideRecord
    var observations: [(file: String, instruction: String)] = []
    /// Without the depth maps, which are in the temporary file.
    var outcomes: [ObservationOutcome] = []
    var deviations: [Double] = []
    var deviationOrigin = ""
  }

  private func runReference(
    _ spool: DriftSpool,
    _ progress: (String, Int, Int) throws(WeightsError) -> Void
  ) throws(WeightsError) -> ReferenceResult {
    let side = try GateSide(reference, options: options)
    let pass = GatePass(side: side, seedCount: options.seedCount)
    var result = ReferenceResult(
      side: SideRecord(products: "", loadSeconds: 0, firstActionSeconds: 0))
    var firstAction = 0.0
    for index in observations.entries.indices {
      let observation = try observations.observation(at: index)
      let start = ContinuousClock.now
      var outcome = try act(pass, observation, index, "reference", progress) {
        (stage) throws(WeightsError) in try spool.keep(stage, of: index)
      }
      if index == 0 {
        firstAction = (ContinuousClock.now - start) / .seconds(1) / Double(options.seedCount)
      }
      for (camera, map) in outcome.depth.enumerated() {
        try spool.keep(map, as: Self.depthName(index, camera))
      }
      outcome.depth = []
      result.outcomes.append(outcome)
      result.observations.append((observations.entries[index].file, observation.instruction))
    }
    if let known = side.policy.actionDeviations {
      let width = result.outcomes[0].actions[0][0].count
      result.deviations = Array(known.prefix(width))
      result.deviationOrigin = "the statistics of actions in training"
    } else {
      result.deviations = ActionDeviations.of(
        result.outcomes.flatMap { $0.actions.flatMap(\.self) })
      result.deviationOrigin = "the reference's own actions over these observations"
    }
    result.side = SideRecord(
      products: "\(side.policy.products)", loadSeconds: side.loadSeconds,
      firstActionSeconds: firstAction)
    side.policy.end()
    return result
  }

  private static func depthName(_ observation: Int, _ camera: Int) -> String {
    "\(observation) depth of camera \(camera)"
  }

  private func act(
    _ pass: GatePass, _ observation: RecordedObservation, _ index: Int, _ phase: String,
    _ progress: (String, Int, Int) throws(WeightsError) -> Void,
    observe: @escaping (Stage) throws(WeightsError) -> Void
  ) throws(WeightsError) -> ObservationOutcome {
    let total = observations.entries.count
    let outcome = try inFile(observations.path(at: index)) { () throws(WeightsError) in
      try pass.act(on: observation, at: index, observe: observe) { () throws(WeightsError) in
        try progress(phase, index, total)
      }
    }
    try progress(phase, index + 1, total)
    return outcome
  }

  // MARK: The candidate

  private struct CandidateResult {
    var side: SideRecord
    var samples: [GateReport.Sample] = []
    var depth: [GateReport.DepthSample] = []
    var depthDrifts: [(observation: Int, camera: String, drift: DepthDrift)] = []
    var stages: [StageDrift] = []
  }

  /// Depth maps that are kept for the page.
  private static let shownDepthCount = 4

  private func runCandidate(
    _ spool: DriftSpool, _ first: ReferenceResult,
    _ progress: (String, Int, Int) throws(WeightsError) -> Void
  ) throws(WeightsError) -> CandidateResult {
    let side = try GateSide(candidate, options: options)
    let pass = GatePass(side: side, seedCount: options.seedCount)
    let stages = GateStages(spool)
    var result = CandidateResult(
      side: SideRecord(products: "", loadSeconds: 0, firstActionSeconds: 0))
    var firstAction = 0.0
    for index in observations.entries.indices {
      let observation = try observations.observation(at: index)
      let start = ContinuousClock.now
      let outcome = try act(pass, observation, index, "candidate", progress) {
        (stage) throws(WeightsError) in try stages.compare(stage, of: index)
      }
      if index == 0 {
        firstAction = (ContinuousClock.now - start) / .seconds(1) / Double(options.seedCount)
      }
      for seed in 0..<options.seedCount {
        result.samples.append(
          try sample(
            index, seed, first.outcomes[index], outcome, observation, first.deviations))
      }
      try addDepth(outcome, observation, index, side, spool, to: &result)
    }
    result.stages = stages.drifts
    result.side = SideRecord(
      products: "\(side.policy.products)", loadSeconds: side.loadSeconds,
      firstActionSeconds: firstAction)
    side.policy.end()
    return result
  }

  private func sample(
    _ index: Int, _ seed: Int, _ first: ObservationOutcome, _ second: ObservationOutcome,
    _ observation: RecordedObservation, _ deviations: [Double]
  ) throws(WeightsError) -> GateReport.Sample {
    let (reference, candidate) = (first.actions[seed], second.actions[seed])
    guard reference.count == candidate.count, reference[0].count == candidate[0].count else {
      throw WeightsError(
        .gateStage, file: candidate.isEmpty ? nil : self.candidate.path,
        "gives \(candidate.count) actions of \(candidate[0].count) values, the reference "
          + "\(reference.count) of \(reference[0].count)")
    }
    let width = deviations.count
    if let gripper = options.budget.grippers.first(where: { $0.dimension >= width }) {
      throw WeightsError(
        .gateUnmeasured, .usage,
        "the budget has a gripper in dimension \(gripper.dimension) of actions, which have "
          + "\(width): 0 to \(width - 1)")
    }
    let demonstrated = observation.demonstratedRows.flatMap { rows in
      rows.first?.count == width ? rows : nil
    }
    var l1: GateReport.ModelPair?
    if let demonstrated,
      let ofReference = DemonstrationError.l1(
        reference, demonstrated: demonstrated, deviations: deviations),
      let ofCandidate = DemonstrationError.l1(
        candidate, demonstrated: demonstrated, deviations: deviations)
    {
      l1 = GateReport.ModelPair(reference: ofReference, candidate: ofCandidate)
    }
    var flow: GateReport.ModelPair?
    if let ofReference = first.flowLoss[seed], let ofCandidate = second.flowLoss[seed] {
      flow = GateReport.ModelPair(reference: ofReference, candidate: ofCandidate)
    }
    return GateReport.Sample(
      observation: index, seed: seed, reference: reference, candidate: candidate,
      demonstrated: demonstrated,
      drift: ActionDrift(
        reference: reference, candidate: candidate, deviations: deviations,
        grippers: options.budget.grippers.map { ($0.dimension, $0.threshold) }),
      demonstrationL1: l1, flowLoss: flow)
  }

  private func addDepth(
    _ outcome: ObservationOutcome, _ observation: RecordedObservation, _ index: Int,
    _ side: GateSide, _ spool: DriftSpool, to result: inout CandidateResult
  ) throws(WeightsError) {
    let names = side.cameraNames(of: observation)
    let pictures = try side.pictures(of: observation)
    for (camera, map) in outcome.depth.enumerated() {
      guard let reference = try spool.tensor(Self.depthName(index, camera)),
        reference.shape == map.shape,
        let drift = DepthDrift(reference: reference, candidate: map)
      else {
        throw WeightsError(
          .gateStage, file: observations.path(at: index),
          "the depth of \(names[camera]) is of another size in the reference, or there is none")
      }
      result.depthDrifts.append((index, names[camera], drift))
      result.depth.append(
        GateReport.DepthSample(
          observation: index, camera: names[camera], picture: pictures[camera],
          reference: reference, candidate: map, drift: drift))
    }
    // Sorting keeps the order of equals.
    result.depth.sort { $0.drift.absRel > $1.drift.absRel }
    result.depth = Array(result.depth.prefix(Self.shownDepthCount))
  }

  private func subject(
    _ bundle: WeightBundle, path: String, _ side: SideRecord
  ) throws(WeightsError) -> GateReport.Subject {
    return GateReport.Subject(
      path: path, family: bundle.documents.family, root: bundle.root.hex,
      sha256: try bundle.fileHash { _ in }.hex, byteCount: bundle.byteCount,
      precision: try bundle.precisionClass().rawValue, products: side.products,
      signature: bundle.signature.map { ($0.key.fingerprint, $0.statement.release) },
      sources: bundle.sourceHashes, tool: bundle.tool,
      seconds: (side.loadSeconds, side.firstActionSeconds))
  }
}

extension WeightBundle {
  /// Bytes of all tensors before compression.
  fileprivate var tensorByteCount: Int { tensors.reduce(0) { $0 + $1.byteCount } }
}

extension WeightsError.Code {
  /// Two models of different families, or of one that does not act.
  public static let gateFamily = Self("gate.family")
  /// The candidate is larger than the reference.
  public static let gateLarger = Self("gate.larger")
  /// Too few observations for a verdict.
  public static let gateTooFew = Self("gate.too-few")
}
