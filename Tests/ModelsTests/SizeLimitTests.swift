import DVLADiagnostics
import DVLAJSON
import DVLAModels
import DVLATensors
import Testing

/// Inputs at the largest size and one past it.
struct SizeLimitTests {
  @Test func imagesOfMorePatchesThanTheLimitAreRefused() throws {
    let model = try EditableModel("dinov2/hf")
    let c = try DINOv2Configuration(try ConfigurationReader(model.configuration))
    let side = 256 * c.patch
    try c.checkLength(of: [1, 3, side, side])
    #expect(throws: WeightsError(.modelInput, "")) {
      try c.checkLength(of: [1, 3, side, side + c.patch])
    }
  }

  @Test func longerSequencesThanTheLimitAreRefused() throws {
    let model = try EditableModel("paligemma/hf-hub").load()
    var inputs = InputTests.sound("paligemma/hf-hub")
    let count = 16385
    inputs.integers["input_ids"] = IntegerTensor(
      [Int](repeating: 2, count: count), shape: [1, count])
    let error = try #require(throws: WeightsError.self) {
      try model.run(inputs, trace: .none)
    }
    #expect(error.code == .modelInput && error.message.contains("at most 16384 tokens"))
  }
}
