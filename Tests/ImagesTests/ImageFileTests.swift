import DVLAImages
import DVLATestSupport
import Testing

@Suite struct ImageFileTests {
  static let sound = FixtureFolder.names(in: "images", suffix: "g")

  @Test(arguments: sound)
  func givesThePixelsOfLoadImage(name: String) throws {
    let golden = try GoldenFile("goldens/images.safetensors")
    let image = try ImageFile.read(path: FixtureFolder.path("images/" + name))
    #expect(image == (try golden.image(name)))
  }

  @Test func knowsEveryRecordedPicture() throws {
    #expect(try GoldenFile("goldens/images.safetensors").names == Self.sound)
    #expect(Self.sound.count > 60)
  }

  @Test func goesByTheFirstBytesNotByTheName() throws {
    let scratch = try ScratchFolder()
    let path = try scratch.write(try FixtureFolder.bytes("images/grey.jpg"), to: "picture.png")
    let golden = try GoldenFile("goldens/images.safetensors")
    #expect(try ImageFile.read(path: path) == golden.image("grey.jpg"))
  }
}
