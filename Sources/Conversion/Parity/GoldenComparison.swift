public import DVLADiagnostics
public import DVLAModels
import DVLASafetensors
public import DVLATensors

/// A golden compared with a model: every recorded stage, in the order of the forward pass.
public struct GoldenComparison: Sendable {
  public let golden: Golden
  /// Nil for a golden of preprocessing, which involves no weights.
  public let precision: PrecisionClass?
  /// In the order the model computed them, those it did not compute last.
  public let stages: [StageComparison]
  /// Inputs that were rounded to float32.
  public let rounded: [String]

  /// The first stage, in forward order, that is not as recorded.
  public var firstFailure: StageComparison? { stages.first { !$0.passed } }

  public var passed: Bool { firstFailure == nil }
}

extension GoldenComparison {
  /// Runs the model on the golden's inputs and compares every recorded stage as it is computed.
  /// Recorded values are read block by block; none of ours are kept.
  ///
  /// - Parameter progress: called with the bytes of the stages compared so far, of
  ///   ``Golden/comparedByteCount``.
  /// - Throws: `golden.empty` without inputs, without stages, or where padding leaves nothing of a
  ///   stage; `golden.unfit` when the model refuses the inputs or shows none of the stages;
  ///   `tolerance.missing`; what reading and computing throw.
  public init(
    _ golden: Golden, of model: any Model, tolerances: Tolerances, precision: PrecisionClass,
    progress: @escaping (_ byteCount: Int) throws(WeightsError) -> Void = { _ in }
  ) throws(WeightsError) {
    guard !golden.stages.isEmpty else {
      throw WeightsError(
        .goldenEmpty, file: golden.path,
        "holds no stages: expected tensors named f64.STAGE or f32.STAGE")
    }
    let (inputs, rounded) = try golden.modelInputs()
    let observer = StageObserver(
      golden, try Self.expectations(golden, model, tolerances, precision), progress)
    try Self.run(model, inputs, observer, golden)
    guard !observer.comparisons.isEmpty else {
      throw WeightsError(
        .goldenUnfit, file: golden.path,
        "none of its \(golden.stages.count) stages is one that \(model.family) computes: "
          + golden.stages.prefix(5).map(\.name).joined(separator: ", "))
    }
    self.golden = golden
    self.precision = precision
    self.rounded = rounded
    stages = observer.comparisons + observer.notShown
  }

  private static func run(
    _ model: any Model, _ inputs: ModelInputs, _ observer: StageObserver, _ golden: Golden
  ) throws(WeightsError) {
    let trace = StageTrace(
      wanted: { observer.wants($0) },
      observer: { (stage) throws(WeightsError) in try observer.take(stage) })
    do throws(WeightsError) { try model.run(inputs, trace: trace) } catch {
      throw error.asRefusal(of: golden)
    }
  }

  private static func expectations(
    _ golden: Golden, _ model: any Model, _ tolerances: Tolerances, _ precision: PrecisionClass
  ) throws(WeightsError) -> [ExpectedStage] {
    try inFile(golden.path) { () throws(WeightsError) in
      try golden.stages.map { (stage) throws(WeightsError) in
        let limits = try tolerances.limits(
          of: stage.name, family: model.family, precision: precision)
        return ExpectedStage(recorded: stage, limits: limits)
      }
    }
  }
}

/// A recorded stage and its limits.
private struct ExpectedStage {
  let recorded: RecordedStage
  let limits: StageLimits

  func comparison(_ outcome: StageComparison.Outcome) -> StageComparison {
    StageComparison(
      name: recorded.name, shape: recorded.shape,
      reference: recorded.reference.dtype == .f64 ? .float64 : .float32, limits: limits,
      outcome: outcome)
  }
}

/// Compares the stages of one forward pass while it runs.
private final class StageObserver {
  private let golden: Golden
  private let expected: [ExpectedStage]
  private let positions: [String: Int]
  private let progress: (Int) throws(WeightsError) -> Void
  private var comparedByteCount = 0
  /// In the order they were shown.
  private(set) var comparisons: [StageComparison] = []

