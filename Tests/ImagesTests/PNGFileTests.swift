import DVLADiagnostics
import DVLAImages
import DVLATestSupport
import Testing

@Suite struct PNGFileTests {
  @Test(arguments: ["rgb8.png", "one-pixel.png", "one-row.png", "baseline-444.jpg"])
  func keepsEveryPixel(name: String) throws {
    let image = try ImageFile.read(path: FixtureFolder.path("images/" + name))
    #expect(try ImageFile.decode(PNGFile.encode(image)) == image)
  }

  @Test func writesTheSameBytesEachTimeAndNothingButThePicture() throws {
    let image = try ImageFile.read(path: FixtureFolder.path("images/rgb8.png"))
    let file = try PNGFile.encode(image)
    #expect(try PNGFile.encode(image) == file)
    #expect(chunkNames(file) == ["IHDR", "IDAT", "IEND"])
  }

  @Test func writesGreyOf16Bits() throws {
    let file = try PNGFile.encode(grey16: [0, 1, 256, 65535, 4660, 77], width: 3, height: 2)
    #expect(chunkNames(file) == ["IHDR", "IDAT", "IEND"])
    // Width, height, bit depth, colour type grey.
    #expect(Array(file[16..<26]) == [0, 0, 0, 3, 0, 0, 0, 2, 16, 0])
    expect(.imageGrey16) { () throws(WeightsError) in _ = try ImageFile.decode(file) }
  }

  @Test func writesTextsBeforeThePixels() throws {
    let file = try PNGFile.encode(
      grey16: [7], width: 1, height: 1, texts: [("StepsPerMetre", "128"), ("A", "")])
    #expect(chunkNames(file) == ["IHDR", "tEXt", "tEXt", "IDAT", "IEND"])
    let text = Array("StepsPerMetre".utf8) + [0] + Array("128".utf8)
    #expect(Array(file[33..<37]) == [0, 0, 0, 17])
    #expect(Array(file[41..<58]) == text)
  }

  private func chunkNames(_ file: [UInt8]) -> [String] {
    var names: [String] = []
    var offset = 8
    while offset < file.count {
      let length = file[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
      names.append(String(decoding: file[offset + 4..<offset + 8], as: UTF8.self))
      offset += length + 12
    }
    return names
  }
}
