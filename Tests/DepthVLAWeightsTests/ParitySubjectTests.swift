import DVLABundles
import DVLAParity
import DVLAQuantization
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// What parity knows of a bundle before it runs.
struct ParitySubjectTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  func subject(_ fixture: String, _ precision: Precision) throws -> ParitySubject {
    let bundle = try convert(
      FixtureCheckpoint(fixture), to: scratch("b"), precision: precision
    ) { $0.overwrite = true }
    return try ParitySubject(bundle, library: try Library.get())
  }

  @Test(arguments: [
    ("paligemma/hf-hub", Precision.source, PrecisionClass.f32),
    ("paligemma/hf-hub", .bf16, .bf16), ("paligemma/hf-hub", .int8, .int8),
    // What is stored in 16 bits already loses nothing by it.
    ("paligemma/hf-hub-bf16", .source, .f32), ("paligemma/hf-hub-bf16", .bf16, .f32),
    ("paligemma/hf-hub-bf16", .f32, .f32), ("paligemma/hf-hub-bf16", .int8, .int8),
    ("paligemma/hf-hub-f16", .source, .f32), ("paligemma/hf-hub-f16", .f32, .f32),
    ("paligemma/hf-hub-f16", .bf16, .bf16), ("dinov2/hf", .int8, .int8),
  ])
  func theClassIsWhatTheWeightsLost(
    fixture: String, precision: Precision, expected: PrecisionClass
  ) throws {
    #expect(try subject(fixture, precision).precision == expected)
  }

  @Test func weightsThatBFloat16HoldsExactlyLoseNothing() throws {
    var checkpoint = try PlainCheckpoint(fixture: "dinov2/hf")
    for (name, tensor) in checkpoint.tensors {
      // The low half of every float32 is zero, as after rounding to bfloat16.
      for start in stride(from: 0, to: tensor.bytes.count, by: 4) {
        checkpoint.tensors[name]?.bytes[start] = 0
        checkpoint.tensors[name]?.bytes[start + 1] = 0
      }
    }
    let bundle = try convert(
      [try checkpoint.write(to: scratch, as: "rounded")], to: scratch("b"), precision: .bf16)
    #expect(bundle.tensors.allSatisfy { $0.dtype == .bf16 })
    #expect(try ParitySubject(bundle, library: try Library.get()).precision == .f32)
  }

  @Test func theTensorsThatChangeNothingAreThoseThatTheOracleFound() throws {
    func unseen(_ fixture: String) throws -> [String] {
      try subject(fixture, .source).unusedTensors.map(\.name.string).sorted()
    }
    #expect(
      try unseen("dinov2-swiglu/hf") == [
        "dinov2.embeddings.mask_token",
        "dinov2.encoder.layer.0.attention.attention.key.bias",
        "dinov2.encoder.layer.1.attention.attention.key.bias",
      ])
    #expect(
      try unseen("paligemma/hf-hub") == [
        "vlm.vision_tower.encoder.layers.0.self_attn.k_proj.bias",
        "vlm.vision_tower.encoder.layers.1.self_attn.k_proj.bias",
      ])
    let depthAnything = try unseen("depth-anything-v2/hf")
    #expect(depthAnything.count == 12 + 1 + 4)
    #expect(depthAnything.count { $0.contains("residual_layer1") } == 4)
    // What is kept for the way back only, nothing reads either.
    let kept = try unseen("pi0/openpi")
    #expect(kept.contains { $0.hasPrefix("unused.") })
    let dinov2 = try subject("dinov2/hf", .source)
    #expect(dinov2.unusedTensors.allSatisfy { !$0.reason.isEmpty })
    #expect(dinov2.root?.count == 64 && dinov2.family == "dinov2")
  }
}
