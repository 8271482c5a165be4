import DVLADiagnostics
import DVLAJSON
import DVLAParity
import DVLATensors
import DVLATestSupport
import Testing

/// Goldens of an image before preprocessing.
struct PreprocessingComparisonTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  /// An image of 2 x 1 and what two processors made of it.
  func golden(_ change: (inout GoldenBuilder) -> Void = { _ in }) throws -> Golden {
    var builder = GoldenBuilder()
    builder.add("in.rgb", "U8", [1, 2, 3], bytes: [1, 2, 3, 4, 5, 6])
    for name in ["siglip_2.pil", "siglip_2.torchvision", "dpt_28.pil"] {
      builder.floats(name, [3, 1, 2], [0, 0.5, 1, -1, -0.5, 0.25])
    }
    change(&builder)
    return try builder.open(in: scratch)
  }

  static let made = Tensor([0, 0.5, 1, -1, -0.5, 0.25], shape: [3, 1, 2])

  func compare(
    _ golden: Golden, _ family: String = "paligemma", _ processor: ImageProcessor
  ) throws -> GoldenComparison {
    try GoldenComparison(golden, family: family, tolerances: .uniform(), processor: processor)
  }

  @Test func theProcessorsOfTheFamilyGetTheImage() throws {
    let golden = try golden { $0.floats("clip_2.pil", [3, 1, 2], [0, 0, 0, 0, 0, 0]) }
    #expect(golden.isOfPreprocessing && golden.unread == [])
    var calls: [String] = []
    let comparison = try compare(golden) { result, image in
      calls.append("\(result.name) \(image.width)x\(image.height) \(image.rgb)")
      return Self.made
    }
    #expect(
      calls == [
        "siglip_2.pil 2x1 [1, 2, 3, 4, 5, 6]", "siglip_2.torchvision 2x1 [1, 2, 3, 4, 5, 6]",
      ])
    #expect(comparison.stages.map(\.name) == ["siglip_2.pil", "siglip_2.torchvision"])
    #expect(comparison.passed && comparison.precision == nil)
    let depth = try compare(golden, "depth-anything-v2") { _, _ in Self.made }
    #expect(depth.stages.map(\.name) == ["dpt_28.pil"])
    #expect(try compare(golden, "depthvla") { _, _ in Self.made }.stages.count == 3)
  }

  @Test func eachBackendHasALimitOfItsOwn() throws {
    func failures(_ difference: Float) throws -> [String] {
      var values = Self.made.values
      values[5] += difference
      return try compare(try golden()) { _, _ in Tensor(values, shape: [3, 1, 2]) }
        .stages.filter { !$0.passed }.map(\.name)
    }
    #expect(try failures(0.9e-6) == [])
    #expect(try failures(1.1e-6) == ["siglip_2.pil"])
    // One grey level of 255, after division by a deviation of 0.5.
    #expect(try failures(2 / 255) == ["siglip_2.pil"])
    #expect(try failures(2.01 / 255) == ["siglip_2.pil", "siglip_2.torchvision"])
  }

  @Test func whatIsNotMadeOrOfAnotherShapeFails() throws {
    let missing = try compare(try golden()) { _, _ in nil }
    #expect(missing.stages.count { !$0.passed } == 2)
    let batched = try compare(try golden()) { _, _ in Self.made.reshaped([1, 3, 1, 2]) }
    guard case .otherShape([1, 3, 1, 2]) = batched.stages[0].outcome else {
      Issue.record("\(batched.stages[0].outcome)")
      return
    }
  }

  @Test func aFamilyWithoutSuchAProcessorIsAnError() throws {
    let golden = try golden()
    let error = failure { try compare(golden, "dinov2") { _, _ in Self.made } }
    #expect(error?.code == .goldenUnfit && error?.kind == .malformed)
    #expect(golden.misfit(family: "dinov2", configuration: .null, inputs: nil) != nil)
    #expect(golden.misfit(family: "paligemma", configuration: .null, inputs: nil) == nil)
  }

  @Test(arguments: [("F32", [1, 2, 3], 24), ("U8", [2, 3], 6), ("U8", [1, 2, 4], 8)])
  func anImageIsBytesOfThreeChannels(dtype: String, shape: [Int], count: Int) throws {
    var builder = GoldenBuilder()
    builder.add("in.rgb", dtype, shape, bytes: [UInt8](repeating: 0, count: count))
    builder.floats("siglip_2.pil", [3, 1, 2], Self.made.values)
    let error = failure {
      try compare(builder.open(in: scratch)) { _, _ in Self.made }
    }
    #expect(error?.code == .goldenTensor && error?.tensor == "in.rgb")
  }

  @Test func aBackendWithoutToleranceIsAnError() throws {
    let golden = try golden { $0.floats("siglip_2.jax", [3, 1, 2], Self.made.values) }
    let error = failure { try compare(golden) { _, _ in Self.made } }
    #expect(error?.code == .toleranceMissing && error?.tensor == "siglip_2.jax")
  }
}
