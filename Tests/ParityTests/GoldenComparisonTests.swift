import DVLADiagnostics
import DVLAModels
import DVLAParity
import DVLATensors
import DVLATestSupport
import Testing

/// Whatever is not as recorded fails, and says where.
struct GoldenComparisonTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  /// A golden of the stages b, a and c, all [1, 2, 2] of 1, 2, 3, 4.
  func golden(_ change: (inout GoldenBuilder) -> Void = { _ in }) throws -> Golden {
    var builder = GoldenBuilder()
    builder.floats("in.x", [1], [0])
    for name in ["a", "b", "c"] { builder.doubles("f64." + name, [1, 2, 2], [1, 2, 3, 4]) }
    change(&builder)
    return try builder.open(in: scratch)
  }

  func compare(_ golden: Golden, _ stages: [Stage], ofMaximum: Double = 1e-3, rms: Double = 1e-3)
    throws -> GoldenComparison
  {
    try GoldenComparison(
      golden, of: ScriptedModel(stages: stages),
      tolerances: .uniform(ofMaximum: ofMaximum, relativeRMS: rms), precision: .f32)
  }

  static let good: [Float] = [1, 2, 3, 4]
  func stages(_ names: [String]) -> [Stage] { names.map { Stage($0, [1, 2, 2], Self.good) } }

  @Test func stagesStandInTheOrderOfTheForward() throws {
    let comparison = try compare(try golden(), stages(["b", "unrecorded", "c", "a"]))
    #expect(comparison.stages.map(\.name) == ["b", "c", "a"])
    #expect(comparison.passed && comparison.firstFailure == nil)
  }

  @Test func theFirstOfSeveralFailuresIsTheOneInFrontOfTheForward() throws {
    let comparison = try compare(
      try golden(),
      [
        Stage("b", [1, 2, 2], Self.good), Stage("c", [1, 2, 2], [1, 2, 3, 4.1]),
        Stage("a", [1, 2, 2], [9, 2, 3, 4]),
      ])
    #expect(comparison.firstFailure?.name == "c")
    #expect(comparison.stages.count { !$0.passed } == 2)
  }

  @Test func eachLimitFailsAlone() throws {
    var loose = Stage("b", [1, 2, 2], [1, 2, 3, 4.004])
    // 0.004 / 4 = 1e-3 of the maximum, 0.004 / sqrt(30) = 7.3e-4 relative rms.
    func exceeded(_ ofMaximum: Double, _ rms: Double) throws -> [StageLimit.Measure] {
      let comparison = try compare(
        try golden(), [loose] + stages(["a", "c"]), ofMaximum: ofMaximum, rms: rms)
      guard case .compared(_, let limits) = comparison.stages[0].outcome else { return [] }
      #expect(comparison.passed == limits.isEmpty)
      return limits.map(\.measure)
    }
    #expect(try exceeded(1.01e-3, 7.4e-4) == [])
    #expect(try exceeded(0.99e-3, 7.4e-4) == [.ofMaximum])
    #expect(try exceeded(1.01e-3, 7.2e-4) == [.relativeRMS])
    #expect(try exceeded(0.99e-3, 7.2e-4) == [.ofMaximum, .relativeRMS])
    loose = Stage("b", [1, 2, 2], Self.good)
    #expect(try exceeded(1e-300, 1e-300) == [])
  }

  @Test(arguments: [
    (Float.nan, 1.0 as Double), (1 as Float, Double.nan), (.nan, .nan), (.infinity, 1),
    (.infinity, .infinity),
    (1 as Float, -.infinity),
  ])
  func whatIsNotFiniteFailsOnEitherSide(ours: Float, recorded: Double) throws {
    let golden = try golden { $0.doubles("f64.d", [2, 2], [0, 0, recorded, 0]) }
    let comparison = try compare(
      golden, stages(["a", "b", "c"]) + [Stage("d", [2, 2], [0, 0, ours, 0])])
    let failure = try #require(comparison.firstFailure)
    guard case .nonFinite(let element) = failure.outcome else {
      Issue.record("\(failure.outcome)")
      return
    }
    #expect(failure.name == "d" && element.index == [1, 0])
  }

  @Test(arguments: [[1, 1, 2], [2, 2], [1, 2, 2, 1], [4], [1, 1], [1, 4], [], [2, 2, 2]])
  func noShapeIsBroadcastOrReshaped(found: [Int]) throws {
    let shape = Shape(found)
    let comparison = try compare(
      try golden(),
      [Stage("a", shape, [Float](repeating: 1, count: shape.elementCount))] + stages(["b", "c"]))
    let failure = try #require(comparison.firstFailure)
    guard case .otherShape(shape) = failure.outcome else {
      Issue.record("\(failure.outcome)")
      return
    }
    #expect(failure.name == "a" && comparison.stages.count == 3)
  }

  @Test func aStageThatIsNotShownFailsAndStandsLast() throws {
    let comparison = try compare(try golden(), stages(["c", "a"]))
    #expect(comparison.stages.map(\.name) == ["c", "a", "b"])
    let failure = try #require(comparison.firstFailure)
    guard case .notShown = failure.outcome else {
      Issue.record("\(failure.outcome)")
      return
    }
  }

  @Test func aStageThatIsShownTwiceFailsEvenWhereBothAreRight() throws {
    let comparison = try compare(try golden(), stages(["a", "b", "c", "a"]))
    let failure = try #require(comparison.firstFailure)
    guard case .repeated = failure.outcome else {
      Issue.record("\(failure.outcome)")
      return
    }
    #expect(failure.name == "a")
  }

  @Test func goldensThatCannotBeComparedAreMalformed() throws {
    var withoutInputs = GoldenBuilder()
    withoutInputs.doubles("f64.a", [1], [1])
    var withoutStages = GoldenBuilder()
    withoutStages.floats("in.x", [1], [1])
    for builder in [withoutInputs, withoutStages] {
      let error = failure { try compare(builder.open(in: scratch), []) }
      #expect(error?.code == .goldenEmpty && error?.kind == .malformed)
      #expect(error?.file == scratch("golden.safetensors"))
    }
    let none = failure { try compare(golden(), stages(["other"])) }
    #expect(none?.code == .goldenUnfit && none?.kind == .malformed)

    let padded = Stage("a", [1, 2, 2], Self.good, validRows: [false, false])
    let empty = failure { try compare(golden(), [padded]) }
    #expect(empty?.code == .goldenEmpty && empty?.tensor == "f64.a")
  }

  @Test func inputsThatTheModelRefusesNameTheGoldenAndTheInput() throws {
    let model = ScriptedModel(
      refusal: WeightsError(.modelInput, .usage, tensor: "x", "expected [B, 3, H, W]"))
    let error = failure {
      try GoldenComparison(golden(), of: model, tolerances: .uniform(), precision: .f32)
    }
    #expect(error?.code == .modelInput && error?.kind == .malformed)
    #expect(error?.tensor == "in.x" && error?.file == scratch("golden.safetensors"))
    // What goes wrong elsewhere is not the golden's fault.
    let other = ScriptedModel(refusal: WeightsError(.unknownTensor, .notFound, "no such tensor"))
    let passed = failure {
      try GoldenComparison(golden(), of: other, tolerances: .uniform(), precision: .f32)
    }
    #expect(passed?.code == .unknownTensor && passed?.file == nil)
  }

  @Test func aStageWithoutToleranceIsAnErrorBeforeAnythingRuns() throws {
    let error = failure {
      try GoldenComparison(
        golden(), of: ScriptedModel(family: "depthvla", stages: stages(["a", "b", "c"])),
        tolerances: .embedded(), precision: .int8)
    }
    #expect(error?.code == .toleranceMissing && error?.tensor == "a")
    #expect(error?.file == scratch("golden.safetensors"))
  }

  @Test func progressEndsAtTheWholeOfWhatIsCompared() throws {
    let golden = try golden()
    var seen: [Int] = []
    _ = try GoldenComparison(
      golden, of: ScriptedModel(stages: stages(["a", "b", "c"])), tolerances: .uniform(),
      precision: .f32
    ) { seen.append($0) }
    #expect(seen == [32, 64, 96] && golden.comparedByteCount == 96)
  }
}
