import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLAQuantization
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// What BF16 and INT8 conversions store and record, held against numpy and PyTorch.
struct PrecisionTests {
  struct Expected: Sendable {
    let maximum: Double
    let rootMeanSquare: Double
    let decibels: Double
    let cosine: Double
  }

  static let paligemma = FixtureCheckpoint("paligemma/hf-hub")
  static let downProjection = "vlm.layers.1.mlp.down_proj.weight"
  static let embedding = "vlm.embed_tokens.weight"
  static let projector = "vlm.multi_modal_projector.linear.weight"

  // From Tests/python/expected_numbers.py.
  static let bf16: [(String, digest: String, Expected)] = [
    (
      downProjection, "b3594bcc46bd4a3548fa7ce89d0fea057c41e96faf04b54108ccb27c99bb47dc",
      Expected(
        maximum: 0.0009617209434509277, rootMeanSquare: 0.00020794618769058682, decibels: 55.5216,
        cosine: 0.9999985978044786)
    ),
    (
      embedding, "533b6afec526056d4394471028268eb26b060795ae9b77abcb0a9656c1aa9c42",
      Expected(
        maximum: 0.0009676814079284668, rootMeanSquare: 0.00017606289330853294, decibels: 55.618,
        cosine: 0.9999986287338842)
    ),
    (
      projector, "0befbe21ccc10c9f265a4af538a4d10d203b97702f8a525f26046834306eb4f4",
      Expected(
        maximum: 0.001855611801147461, rootMeanSquare: 0.0003260576526916718, decibels: 55.6931,
        cosine: 0.9999986539574621)
    ),
  ]

  static let int8: [(String, values: String, scales: String, Expected)] = [
    (
      downProjection, "3091b017db027705c2f5035817f2a00a052db09e85e455b8e97fd4a1a4d9b78a",
      "69ac54f86152ee3c74134e3712e8198e2a1bd48f80a63afa7d1d22ff7e9e0e46",
      Expected(
        maximum: 0.0017418190836906433, rootMeanSquare: 0.0007733312431571424, decibels: 44.1133,
        cosine: 0.9999806074396774)
    ),
    (
      embedding, "201ca7c04f37bba7bd54e602afe4497b3c0d5123aa27c53b57e10579edad5fb1",
      "71ebf6fd6ea5b97f877ef5b1fa793a309daf5654bc68584af579cc7106da23e3",
      Expected(
        maximum: 0.0015494152903556824, rootMeanSquare: 0.0005946377425352182, decibels: 45.0463,
        cosine: 0.999984360279958)
    ),
    (
      projector, "d8c42a689d29ea284f629e7dde4ad9ae72b451534ec462a96604b376f78a90fd",
      "9add8e867634fae59b3c1ad0058a192a76f00d34fbb8eceb31e59300908b5cb5",
      Expected(
        maximum: 0.002533119171857834, rootMeanSquare: 0.001055702568919965, decibels: 45.4882,
        cosine: 0.9999858857885711)
    ),
  ]

  static func sha256(_ bytes: [UInt8]) -> String { unsafe SHA256.hash(bytes.span.bytes).hex }

