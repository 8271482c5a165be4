import DVLADiagnostics
import DVLAImages
import DVLATestSupport
import Testing

/// Limits of pictures, which a program can set.
struct ImageLimitTests {
  @Test func whatIsSetHolds() throws {
    let picture = try FixtureFolder.bytes("images/rgb8.png")
    let image = try ImageFile.decode(picture)
    func expect(_ change: (inout ImageLimits) -> Void, _ past: (inout ImageLimits) -> Void) throws {
      var limits = ImageLimits()
      change(&limits)
      #expect(try ImageFile.decode(picture, limits: limits) == image)
      past(&limits)
      #expect(throws: WeightsError("image.too-large", "")) {
        try ImageFile.decode(picture, limits: limits)
      }
    }
    let side = max(image.width, image.height)
    try expect({ $0.side = side }, { $0.side = side - 1 })
    let pixels = image.width * image.height
    try expect({ $0.pixelCount = pixels }, { $0.pixelCount = pixels - 1 })
    var limits = ImageLimits()
    limits.fileByteCount = picture.count
    let path = FixtureFolder.path("images/rgb8.png")
    _ = try ImageFile.read(path: path, limits: limits)
    limits.fileByteCount -= 1
    #expect(throws: WeightsError("file.too-large", "")) {
      try ImageFile.read(path: path, limits: limits)
    }
    let progressive = try FixtureFolder.bytes("images/progressive.jpg")
    let starts = zip(progressive, progressive.dropFirst()).count { $0 == 0xFF && $1 == 0xDA }
    var scans = ImageLimits()
    scans.scanCount = starts
    _ = try ImageFile.decode(progressive, limits: scans)
    scans.scanCount -= 1
    #expect(throws: WeightsError("image.corrupt", "")) {
      try ImageFile.decode(progressive, limits: scans)
    }
  }
}