  init(
    _ golden: Golden, _ expected: [ExpectedStage],
    _ progress: @escaping (Int) throws(WeightsError) -> Void
  ) {
    self.progress = progress
    self.golden = golden
    self.expected = expected
    positions = Dictionary(
      uniqueKeysWithValues: zip(expected.map(\.recorded.name), expected.indices))
  }

  func wants(_ name: String) -> Bool { positions[name] != nil }

  func take(_ stage: Stage) throws(WeightsError) {
    guard let position = positions[stage.name] else { return }
    if let index = comparisons.firstIndex(where: { $0.name == stage.name }) {
      comparisons[index].outcome = .repeated
      return
    }
    let expected = expected[position]
    var outcome = StageComparison.Outcome.otherShape(stage.value.shape)
    if stage.value.shape == expected.recorded.shape {
      outcome = try golden.compare(
        stage.value, validRows: stage.validRows, with: expected.recorded.reference,
        upstream: expected.recorded.upstream, limits: expected.limits)
    }
    comparisons.append(expected.comparison(outcome))
    comparedByteCount += expected.recorded.reference.byteCount
    try progress(comparedByteCount)
  }

  /// The recorded stages that were not shown.
  var notShown: [StageComparison] {
    let shown = Set(comparisons.map(\.name))
    return expected.filter { !shown.contains($0.recorded.name) }.map { $0.comparison(.notShown) }
  }
}

extension Golden {
  /// Compares our values with recorded ones of the same shape, in blocks.
  ///
  /// - Parameters:
  ///   - validRows: of a value [B, S, ...], which of the B S rows carry meaning; nil for all.
  ///   - upstream: upstream's own float32 values.
  /// - Throws: `golden.empty` when no row carries meaning; what reading throws.
  /// - Precondition: the shapes are equal, and there are as many rows as the shape says.
  func compare(
    _ ours: Tensor, validRows: [Bool]?, with reference: TensorInfo, upstream: TensorInfo?,
    limits: StageLimits
  ) throws(WeightsError) -> StageComparison.Outcome {
    precondition(ours.shape == reference.shape, "equal shapes")
    var sums = StageSums(hasUpstream: upstream != nil)
    var reader = ElementReader(reference, in: file)
    var upstreamReader = upstream.map { ElementReader($0, in: file) }
    var recorded: [Double] = []
    var own: [Double] = []
    for run in ours.shape.runs(ofValidRows: validRows) {
      for block in run.blocks {
        try reader.read(block, into: &recorded)
        try upstreamReader?.read(block, into: &own)
        sums.add(ours.values.span, from: block.lowerBound, recorded, own)
      }
    }
    if let element = sums.firstNonFinite {
      return .nonFinite(StageErrors.Element(element, ours.shape))
    }
    guard sums.count > 0 else {
      throw WeightsError(
        .goldenEmpty, file: path, tensor: reference.name.string,
        "all its rows are padding: there is nothing to compare")
    }
    let errors = StageErrors(sums, shape: ours.shape)
    return .compared(errors, exceeded: limits.exceeded(by: errors))
  }
}

extension Shape {
  /// The elements of the rows that carry meaning, as ranges that do not touch.
  ///
  /// - Precondition: the shape is [B, S, ...] and there are B S rows.
  func runs(ofValidRows validRows: [Bool]?) -> [Range<Int>] {
    guard let validRows else { return [0..<elementCount] }
    precondition(rank >= 2 && validRows.count == self[0] * self[1], "a flag for each row")
    guard !validRows.isEmpty else { return [] }
    let width = elementCount / validRows.count
    var runs: [Range<Int>] = []
    var start: Int?
    for (row, isValid) in validRows.enumerated() {
      if isValid { start = start ?? row }
      if let first = start, !isValid || row == validRows.count - 1 {
        runs.append(first * width..<(isValid ? row + 1 : row) * width)
        start = nil
      }
    }
    return runs
  }
}
