import DVLADiagnostics
import DVLAImages
import DVLATensors
import DVLATestSupport
import Testing

@Suite struct PaddedProcessorTests {
  @Test(arguments: 0..<12)
  func givesThePixelsOfOpenpi(number: Int) throws {
    let golden = try GoldenFile("goldens/padded.safetensors")
    let image = try golden.image("\(number).in")
    let frame = try golden.image("\(number).out")
    let processor = PaddedProcessor(size: frame.size)
    #expect(try processor.frame(image) == frame)
    let (rows, columns) = try processor.content(of: image)
    #expect(
      try golden.integers("\(number).content") == [
        rows.lowerBound, rows.upperBound, columns.lowerBound, columns.upperBound,
      ])
  }

  @Test(arguments: [4, 9, 10, 11])
  func givesTheValuesOfOpenpi(number: Int) throws {
    let golden = try GoldenFile("goldens/padded.safetensors")
    let values = try golden.tensor("\(number).values")
    let processor = PaddedProcessor(
      size: PixelSize(height: values.shape[1], width: values.shape[2]))
    expectSame(try processor(try golden.image("\(number).in")), values)
  }

  @Test func coversEveryRecordedFrame() throws {
    let names = try GoldenFile("goldens/padded.safetensors").names
    #expect(names.filter { $0.hasSuffix(".out") }.count == 12)
    #expect(names.filter { $0.hasSuffix(".values") }.count == 4)
  }

  @Test func refusesAPictureThatUpstreamCannotResize() throws {
    let image = try GoldenFile("goldens/padded.safetensors").image("refused.in")
    let processor = PaddedProcessor(size: PixelSize(height: 42, width: 42))
    expect(.imageAspect) { () throws(WeightsError) in _ = try processor.content(of: image) }
    expect(.imageAspect) { () throws(WeightsError) in _ = try processor.frame(image) }
    expect(.imageAspect) { () throws(WeightsError) in _ = try processor(image) }
  }

  @Test func makesNoFrameLargerThanTheLimit() {
    let image = RGBImage(width: 1, height: 1, pixels: [1, 2, 3])
    let processor = PaddedProcessor(size: PixelSize(height: 1 << 14, width: 1 << 14))
    expect(.imageTooLarge) { () throws(WeightsError) in _ = try processor.frame(image) }
  }
}
