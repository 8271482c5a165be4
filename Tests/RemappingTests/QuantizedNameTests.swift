import DVLADiagnostics
import DVLAJSON
import DVLATensors
import DVLATestSupport
import Testing

@testable import DVLARemapping

/// Checkpoints of quantizers and adapters, by the names that the libraries themselves write
/// (`Fixtures/generate/wrapped.py`).
@Suite struct QuantizedNameTests {
  static let recorded: [(what: String, tensors: [JSONValue])] = {
    let text = (try? FixtureFolder.bytes("wrappers/quantized.json")) ?? []
    return ((try? StrictJSON.parse(text))?.object?.members ?? []).map {
      ($0.key, $0.value.array ?? [])
    }
  }()

  static let whats = recorded.map(\.what)

  /// What the refusal must say of each.
  private static func word(_ what: String) -> String {
    switch what {
    case "compressed-tensors packed": "packed by llm-compressor"
    case "peft LoRA", "peft DoRA": "a LoRA adapter"
    default: what.hasPrefix("peft") ? "a PEFT adapter" : String(what.prefix { $0 != " " })
    }
  }

  private static func info(_ row: JSONValue, _ layer: String) throws -> TensorInfo {
    let parts = row.array ?? []
    let dtypes: [String: DType] = [
      "int8": .i8, "uint8": .u8, "float32": .f32, "int32": .i32, "int64": .i64, "float16": .f16,
    ]
    let name = (parts.first?.string ?? "").replacing("NAME", with: layer)
    let dtype = try #require(dtypes[parts[1].string ?? ""])
    let shape = try #require(Shape(checking: (parts[2].array ?? []).compactMap(\.integer)))
    return try #require(TensorInfo(name: TensorName(name), dtype: dtype, shape: shape))
  }

  @Test func everyLibraryIsRecorded() {
    #expect(Self.whats.count == 12)
  }

  /// A PaliGemma one of whose layers is as the library saves it, and the same behind a prefix.
  @Test(arguments: whats, ["", "module."])
  func isRefusedByTheNameOfItsWriter(what: String, prefix: String) throws {
    let rows = try #require(Self.recorded.first { $0.what == what }).tensors
    let layer = "language_model.model.layers.1.mlp.up_proj"
    var model = try Model(fixture: "paligemma/hf-hub")
    if what.hasPrefix("peft") { model.tensors = [] } else { model.remove(layer + ".weight") }
    try model.rename { prefix + $0 }
    for row in rows { model.tensors.append(try Self.info(row, prefix + layer)) }
    let error = try #require(failure { try model.recognise() })
    #expect(error.code == .remapRefused, "\(error)")
    #expect(error.message.contains(Self.word(what)), "\(error)")
    #expect(error.message.contains("convert"), "\(error)")
  }

  /// Where the tensors look like any other, config.json says it.
  @Test(arguments: [
    ("gptq", "GPTQ"), ("awq", "AWQ"), ("bitsandbytes", "bitsandbytes"), ("quanto", "quanto"),
    ("torchao", "torchao"), ("modelopt", "ModelOpt"), ("hqq", "HQQ"), ("fp8", "8-bit floats"),
    ("auto-round", "AutoRound"), ("eetq", "EETQ"), ("mxfp4", "quantization_config"),
  ])
  func theMethodOfTheConfigIsRefused(method: String, word: String) throws {
    var model = try Model(fixture: "paligemma/hf-hub")
    let members = try #require(model.config?.object?.members)
    model.config = .object(
      JSONObject(members + [("quantization_config", ["quant_method": .string(method)])]))
    let error = try #require(failure { try model.recognise() })
    #expect(error.code == .remapRefused)
    #expect(error.message.contains(word), "\(error)")
  }

  @Test func eightBitFloatsAreRefused() throws {
    var model = try Model(fixture: "paligemma/hf-hub")
    let name = TensorName("language_model.model.layers.1.mlp.up_proj.weight")
    let shape = try #require(model.shapes[name])
    model.remove(name.string)
    model.tensors.append(try #require(TensorInfo(name: name, dtype: .f8E4M3, shape: shape)))
    #expect(failure { try model.recognise() }?.message.contains("8-bit floats") == true)
  }

  /// lerobot's pi0_fast of every age: a PaliGemma of its own, and no action expert.
  @Test(arguments: ["pi0_fast", "pi0fast", ""])
  func piZeroFastIsNoPiZero(type: String) throws {
    var model = try Model(fixture: "pi0/lerobot-2025-10")
    model.tensors.removeAll { !$0.name.string.contains("paligemma_with_expert.paligemma") }
    if !type.isEmpty { model.config = ["type": .string(type)] }
    #expect(failure { try model.recognise() }?.message.contains("pi0-FAST") == true)
    var older = try Model(fixture: "paligemma/hf-hub")
    try older.rename { "model.pi0_paligemma." + $0 }
    older.config = nil
    #expect(failure { try older.recognise() }?.message.contains("pi0-FAST") == true)
  }
}
