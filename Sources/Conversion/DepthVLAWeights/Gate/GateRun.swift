public import DVLABundles
public import DVLADiagnostics
import DVLADrift
import DVLAFamilies
import DVLAFiles
import DVLAGates
import DVLAHashing
public import DVLAObservations
public import DVLAParity
import DVLAPipelines
import DVLARobots
import DVLATensors

/// A gate: a reference and a candidate, both run over the same observations from the same noises,
/// and over the same inputs of goldens.
///
/// The reference runs first; what is compared later waits in a temporary file, so that one model is
/// in memory at a time.
public struct GateRun {
  private let reference: WeightBundle
  private let candidate: WeightBundle
  private let inputs: GateInputs
  private var observations: ObservationFolder? { inputs.observations }
  private var options: GateOptions { inputs.options }
  /// How the report calls the reference.
  private let referencePath: String
  private let isOfCheckpoints: Bool

  /// - Parameters:
  ///   - checkpoints: of which the reference was made for the gate: the report calls it so.
  ///   - observations: for families that act.
  ///   - goldens: of which the inputs alone are read.
  /// - Throws: `gate.family` for two families, and for observations of one that does not act;
  ///   `gate.larger` for a candidate that holds more bytes; `gate.too-few` observations, or goldens
  ///   without any, for a verdict.
  public init(
    candidate: WeightBundle, against reference: WeightBundle, checkpoints: String? = nil,
    observations: ObservationFolder?, goldens: [Golden] = [], options: GateOptions
  ) throws(WeightsError) {
    self.reference = reference
    self.candidate = candidate
    inputs = try GateInputs(observations, goldens, options)
    referencePath = checkpoints ?? reference.path
    isOfCheckpoints = checkpoints != nil
    for bundle in [candidate, reference] where bundle.check != .digest {
      throw WeightsError(
        .gateCheck, .usage, file: bundle.path,
        "expected a bundle that was opened to be checked by its digests, which its root binds")
    }
    let (ours, theirs) = (candidate.documents.family, reference.documents.family)
    guard ours == theirs else {
      throw WeightsError(
        .gateFamily, .usage, file: candidate.path,
        "is a \(ours) bundle; the reference \(self.referencePath) is of the family \(theirs)")
    }
    guard observations == nil || Family.isPolicy(ours) else {
      throw WeightsError(
        .gateFamily, .usage, file: candidate.path,
        "expected a policy (\(Family.list(Family.policies))), which acts on observations, found "
          + "\(ours.quoted); give goldens instead")
    }
    let (size, limit) = (candidate.tensorByteCount, reference.tensorByteCount)
    guard size <= limit else {
      throw WeightsError(
        .gateLarger, .usage, file: candidate.path,
        "its weights take \(size) bytes, those of the reference \(self.referencePath) only "
          + "\(limit): are the two exchanged?")
    }
    try requireDistinct()
    try checkDimensions()
    for golden in goldens {
      guard
        let misfit = golden.misfit(
          family: ours, configuration: candidate.documents.configuration, inputs: nil)
      else { continue }
      throw WeightsError(.goldenUnfit, file: golden.path, misfit)
    }
    let count = observations?.entries.count ?? goldens.count
    guard count >= options.budget.leastObservations else {
      throw WeightsError(
        .gateTooFew, .usage, file: observations?.path,
        "expected at least \(options.budget.leastObservations) observations, below which the budget "
          + "gives no verdict, found \(count)")
    }
  }

  /// The same observation twice tells nothing more than once.
  ///
  /// - Throws: `gate.duplicate`.
  private func requireDistinct() throws(WeightsError) {
    var files = observations?.entries.map { (name: $0.file, hash: $0.sha256) } ?? []
    files += zip(inputs.goldens, inputs.goldenHashes).map { (name: $0.path, hash: $1) }
    var seen: [Digest: String] = [:]
    for file in files {
      if let other = seen[file.hash] {
        throw WeightsError(
          .gateDuplicate, file: observations?.path,
          "\(other) and \(file.name) are the same file, and count as one; expected each once")
      }
      seen[file.hash] = file.name
    }
  }

