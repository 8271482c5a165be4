import DVLADiagnostics
import DVLAModels
import DVLAParity
import DVLATensors
import DVLATestSupport
import Testing

/// Which files are goldens, and what their inputs become.
struct GoldenTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  @Test func inputsAreWidenedAndRoundedOnlyWhereTheyMustBe() throws {
    var builder = GoldenBuilder()
    builder.doubles("in.exact", [2], [0.5, -3])
    builder.doubles("in.tenth", [1], [0.1])
    builder.doubles("in.number", [], [0.1])
    builder.floats("in.float", [2, 1], [1.5, .infinity])
    builder.add("in.half", "F16", [3], bytes: [0x00, 0x3C, 0x01, 0x00, 0x00, 0xC2])
    builder.add("in.brain", "BF16", [2], bytes: [0x80, 0x3F, 0x49, 0x40])
    let (inputs, rounded) = try builder.open(in: scratch).modelInputs()
    #expect(inputs.floats["exact"] == Tensor([0.5, -3], shape: [2]))
    #expect(inputs.floats["tenth"] == Tensor([0.1], shape: [1]))
    #expect(inputs.numbers == ["number": 0.1])
    #expect(inputs.floats["float"] == Tensor([1.5, .infinity], shape: [2, 1]))
    #expect(inputs.floats["half"] == Tensor([1, 0x1p-24, -3], shape: [3]))
    #expect(inputs.floats["brain"] == Tensor([1, 3.140625], shape: [2]))
    #expect(rounded == ["tenth"])
  }

  @Test(arguments: [("mask", "blok"), ("depth", "False")])
  func aMisspeltSwitchIsRefused(key: String, value: String) throws {
    var builder = GoldenBuilder()
    builder.doubles("f64.actions", [1], [0.5])
    builder.metadata = [(key, value)]
    let error = #expect(throws: WeightsError.self) { _ = try builder.open(in: scratch) }
    #expect(error?.code == .goldenTensor && error?.message.contains("\"\(value)\"") == true)
  }

  @Test func integersOfEveryTypeKeepTheirValues() throws {
    var builder = GoldenBuilder()
    builder.integers("in.i64", [2], [.min, 7])
    builder.add("in.i32", "I32", [1], bytes: littleEndian(Int32(-5)))
    builder.add("in.u32", "U32", [1], bytes: [255, 255, 255, 255])
    builder.add("in.i16", "I16", [1], bytes: littleEndian(Int16(-300)))
    builder.add("in.u16", "U16", [1], bytes: [255, 255])
    builder.add("in.i8", "I8", [1], bytes: [0x80])
    builder.add("in.u8", "U8", [1], bytes: [0x80])
    builder.add("in.bool", "BOOL", [2], bytes: [1, 0])
    let inputs = try builder.open(in: scratch).modelInputs().inputs
    #expect(inputs.floats.isEmpty)
    #expect(
      inputs.integers.mapValues(\.values) == [
        "i64": [.min, 7], "i32": [-5], "u32": [4_294_967_295], "i16": [-300], "u16": [65535],
        "i8": [-128], "u8": [128], "bool": [1, 0],
      ])
  }

  @Test func valuesThatNoInputCanHaveAreRefused() throws {
    var large = GoldenBuilder()
    large.doubles("in.x", [2], [1, 1e39])
    let golden = try large.open(in: scratch)
    let error = failure { try golden.modelInputs() }
    #expect(error?.code == .goldenValue && error?.tensor == "in.x" && error?.file == golden.path)

    var boolean = GoldenBuilder()
    boolean.add("in.mask", "BOOL", [3], bytes: [1, 0, 2])
    #expect(failure { try boolean.open(in: scratch).modelInputs() }?.code == .goldenValue)
  }

  @Test(arguments: [
    ("in.x", "F8_E4M3", [1], 1), ("in.x", "U64", [1], 8), ("f64.a", "F32", [1], 4),
    ("f64.a", "I64", [1], 8), ("f32.a", "F64", [1], 8), ("f32.a", "I32", [1], 4),
    ("in.", "F32", [1], 4), ("f64.", "F64", [1], 8), ("in.é", "F32", [1], 4),
    ("f64.a b", "F64", [1], 8),
  ])
  func tensorsOutsideTheSchemaAreRefused(name: String, dtype: String, shape: [Int], count: Int)
    throws
  {
    var builder = GoldenBuilder()
    builder.add(name, dtype, shape, bytes: [UInt8](repeating: 0, count: count))
    let error = failure { try builder.open(in: scratch) }
    #expect(error?.code == .goldenTensor && error?.kind == .malformed)
    #expect(error?.tensor == name && error?.file == scratch("golden.safetensors"))
  }

  @Test func twoRunsOfAStageHaveOneShape() throws {
    var builder = GoldenBuilder()
    builder.doubles("f64.a", [1, 2], [0, 0])
    builder.floats("f32.a", [2], [0, 0])
    let error = failure { try builder.open(in: scratch) }
    #expect(error?.code == .goldenTensor && error?.tensor == "f32.a")
  }

  @Test func aStageWithoutElementsIsAnEmptyComparison() throws {
    var builder = GoldenBuilder()
    builder.doubles("f64.a", [3, 0], [])
    let error = failure { try builder.open(in: scratch) }
    #expect(error?.code == .goldenEmpty && error?.tensor == "f64.a")
  }

  @Test func theReferenceIsTheFloat64Run() throws {
    var builder = GoldenBuilder()
    builder.metadata = [("family", "dinov2"), ("root", "ab")]
    builder.floats("in.x", [1], [1])
    builder.doubles("f64.both", [1], [1])
    builder.floats("f32.both", [1], [1])
    builder.floats("f32.single", [1], [1])
    builder.add("vlm.valid", "U8", [1], bytes: [1])
    let golden = try builder.open(in: scratch)
    #expect(golden.family == "dinov2" && golden["root"] == "ab" && golden["tool"] == nil)
    #expect(golden.stages.map(\.name) == ["both", "single"])
    #expect(golden.stages.map(\.reference.dtype) == [.f64, .f32])
    #expect(golden.stages.map { $0.upstream?.dtype } == [.f32, nil])
    #expect(golden.unread == ["vlm.valid"])
    #expect(!golden.isOfPreprocessing)
  }

  @Test func aFileThatIsNoGoldenSaysWhatIsMissing() throws {
    let golden = try Golden(
      path: FixtureFolder.path("checkpoints/dinov2/timm/model.safetensors"))
    #expect(failure { try golden.modelInputs() }?.code == .goldenEmpty)
    let error = failure {
      try GoldenComparison(
        golden, of: ScriptedModel(), tolerances: .uniform(), precision: .f32)
    }
    #expect(error?.code == .goldenEmpty && error?.kind == .malformed)
  }
}
