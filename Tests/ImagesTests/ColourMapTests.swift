import DVLADiagnostics
import DVLAImages
import DVLATensors
import DVLATestSupport
import Testing

@Suite struct ColourMapTests {
  @Test func holdsTheBytesOfMatplotlib() throws {
    let golden = try GoldenFile("goldens/colourmap.safetensors")
    #expect(ColourMap.spectralReversed.bytes == (try golden.bytes("spectral_r")))
  }

  @Test(arguments: ["disparity", "metric"])
  func makesThePicturesOfDepthAnything(name: String) throws {
    let golden = try GoldenFile("goldens/colourmap.safetensors")
    let picture = try ColourMap.spectralReversed.picture(of: golden.tensor("in." + name))
    #expect(picture == (try golden.image("picture." + name)))
  }

  @Test func stretchesGreyFromBlackToWhite() throws {
    let depth = Tensor([-2, 0, 2, 1, -1, 0], shape: [2, 3])
    let picture = try ColourMap.grey.picture(of: depth)
    let levels = stride(from: 0, to: 18, by: 3).map { picture.pixels[$0] }
    #expect(levels == [0, 127, 255, 191, 63, 127])
    #expect([picture.height, picture.width] == [2, 3])
  }

  @Test func givesAConstantMapTheFirstColour() throws {
    let picture = try ColourMap.spectralReversed.picture(of: Tensor([7, 7], shape: [1, 2]))
    #expect(picture.pixels == [94, 79, 162, 94, 79, 162])
  }

  @Test func spansTheWholeRangeOfFloats() throws {
    let most = Float.greatestFiniteMagnitude
    let picture = try ColourMap.grey.picture(of: Tensor([-most, 0, most], shape: [1, 3]))
    #expect(picture.pixels == [0, 0, 0, 127, 127, 127, 255, 255, 255])
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func refusesWhatIsNoDepth(value: Float) {
    expect(.depthNotFinite) { () throws(WeightsError) in
      _ = try ColourMap.grey.picture(of: Tensor([1, 2, value], shape: [3, 1]))
    }
  }
}
