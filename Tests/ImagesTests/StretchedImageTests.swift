import DVLADiagnostics
import DVLAImages
import DVLATestSupport
import Testing

@Suite struct StretchedImageTests {
  @Test(arguments: 0..<13)
  func givesThePixelsOfPillow(number: Int) throws {
    let golden = try GoldenFile("goldens/pillow_resize.safetensors")
    let after = try golden.image("\(number).out")
    #expect(
      try golden.image("\(number).in").stretched(to: after.size, by: ResizeMethod(.pil)) == after)
  }

  @Test func refusesSizesThatNoPictureHas() {
    let image = RGBImage(width: 1, height: 1, pixels: [1, 2, 3])
    expect(.imageAspect) { () throws(WeightsError) in
      _ = try image.stretched(to: PixelSize(height: 5, width: 0), by: ResizeMethod(.pil))
    }
    expect(.imageTooLarge) { () throws(WeightsError) in
      _ = try image.stretched(
        to: PixelSize(height: 1 << 14, width: 1 << 14), by: ResizeMethod(.torchvision))
    }
  }
}