  /// Finds limits on dimensions that actions do not have before anything is computed.
  ///
  /// - Throws: `gate.unmeasured`; what makes a policy of the bundle throws.
  private func checkDimensions() throws(WeightsError) {
    guard observations != nil else { return }
    let ofRobot = try candidate.robot()?.actionWidth
    let width = if let ofRobot { ofRobot } else { try RobotPolicy.rehearse(candidate).actions }
    let dimensions =
      options.budget.grippers.map(\.dimension) + options.budget.limits.compactMap(\.dimension)
    if let dimension = dimensions.first(where: { $0 >= width }) {
      throw WeightsError(
        .gateUnmeasured, .usage, file: options.budgetPath,
        "the budget limits dimension \(dimension) of actions, which have \(width): 0 to "
          + "\(width - 1)")
    }
  }

  /// Runs both models and judges.
  ///
  /// - Parameter progress: called with the parts of the work that are done, and of how many.
  /// - Throws: `gate.*`; what reading, loading and computing throw.
  public func run(
    progress: (_ phase: String, _ done: Int, _ total: Int) throws(WeightsError) -> Void
  ) throws(WeightsError) -> GateReport {
    let budget = try judgedBudget()
    let weights = try WeightComparison(
      reference: reference, candidate: candidate, threads: options.threads
    ) { (done, total) throws(WeightsError) in try progress("weights", done, total) }
    let spool = try DriftSpool(in: options.workFolder)
    let first = try ReferencePass(bundle: reference, inputs: inputs, spool: spool).run(progress)
    let second = try CandidatePass(
      bundle: candidate, inputs: inputs, spool: spool, reference: first
    ).run(progress)
    let judge = GateJudge(
      budget: budget, budgetPath: options.budgetPath,
      files: inputs.names,
      samples: second.samples, depth: second.depthDrifts, stages: second.stages,
      weights: weights.drifts)
    let judgements = try judge.judgements()
    let causes = GateCauses(
      reference: reference, candidate: candidate, weights: weights.drifts, stages: second.stages)
    return GateReport(
      candidate: try subject(candidate, path: candidate.path, second.side),
      reference: try subject(reference, path: referencePath, first.side),
      budget: budget, budgetPath: options.budgetPath ?? "built in",
      budgetDigest: budget.digest.hex, observationsPath: observations?.path ?? "none",
      observationsDigest: observations?.digest.hex,
      observations: zip(inputs.names, first.instructions).map { (file: $0, instruction: $1) },
      seedCount: options.seedCount, deviationOrigin: first.deviationOrigin,
      judgements: judgements,
      inapplicable: options.budget.limits.filter { !budget.limits.contains($0) },
      causes: try causes.all(), samples: second.samples, depth: second.depth,
      stages: second.stages, firstDrift: StageDrift.first(of: second.stages)?.name,
      depthDrifts: second.depthDrifts,
      weights: weights.drifts.filter(\.differs).sorted { ($0.sqnr, $0.name) < ($1.sqnr, $1.name) },
      equalTensorCount: weights.drifts.count { !$0.differs },
      goldens: zip(inputs.goldens, inputs.goldenHashes).map { ($0.path, $1.hex) })
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

  private func subject(
    _ bundle: WeightBundle, path: String, _ side: GateInputs.Side
  ) throws(WeightsError) -> GateReport.Subject {
    let standsForCheckpoints = bundle === reference && isOfCheckpoints
    return GateReport.Subject(
      path: path, family: bundle.documents.family,
      root: standsForCheckpoints ? nil : bundle.root.hex,
      sha256: standsForCheckpoints ? nil : try bundle.fileHash { _ in }.hex,
      byteCount: bundle.byteCount,
      precision: try bundle.precisionClass().words, products: side.products,
      signature: bundle.signature.map { ($0.key.fingerprint, $0.statement.release) },
      sources: bundle.sourceHashes, tool: bundle.tool,
      seconds: observations == nil || !options.reportsTimes
        ? nil : (side.loadSeconds, side.firstActionSeconds))
  }
}

extension PrecisionClass {
  fileprivate var words: String {
    switch self {
    case .f32: "lossless"
    case .bf16: "BF16"
    case .int8: "INT8"
    }
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
  /// A bundle whose chunks would be checked by something that its root does not bind.
  public static let gateCheck = Self("gate.check")
  /// An observation or a golden that is there twice.
  public static let gateDuplicate = Self("gate.duplicate")
  /// Too few observations for a verdict.
  public static let gateTooFew = Self("gate.too-few")
}
