import DVLAImages
import DVLATestSupport
import Testing

@Suite struct PictureResizerTests {
  @Test(arguments: 0..<13)
  func givesThePixelsOfPillow(number: Int) throws {
    let golden = try GoldenFile("goldens/pillow_resize.safetensors")
    let before = try golden.image("\(number).in")
    let after = try golden.image("\(number).out")
    let method = ResizeMethod(.pil)
    #expect(PictureResizer(from: before.size, to: after.size, by: method)(before) == after)
  }

  @Test(arguments: (0..<13).filter { ![1, 10, 11].contains($0) })
  func givesTheBilinearPixelsOfPillow(number: Int) throws {
    let golden = try GoldenFile("goldens/pillow_resize.safetensors")
    let before = try golden.image("\(number).in")
    let after = try golden.image("\(number).bilinear")
    let method = ResizeMethod(.pil, .bilinear)
    #expect(PictureResizer(from: before.size, to: after.size, by: method)(before) == after)
  }

  @Test func coversEveryRecordedResize() throws {
    #expect(try GoldenFile("goldens/pillow_resize.safetensors").names.count == 36)
  }
}
