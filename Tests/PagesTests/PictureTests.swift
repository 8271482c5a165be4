import DVLADiagnostics
import DVLAImages
import DVLAPages
import DVLATensors
import Testing

struct PictureTests {
  @Test func onePixelIsThisPNG() throws {
    let html = try Picture(
      RGBImage(width: 1, height: 1, pixels: [255, 0, 0]), caption: "C <", description: "D \""
    ).markup().html
    // The signature of PNG files, the length and name of the header, and its width of 1.
    #expect(html.contains("src=\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"))
    #expect(html.contains("class=\"small\" width=\"1\" height=\"1\" alt=\"D &quot;\""))
    #expect(html.contains("<figcaption>C &lt;</figcaption>"))
  }

  @Test func largePicturesAreScaledDownAndKeepTheirShape() throws {
    let large = RGBImage(
      width: 1280, height: 720, pixels: [UInt8](repeating: 9, count: 3 * 1280 * 720))
    let html = try Picture(large, caption: "", description: "").markup().html
    #expect(html.contains("width=\"320\" height=\"180\""))
    #expect(!html.contains("class=\"small\""))
    #expect(html.utf8.count < 4000)
    let line = RGBImage(width: 2000, height: 1, pixels: [UInt8](repeating: 9, count: 6000))
    #expect(try Picture(line, caption: "", description: "").markup().html.contains("height=\"1\""))
  }
}

struct ColourScaleTests {
  private let reference = Tensor([1, 2, 3, 5], shape: [2, 2])
  private let candidate = Tensor([2, 2, 3, 3], shape: [2, 2])

  /// In grey from 1 to 5: 3 is halfway and 2 a quarter, 127 and 63 truncated.
  @Test func severalMapsShareOneScale() throws {
    let scale = ColourScale(of: [reference, candidate], in: .grey, unit: "m")
    #expect(scale.range == 1...5)
    #expect(try scale.picture(of: reference).pixels == [0, 63, 127, 255].flatMap { [$0, $0, $0] })
    #expect(
      try scale.picture(of: candidate).pixels == [63, 63, 127, 127].flatMap { [$0, $0, $0] })
    let legend = try scale.legend("Depth").html
    #expect(legend.contains("<span>1 m</span><span>3 m</span><span>5 m</span>"))
  }

  @Test func noDifferenceIsInTheMiddle() throws {
    let scale = ColourScale(
      around: Tensor([-0.5, 0, 0.25], shape: [1, 3]), in: .redWhiteBlueReversed, unit: "")
    #expect(scale.range == -0.5...0.5)
    let pixels = try scale.picture(of: Tensor([-0.5, 0, 0.5], shape: [1, 3])).pixels
    // The ends of ColorBrewer's RdBu, and its white to within a step of the map.
    #expect(pixels[..<3] == [5, 48, 97] && pixels[6...] == [103, 0, 31])
    #expect(pixels[3..<6].allSatisfy { $0 >= 245 })
  }

  @Test func mapsWithoutDifferenceHaveOneColour() throws {
    let zero = Tensor([0, 0], shape: [1, 2])
    let scale = ColourScale(around: zero, in: .grey, unit: "")
    #expect(try scale.picture(of: zero).pixels == [0, 0, 0, 0, 0, 0])
  }

  @Test func whatIsNoDepthIsRefused() {
    let scale = ColourScale(of: [reference], in: .grey, unit: "")
    #expect(throws: WeightsError.self) {
      try scale.picture(of: Tensor([1, .nan], shape: [1, 2]))
    }
  }
}