  static func expect(_ record: JSONObject?, is expected: Expected) throws {
    let error = try QuantizationError(JSONReader(try #require(record?["error"])))
    #expect(error.maximumAbsoluteError == expected.maximum)
    #expect(abs(error.rootMeanSquareError / expected.rootMeanSquare - 1) < 1e-12)
    #expect(error.signalToNoiseRatio == expected.decibels)
    #expect(abs(error.cosine - expected.cosine) < 1e-14)
  }

  @Test func bf16BytesAndLossesAreNumpys() throws {
    let scratch = try ScratchFolder()
    let bundle = try convert(Self.paligemma, to: scratch("b"), precision: .bf16)
    #expect(bundle.tensors.allSatisfy { $0.dtype == .bf16 })
    for (name, digest, expected) in Self.bf16 {
      #expect(Self.sha256(try bundle.array(name)) == digest, "\(name)")
      let record = bundle.tensor(TensorName(name))?.quantization?.object
      #expect(record?["from"]?.string == "F32")
      try Self.expect(record, is: expected)
    }
  }

  /// PyTorch rounded this fixture.
  @Test func bf16IsPyTorchsCast() throws {
    let scratch = try ScratchFolder()
    let bundle = try convert(Self.paligemma, to: scratch("b"), precision: .bf16)
    try export(bundle, naming: "hub", to: scratch("out"))
    let rounded = try PlainCheckpoint(fixture: "paligemma/hf-hub-bf16")
    #expect(try PlainCheckpoint(folder: scratch("out")).differences(from: rounded) == [])
  }

  @Test func f16ExportIsPyTorchsCast() throws {
    let scratch = try ScratchFolder()
    let bundle = try convert(Self.paligemma, to: scratch("b"))
    try export(bundle, naming: "hub", to: scratch("out")) { $0.dtype = .f16 }
    let rounded = try PlainCheckpoint(fixture: "paligemma/hf-hub-f16")
    #expect(try PlainCheckpoint(folder: scratch("out")).differences(from: rounded) == [])
  }

  @Test func int8BytesScalesAndLossesAreNumpys() throws {
    let scratch = try ScratchFolder()
    let bundle = try convert(Self.paligemma, to: scratch("b"), precision: .int8)
    for (name, values, scales, expected) in Self.int8 {
      let info = try #require(bundle.info(of: TensorName(name)))
      #expect(info.dtype == .i8)
      #expect(
        bundle.info(of: TensorName(name + "_scale"))
          == TensorInfo(
            name: TensorName(name + "_scale"), dtype: .bf16, shape: Shape([info.shape[0], 1])))
      #expect(Self.sha256(try bundle.array(name)) == values, "\(name)")
      #expect(Self.sha256(try bundle.array(name + "_scale")) == scales, "\(name)")
      let record = bundle.tensor(TensorName(name))?.quantization?.object
      #expect(record?["scheme"] == ["per": "channel", "scale": "absolute_maximum"])
      try Self.expect(record, is: expected)
    }
  }

  /// Vectors, convolutions, positions and class tokens stay BF16.
  @Test func int8TakesMatricesOfLinearLayersAndEmbeddingsOnly() throws {
    let scratch = try ScratchFolder()
    for name in ["paligemma/hf-hub", "dinov2-with-registers/hf", "depthvla/plain"] {
      let bundle = try convert(FixtureCheckpoint(name), to: scratch("b"), precision: .int8) {
        $0.overwrite = true
      }
      for tensor in bundle.tensors where !tensor.name.string.hasSuffix("_scale") {
        let isMatrix = tensor.shape.rank == 2
        if tensor.dtype == .i8 { #expect(isMatrix, "\(tensor.name)") }
        let isNearTheEnds = [".embeddings.", "depth.head", "action_", "state_proj"].contains {
          tensor.name.string.contains($0)
        }
        #expect(tensor.dtype == (isMatrix && !isNearTheEnds ? .i8 : .bf16), "\(tensor.name)")
      }
      try #expect(compare(bundle, against: [FixtureCheckpoint(name).path]).differences.isEmpty)
    }
  }

  /// A bundle's own numbers are those that `verify --against` measures.
  @Test func recordedLossesAreMeasuredAgain() throws {
    let scratch = try ScratchFolder()
    let bundle = try convert(Self.paligemma, to: scratch("b"), precision: .int8)
    let comparison = try compare(bundle, against: [Self.paligemma.path])
    var measured = 0
    for row in comparison.rows {
      guard let error = row.error, let record = bundle.tensor(row.name)?.quantization?.object
      else { continue }
      #expect(record["error"] == error.json)
      measured += 1
    }
    #expect(measured == 68)
  }
}
