public import DVLADiagnostics
public import DVLAModels
import DVLASafetensors
public import DVLATensors

/// A golden held against a model: every recorded stage, in the order of the forward.
public struct GoldenComparison: Sendable {
  public let golden: Golden
  /// Nil for a golden of preprocessing, which no weights have a part in.
  public let precision: PrecisionClass?
  /// As the model showed them; those it never showed last.
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
    progress: @escaping (_ byteCount: Int) -> Void = { _ in }
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
    var expected: [ExpectedStage] = []
    do throws(WeightsError) {
      for stage in golden.stages {
        let limits = try tolerances.limits(
          of: stage.name, family: model.family, precision: precision)
        expected.append(ExpectedStage(recorded: stage, limits: limits))
      }
    } catch { throw error.inFile(golden.path) }
    return expected
  }
}

/// A recorded stage with what it may differ by.
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
  private let progress: (Int) -> Void
  private var comparedByteCount = 0
  /// In the order they were shown.
  private(set) var comparisons: [StageComparison] = []

  init(_ golden: Golden, _ expected: [ExpectedStage], _ progress: @escaping (Int) -> Void) {
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
    progress(comparedByteCount)
  }

  /// The recorded stages that were not shown.
  var notShown: [StageComparison] {
    let shown = Set(comparisons.map(\.name))
    return expected.filter { !shown.contains($0.recorded.name) }.map { $0.comparison(.notShown) }
  }
}
