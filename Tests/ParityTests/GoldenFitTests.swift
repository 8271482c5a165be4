import DVLAJSON
import DVLAModels
import DVLAParity
import DVLATestSupport
import Testing

/// Which goldens are for which model, told without running it.
struct GoldenFitTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  static let pixels = [InputDescription("pixel_values", axes: "[B, 3, H, W]")]
  static let configuration: JSONValue = ["hidden_size": 22]

  func misfit(_ golden: String, family: String = "dinov2") throws -> String? {
    try Golden(path: FixtureFolder.path("goldens/\(golden).safetensors"))
      .misfit(family: family, configuration: Self.configuration, inputs: Self.pixels)
  }

  @Test func aGoldenOfTheModelFits() throws {
    #expect(try misfit("dinov2_28x70") == nil)
  }

  @Test func anotherFamilyAndAnotherSizeDoNot() throws {
    #expect(
      try misfit("depth-anything-v2_28x70")
        == "was recorded from depth-anything-v2, but the model is dinov2")
    #expect(try misfit("paligemma_pad")?.contains("from paligemma") == true)
    let size = try #require(try misfit("dinov2-with-registers_28x70"))
    #expect(size.contains("final_norm is [1, 14, 25]") && size.contains("hidden_size is 22"))
  }

  @Test func inputsTellWhereMetadataDoNot() throws {
    func misfit(_ names: [String], _ inputs: [InputDescription]) throws -> String? {
      var builder = GoldenBuilder()
      for name in names { builder.floats("in." + name, [1], [0]) }
      builder.doubles("f64.layer.0", [1], [0])
      return try builder.open(in: scratch)
        .misfit(family: "dinov2", configuration: Self.configuration, inputs: inputs)
    }
    let optional = InputDescription("mask", axes: "[B]", isOptional: true)
    #expect(try misfit(["pixel_values"], Self.pixels) == nil)
    #expect(try misfit(["pixel_values"], Self.pixels + [optional]) == nil)
    #expect(try misfit(["pixel_values", "mask"], Self.pixels + [optional]) == nil)
    #expect(
      try misfit([], Self.pixels)?.contains("no input in.pixel_values [B, 3, H, W]") == true)
    #expect(try misfit(["pixel_values", "mask"], Self.pixels)?.contains("in.mask") == true)
  }

  @Test func stagesTellFamiliesWithTheSameInputsApart() throws {
    var builder = GoldenBuilder()
    builder.floats("in.pixel_values", [1], [0])
    builder.doubles("f64.feature_map.0", [1, 2, 22], [Double](repeating: 0, count: 44))
    builder.doubles("f64.predicted_depth", [1], [0])
    let golden = try builder.open(in: scratch)
    #expect(
      golden.misfit(family: "dinov2", configuration: Self.configuration, inputs: Self.pixels)?
        .contains("no stage of dinov2") == true)
    #expect(
      golden.misfit(
        family: "depth-anything-v2", configuration: ["backbone": ["hidden_size": 22]],
        inputs: Self.pixels) == nil)
  }
}
