import DVLAImages
import DVLATensors
import DVLATestSupport
import Testing

@Suite struct DepthPostprocessingTests {
  @Test(arguments: [[23, 37], [9, 5], [14, 21], [1, 30], [55, 21]])
  func equalsTransformers(extents: [Int]) throws {
    let golden = try GoldenFile("goldens/depth_postprocess.safetensors")
    let name = "\(extents[0])x\(extents[1])"
    let size = PixelSize(height: extents[0], width: extents[1])
    let depth = try golden.tensor("in.depth")
    let result = DepthPostprocessing.resize(depth, to: size)
    #expect(result.shape == Shape(extents))
    for (ours, theirs) in zip(result.values, try golden.doubles("f64." + name)) {
      #expect(abs(Double(ours) - theirs) <= Double(Float(theirs).ulp) * 0.5 + 4e-14)
    }
    // Upstream's own run, in float32 from the coordinates on.
    let largest = depth.values.max() ?? 0
    for (ours, theirs) in zip(result.values, try golden.tensor("f32." + name).values) {
      #expect(abs(ours - theirs) <= 16 * largest.ulp)
    }
  }
}
