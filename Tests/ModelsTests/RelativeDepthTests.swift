import DVLAJSON
import DVLAModels
import DVLATensors
import Testing

/// What `max_depth` does to a model of relative depth: transformers multiplies it in whatever the
/// kind of depth, `DepthAnythingDepthEstimationHead.forward`.
struct RelativeDepthTests {
  @Test func theFactorOfARelativeModelIsMultipliedIn() throws {
    var model = try EditableModel("depth-anything-v2/hf")
    let inputs = InputTests.sound("depth-anything-v2/hf")
    let plain = try #require(try model.stages(inputs).last)
    model.set("max_depth", to: 4)
    let scaled = try #require(try model.stages(inputs).last)
    #expect(plain.name == "predicted_depth" && plain.value.values.contains { $0 > 0 })
    #expect(scaled.value.values == plain.value.values.map { 4 * $0 })
  }
}
