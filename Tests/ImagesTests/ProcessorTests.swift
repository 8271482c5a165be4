import DVLADiagnostics
import DVLAImages
import DVLATensors
import DVLATestSupport
import Testing

@Suite struct ProcessorTests {
  static let pictures = ["scene", "tall", "wide", "strip", "pixel"]

  @Test(arguments: pictures, [28, 42])
  func siglipEqualsTransformers(picture: String, side: Int) throws {
    try check(picture, "siglip_\(side)") { image, method throws(WeightsError) in
      try SiglipProcessor(size: PixelSize(height: side, width: side), method: method)(image)
    }
  }

  @Test func siglipMakesNoPictureLargerThanTheLimit() throws {
    let image = RGBImage(width: 1, height: 1, pixels: [1, 2, 3])
    let side = 1 << 14
    #expect(throws: WeightsError(.imageTooLarge, "")) {
      try SiglipProcessor(size: PixelSize(height: side, width: side))(image)
    }
  }

  @Test(arguments: pictures, [28, 42])
  func depthAnythingEqualsTransformers(picture: String, side: Int) throws {
    try check(picture, "dpt_\(side)") { image, method throws(WeightsError) in
      try DepthAnythingProcessor(
        size: PixelSize(height: side, width: side), method: method)(image)
    }
  }

  @Test(arguments: pictures, [32, 19])
  func dinov2EqualsTransformers(picture: String, edge: Int) throws {
    try check(picture, "dinov2_\(edge)") { image, method throws(WeightsError) in
      try DINOv2Processor(
        resize: .shortestEdge(edge), cropSize: PixelSize(height: 28, width: 28), method: method)(
          image)
    }
  }

  /// Bit for bit what both backends give.
  private func check(
    _ picture: String, _ stage: String,
    _ process: (RGBImage, ResizeMethod) throws(WeightsError) -> Tensor
  ) throws {
    let golden = try GoldenFile("goldens/preprocess_\(picture).safetensors")
    let image = try golden.image("in.rgb")
    if golden.contains(stage + ".refused") {
      for backend in PictureBackend.allCases {
        expect(.imageAspect) { () throws(WeightsError) in
          _ = try process(image, ResizeMethod(backend))
        }
      }
      return
    }
    expectSame(try process(image, ResizeMethod(.pil)), try golden.tensor(stage + ".pil"))
    guard golden.contains(stage + ".torchvision") else { return }
    expectSame(
      try process(image, ResizeMethod(.torchvision)), try golden.tensor(stage + ".torchvision"))
  }

  @Test func depthAnythingKeepsTheAspectRatioNearTheSize() throws {
    let processor = DepthAnythingProcessor()
    // 480 needs a factor nearer to 1 than 640 does; 640 then becomes 690.7, nearest to 49 patches.
    #expect(try processor.outputSize(for: blank(480, 640)) == PixelSize(height: 518, width: 686))
    let square = DepthAnythingProcessor(keepsAspectRatio: false)
    #expect(try square.outputSize(for: blank(480, 640)) == PixelSize(height: 518, width: 518))
  }

  @Test func depthAnythingRoundsHalvesToTheEvenMultiple() throws {
    // 28 by 70 of 14: 2.5 patches become 2, 3.5 become 4.
    let processor = DepthAnythingProcessor(size: PixelSize(height: 70, width: 70))
    #expect(try processor.outputSize(for: blank(35, 70)) == PixelSize(height: 28, width: 70))
    #expect(try processor.outputSize(for: blank(49, 70)) == PixelSize(height: 56, width: 70))
  }

  @Test func refusesASideOfNoPixels() {
    let processor = DepthAnythingProcessor()
    expect(.imageAspect) { () throws(WeightsError) in
      _ = try processor.outputSize(for: blank(1, 600))
    }
  }

  @Test func refusesAPictureThatWouldGrowBeyondMeasure() {
    let processor = DINOv2Processor()
    expect(.imageTooLarge) { () throws(WeightsError) in _ = try processor(blank(1, 3000)) }
  }

  private func blank(_ height: Int, _ width: Int) -> RGBImage {
    RGBImage(
      width: width, height: height, pixels: [UInt8](repeating: 9, count: 3 * width * height))
  }
}
