import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLAQuantization
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// Sound files of the wrong content: every miss is named, and nothing is written.
struct UnsoundSourceTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  func refusal(
    _ fixture: String, precision: Precision = .source,
    _ spoil: (inout PlainCheckpoint) -> Void, _ change: (inout ConversionOptions) -> Void = { _ in }
  ) throws -> WeightsError? {
    var checkpoint = try PlainCheckpoint(fixture: fixture)
    spoil(&checkpoint)
    let path = try checkpoint.write(to: scratch, as: "in")
    let error = #expect(throws: WeightsError.self) {
      try convert(
        [path], to: scratch("b"), precision: precision,
        settings: FixtureCheckpoint(fixture).jsonSettings, change)
    }
    #expect(try scratch.entries == ["in"])
    return error
  }

  @Test func missingUnexpectedAndMisshapenTensorsAreListedTogetherAndFolded() throws {
    let error = try refusal("dinov2/hf") { checkpoint in
      for layer in 0..<4 { checkpoint.tensors["encoder.layer.\(layer).norm2.bias"] = nil }
      checkpoint.tensors["layernorm.bias"] = nil
      for layer in 0..<4 {
        checkpoint.tensors["encoder.layer.\(layer).extra"] = PlainTensor("F32", [1], [0, 0, 0, 0])
      }
      checkpoint.tensors["encoder.layer.1.mlp.fc1.bias"]?.shape = [2, 44]
    }
    #expect(error?.code.rawValue == "remap.coverage")
    #expect(error?.kind == .malformed)
    let details = error?.details ?? []
    #expect(details.contains { $0.contains("encoder.layer.{0-3}.norm2.bias") })
    #expect(details.contains { $0.contains("layernorm.bias") && $0.hasPrefix("missing") })
    #expect(details.contains { $0.contains("encoder.layer.{0-3}.extra") })
    #expect(
      details.contains {
        $0.contains("encoder.layer.1.mlp.fc1.bias") && $0.contains("[2, 44]") && $0.contains("[88]")
      })
    #expect(details.count == 4)
  }

  @Test(arguments: [0x7FC0_0001, 0xFF80_0000] as [UInt32])
  func nonFiniteValuesAreReportedByNameAndPlace(bits: UInt32) throws {
    let spoil: (inout PlainCheckpoint) -> Void = { checkpoint in
      for byte in 0..<4 {
        checkpoint.tensors["encoder.layer.2.mlp.fc1.weight"]?.bytes[4 * 7 + byte] = UInt8(
          truncatingIfNeeded: bits >> (8 * byte))
      }
    }
    for precision in Precision.allCases {
      let error = try refusal("dinov2/hf", precision: precision, spoil)
      #expect(error?.tensor == "dinov2.encoder.layer.2.mlp.fc1.weight", "\(precision)")
      #expect(error?.message.contains("element 7") == true, "\(error?.message ?? "")")
    }
    // The user may insist, but not on INT8.
    let error = try refusal("dinov2/hf", precision: .int8, spoil) { $0.allowsNonFinite = true }
    #expect(error?.code.rawValue == "quantization.non-finite")
  }

  @Test func nonFiniteValuesAreKeptAndCountedWhereAllowed() throws {
    var checkpoint = try PlainCheckpoint(fixture: "dinov2/hf")
    checkpoint.tensors["layernorm.bias"]?.bytes.replaceSubrange(0..<4, with: [1, 0, 0xC0, 0x7F])
    checkpoint.tensors["layernorm.bias"]?.bytes.replaceSubrange(4..<8, with: [0, 0, 0x80, 0x7F])
    let path = try checkpoint.write(to: scratch, as: "in")
    let bundle = try convert([path], to: scratch("b"), precision: .bf16) {
      $0.allowsNonFinite = true
    }
    let record = bundle.tensor("dinov2.layernorm.bias")?.quantization?.object
    #expect(record?["nan"] == 1)
    #expect(record?["infinite"] == 1)
    #expect(try compare(bundle, against: [path]).differences.isEmpty)
  }

  /// The largest F32 is beyond the largest BF16.
  @Test func finiteValuesThatWouldBecomeInfiniteAreRefused() throws {
    let error = try refusal("dinov2/hf", precision: .bf16) {
      $0.tensors["layernorm.bias"]?.bytes.replaceSubrange(0..<4, with: [0xFF, 0xFF, 0x7F, 0x7F])
    }
    #expect(error?.code.rawValue == "convert.overflow")
    #expect(error?.tensor == "dinov2.layernorm.bias")
  }

  @Test func copiesOfATiedTensorMustBeEqual() throws {
    let error = try refusal("paligemma/state-dict-5.6-to-5.23") {
      $0.tensors["lm_head.weight"]?.bytes[1001] ^= 1
    }
    #expect(error?.code.rawValue == "remap.tie")
    #expect(error?.tensor == "lm_head.weight")
    #expect(error?.message.contains("from byte 1001 on") == true)
  }

  @Test(arguments: ["lm_head.weight", "model.language_model.embed_tokens.weight"])
  func eitherCopyOfATiedTensorIsEnough(missing: String) throws {
    let fixture = FixtureCheckpoint("paligemma/state-dict-5.6-to-5.23")
    var checkpoint = try PlainCheckpoint(fixture: fixture.name)
    let expected = try #require(checkpoint.tensors["lm_head.weight"]).bytes
    checkpoint.tensors[missing] = nil
    let path = try checkpoint.write(to: scratch, as: "in")
    let bundle = try convert([path], to: scratch("b"), settings: fixture.jsonSettings)
    #expect(try bundle.array("vlm.embed_tokens.weight") == expected)
    try export(bundle, naming: "source", to: scratch("out"))
    #expect(try PlainCheckpoint(folder: scratch("out")).differences(from: checkpoint) == [])
  }

  @Test func configurationAndTensorsMustAgree() throws {
    let error = try refusal("dinov2/hf") { checkpoint in
      for name in checkpoint.tensors.keys where name.hasPrefix("encoder.layer.3.") {
        checkpoint.tensors[name] = nil
      }
    }
    #expect(error?.kind == .malformed)
    #expect(error?.message.contains("num_hidden_layers is 3") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("config.json") == true)
  }

  /// The recipe has nothing to make BF16 or INT8 of; as they are they can be kept.
  @Test(arguments: [Precision.bf16, .int8])
  func integersWhereFloatsBelongAreNotConverted(precision: Precision) throws {
    let name = "encoder.layer.1.mlp.fc1.weight"
    let error = try refusal("dinov2/hf", precision: precision) {
      $0.tensors[name]?.dtype = "I32"
    }
    #expect(error?.code.rawValue == "recipe.dtype")
    #expect(error?.tensor == "dinov2." + name)
    #expect(error?.message.contains("I32") == true)
  }

  @Test func aGapInTheLayersIsRefused() throws {
    let error = try refusal("dinov2/original") { checkpoint in
      for name in checkpoint.tensors.keys where name.hasPrefix("blocks.1.") {
        checkpoint.tensors[name] = nil
      }
    }
    #expect(error?.kind == .malformed)
    #expect(error?.description.contains("blocks.1.") == true, "\(error.map(\.description) ?? "")")
  }
}
