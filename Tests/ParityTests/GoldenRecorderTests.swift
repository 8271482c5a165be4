import DVLADiagnostics
import DVLAModels
import DVLAParity
import DVLATensors
import DVLATestSupport
import Testing

/// Goldens from this runtime.
struct GoldenRecorderTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  func inputs() throws -> Golden {
    var builder = GoldenBuilder()
    builder.integers("in.ids", [2], [3, 4])
    builder.doubles("in.x", [1], [0.1])
    builder.doubles("f64.layer.0", [1], [99])
    return try builder.open(in: scratch, as: "inputs")
  }

  static let model = ScriptedModel(
    stages: [
      Stage("layer.1", [1, 3, 2], [1, 2, .nan, 4, 5, 6], validRows: [true, false, true]),
      Stage("layer.0", [2], [-1, 0.5]),
      Stage("final_norm", [1, 2, 1], [7, 8], validRows: [true, false]),
    ])

  func record(
    _ model: ScriptedModel = model, as name: String = "out", stages: String? = nil,
    overwrite: Bool = false
  ) throws -> GoldenRecorder.Recording {
    try GoldenRecorder(
      inputsOf: inputs(), metadata: [("family", "dinov2"), ("root", "ab")],
      stages: try stages.map { try DottedPattern($0) }
    ).record(model, to: scratch(name), overwrite: overwrite)
  }

  @Test func aRecordingHoldsTheInputsAndEveryStage() throws {
    let recording = try record()
    #expect(recording.stages.map(\.name) == ["layer.1", "layer.0", "final_norm"])
    try scratch.makeFolder("plain")
    let bytes = try scratch.bytes(of: "out")
    #expect(recording.byteCount == bytes.count)
    try scratch.write(bytes, to: "plain/out.safetensors")
    let plain = try PlainCheckpoint(folder: scratch("plain"))
    #expect(plain.metadata["out.safetensors"] == ["family": "dinov2", "root": "ab"])
    func floats(_ values: [Float]) -> [UInt8] { values.flatMap { littleEndian($0.bitPattern) } }
    #expect(
      plain.tensors == [
        "in.ids": PlainTensor("I64", [2], littleEndian(Int64(3)) + littleEndian(Int64(4))),
        "in.x": PlainTensor("F64", [1], littleEndian((0.1).bitPattern)),
        "f32.layer.1": PlainTensor("F32", [1, 3, 2], floats([1, 2, 0, 0, 5, 6])),
        "f32.layer.0": PlainTensor("F32", [2], floats([-1, 0.5])),
        "f32.final_norm": PlainTensor("F32", [1, 2, 1], floats([7, 0])),
      ], "padding is zero")
    #expect(try scratch.entries == ["inputs", "out", "plain"])
  }

  @Test func theSameModelGivesTheSameBytes() throws {
    _ = try record(as: "first")
    _ = try record(as: "second")
    #expect(try scratch.bytes(of: "first") == scratch.bytes(of: "second"))
  }

  @Test func aModelPassesItsOwnRecordingAndAnotherFailsAtItsFirstDifference() throws {
    _ = try record()
    let golden = try Golden(path: scratch("out"))
    #expect(golden["root"] == "ab")
    func compare(_ model: ScriptedModel) throws -> GoldenComparison {
      try GoldenComparison(golden, of: model, tolerances: .uniform(), precision: .f32)
    }
    let own = try compare(Self.model)
    #expect(own.passed && own.stages.allSatisfy { $0.errors?.maximumAbsolute == 0 })
    #expect(own.rounded == ["x"])
    var other = Self.model
    other.stages[1] = Stage("layer.0", [2], [-1, 0.51])
    other.stages[2] = Stage("final_norm", [1, 2, 1], [9, 8], validRows: [true, false])
    #expect(try compare(other).firstFailure?.name == "layer.0")
  }

  @Test func aPatternChoosesStages() throws {
    #expect(try record(stages: "layer.{i}").stages.map(\.name) == ["layer.1", "layer.0"])
    let error = failure { try record(as: "none", stages: "siglip.**") }
    #expect(error?.code == .goldenEmpty && error?.kind == .usage)
    #expect(error?.file?.hasSuffix("/none") == false)
    #expect(error?.message.hasSuffix("matches the pattern \"siglip.**\"") == true)
    #expect(try !scratch.entries.contains("none"))
  }

  @Test func whatCannotBeComparedLaterIsNotRecorded() throws {
    var infinite = Self.model
    infinite.stages[1] = Stage("layer.0", [2], [-1, .infinity])
    var repeated = Self.model
    repeated.stages.append(repeated.stages[1])
    for model in [infinite, repeated] {
      let error = failure { try record(model) }
      #expect(error?.code == .goldenStage && error?.tensor == "layer.0")
    }
    #expect(try scratch.entries == ["inputs"])
  }

  @Test func anExistingFileIsReplacedOnlyWhereThatIsAsked() throws {
    try scratch.write("mine", to: "out")
    #expect(failure { try record() }?.kind == .cannotCreate)
    #expect(try scratch.bytes(of: "out") == Array("mine".utf8))
    _ = try record(overwrite: true)
    #expect(try Golden(path: scratch("out")).stages.count == 3)
  }
}
