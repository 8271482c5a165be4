import DVLAModels
import DVLAParity
import DVLASafetensors
import DVLATensors
import DVLATestSupport
import Testing

/// The numbers of a comparison, against exact arithmetic and against NumPy.
struct StageErrorTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  /// Compares one stage.
  func compare(
    _ shape: Shape, ours: [Float], recorded: [Double], upstream: [Float]? = nil,
    validRows: [Bool]? = nil
  ) throws -> StageComparison {
    var builder = GoldenBuilder()
    builder.floats("in.x", [1], [0])
    builder.doubles("f64.a", shape.dimensions, recorded)
    if let upstream { builder.floats("f32.a", shape.dimensions, upstream) }
    let comparison = try GoldenComparison(
      try builder.open(in: scratch),
      of: ScriptedModel(stages: [Stage("a", shape, ours, validRows: validRows)]),
      tolerances: .uniform(), precision: .f32)
    #expect(comparison.stages.count == 1)
    return comparison.stages[0]
  }

  @Test func everyMeasureIsTheOneItsFormulaSays() throws {
    let errors = try #require(
      try compare(
        [2, 2], ours: [1, 2, 3, 4], recorded: [1, 2, 3, -5], upstream: [1, 2, 3.5, -5]
      ).errors)
    #expect(errors.count == 4)
    #expect(errors.maximumAbsolute == 9)
    #expect(errors.maximumRecorded == 5)
    #expect(errors.ofMaximum == 1.8)
    #expect(errors.relativeRMS == (81.0 / 39).squareRoot())
    #expect(errors.cosine == -6 / (30.0.squareRoot() * 39.0.squareRoot()))
    // 10 log10(39 / 81)
    #expect(abs(try #require(errors.signalToNoiseRatio) - -3.174204118521506) < 1e-12)
    #expect(errors.worst.index == [1, 1])
    #expect(errors.worst.ours == 4 && errors.worst.recorded == -5)
    let own = try #require(errors.upstream)
    #expect(own.maximumAbsolute == 0.5)
    #expect(own.relativeRMS == (0.25 / 39.0).squareRoot())
    #expect(own.ratio == 18)
  }

  @Test func equalValuesHaveNoNoise() throws {
    let stage = try compare([3], ours: [1, -2, 0], recorded: [1, -2, 0], upstream: [1, -2, 0])
    let errors = try #require(stage.errors)
    #expect(stage.passed)
    #expect(errors.maximumAbsolute == 0 && errors.ofMaximum == 0 && errors.relativeRMS == 0)
    #expect(errors.cosine == 1)
    #expect(errors.signalToNoiseRatio == nil)
    #expect(errors.upstream?.ratio == nil)
  }

  @Test func aStageOfZerosTakesNoErrorAtAll() throws {
    #expect(try compare([2], ours: [0, 0], recorded: [0, -0.0]).passed)
    let stage = try compare([2], ours: [0, 1e-30], recorded: [0, 0])
    #expect(!stage.passed)
    #expect(stage.errors?.ofMaximum == .infinity && stage.errors?.cosine == nil)
  }

  @Test func theWorstElementIsFoundInAnyBlock() throws {
    let count = 3 * 70_001
    var ours = [Float](repeating: 1, count: count)
    let place = 2 * 70_001 + 69_999
    ours[place] = 1.25
    ours[place + 1] = 0.75
    let errors = try #require(
      try compare(
        [3, 70_001], ours: ours, recorded: [Double](repeating: 1, count: count)
      ).errors)
    #expect(errors.count == count)
    #expect(errors.worst.index == [2, 69_999], "the first of two that are as large")
    #expect(errors.relativeRMS == (0.125 / Double(count)).squareRoot())
  }

  @Test func paddingCountsForNothing() throws {
    let valid = [false, true, true, false, false, true]
    let recorded: [Double] = [9, 9, 1, 2, 3, 4, 9, 9, 9, 9, 5, 6]
    let ours: [Float] = [.nan, 8, 1, 2, 3, 4, .infinity, 7, 0, 0, 5, 6]
    let stage = try compare([2, 3, 2], ours: ours, recorded: recorded, validRows: valid)
    #expect(stage.passed)
    #expect(stage.errors?.count == 6)
    #expect(stage.errors?.maximumRecorded == 6)
  }

  /// A recorded float32 run, shown as if it were ours: NumPy's numbers for the two runs.
  @Test(arguments: [
    NumPyErrors(
      golden: "paligemma_pad", stage: "logits", validRows: 21, count: 2919,
      maximumAbsolute: 4.833_413_030_591_593_4e-06, ofMaximum: 1.683_297_633_717_468_5e-06,
      relativeRMS: 1.486_714_002_203_874_1e-06, signalToNoiseRatio: 116.555_451_365_414_92,
      index: [0, 2, 62]),
    NumPyErrors(
      golden: "depth-anything-v2_28x70", stage: "fused.2", validRows: nil, count: 1280,
      maximumAbsolute: 2.738_819_852_132_756_7e-06, ofMaximum: 5.884_658_002_854_429e-07,
      relativeRMS: 4.235_533_812_078_426e-07, signalToNoiseRatio: 127.461_836_939_107_81,
      index: [0, 5, 2, 13]),
    NumPyErrors(
      golden: "dinov2_70x70", stage: "layer.3.mlp", validRows: nil, count: 572,
      maximumAbsolute: 2.319_439_572_663_617_4e-06, ofMaximum: 9.635_723_297_141_562e-07,
      relativeRMS: 7.354_311_264_336_096e-07, signalToNoiseRatio: 122.669_159_859_419_7,
      index: [0, 16, 4]),
  ])
  func errorsAreNumPys(_ expected: NumPyErrors) throws {
    let golden = try Golden(
      path: FixtureFolder.path("goldens/\(expected.golden).safetensors"))
    let recorded = try #require(golden.stages.first { $0.name == expected.stage })
    let bytes = try golden.file.bytes(of: try #require(recorded.upstream).name)
    let values = stride(from: 0, to: bytes.count, by: 4).map { start in
      Float(bitPattern: bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
    let validRows = expected.validRows.map { count in
      (0..<recorded.shape[1]).map { $0 < count }
    }
    var model = ScriptedModel(
      stages: [Stage(expected.stage, recorded.shape, values, validRows: validRows)])
    model.family = "pi0"
    let comparison = try GoldenComparison(
      golden, of: model, tolerances: .uniform(), precision: .f32)
    let errors = try #require(comparison.stages[0].errors)
    #expect(errors.count == expected.count)
    #expect(errors.maximumAbsolute == expected.maximumAbsolute)
    #expect(errors.ofMaximum == expected.ofMaximum)
    #expect(errors.worst.index == expected.index)
    // NumPy adds pairwise.
    #expect(abs(errors.relativeRMS / expected.relativeRMS - 1) < 1e-12)
    #expect(
      abs(try #require(errors.signalToNoiseRatio) - expected.signalToNoiseRatio) < 1e-10)
    // The very same values as upstream's.
    #expect(errors.upstream?.ratio == 1)
    #expect(errors.upstream?.relativeRMS == errors.relativeRMS)
  }
}

struct NumPyErrors: CustomStringConvertible, Sendable {
  let golden: String
  let stage: String
  let validRows: Int?
  let count: Int
  let maximumAbsolute: Double
  let ofMaximum: Double
  let relativeRMS: Double
  let signalToNoiseRatio: Double
  let index: [Int]
  var description: String { "\(golden) \(stage)" }
}
