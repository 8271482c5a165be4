import DVLADiagnostics
import DVLAImages
import DVLAJSON
import DVLATestSupport
import Testing

@Suite struct DamageTests {
  @Test func refusesEveryDamagedFileByItsRule() throws {
    let text = String(decoding: try FixtureFolder.bytes("images/damaged/cases.json"), as: UTF8.self)
    let cases = try #require(try StrictJSON.parse(text).object)
    #expect(cases.count > 50)
    for (name, code) in cases.members {
      let path = FixtureFolder.path("images/damaged/" + name)
      do throws(WeightsError) {
        _ = try ImageFile.read(path: path)
        Issue.record("\(name) was read")
      } catch {
        #expect(error.code.rawValue == code.string, "\(name): \(error)")
        #expect(error.kind == .malformed)
        #expect(error.file == path)
        #expect(!error.description.contains("\n"))
      }
    }
  }

  @Test func namesTheFormatThatItDoesNotRead() throws {
    do throws(WeightsError) {
      _ = try ImageFile.read(path: FixtureFolder.path("images/damaged/another.webp"))
      Issue.record("a WebP file was read")
    } catch {
      #expect(error.message.contains("WebP"))
    }
  }

  @Test func saysWhichFileIsMissing() {
    do throws(WeightsError) {
      _ = try ImageFile.read(path: "/nowhere/picture.png")
      Issue.record("a missing file was read")
    } catch {
      #expect(error.kind == .notFound)
      #expect(error.file == "/nowhere/picture.png")
    }
  }

  @Test(arguments: [
    "rgb8.png", "palette4-interlaced.png", "rgb16.png", "orientation7-raw-profile-compressed.png",
    "baseline-420.jpg", "progressive.jpg", "restarts.jpg", "cmyk.jpg", "orientation6.jpg",
  ])
  func refusesEveryBeginningOfAFile(name: String) throws {
    let bytes = try FixtureFolder.bytes("images/" + name)
    for count in 0..<bytes.count {
      do throws(WeightsError) {
        _ = try ImageFile.decode(Array(bytes[..<count]))
        Issue.record("\(count) of \(bytes.count) bytes were read")
      } catch {
        #expect(error.kind == .malformed)
        if count > 8 { #expect(error.code == .imageTruncated, "at \(count): \(error)") }
      }
    }
  }

  @Test(arguments: ["rgb8.png", "palette2.png", "orientation6-xmp.png"])
  func seesEveryChangedByteOfAPNG(name: String) throws {
    let bytes = try FixtureFolder.bytes("images/" + name)
    for index in bytes.indices {
      for change: UInt8 in [0x01, 0x20, 0x80, 0xFF] {
        var damaged = bytes
        damaged[index] ^= change
        #expect(throws: WeightsError.self, "byte \(index) ^ \(change)") {
          try ImageFile.decode(damaged)
        }
      }
    }
  }

  @Test(arguments: ["baseline-420.jpg", "progressive.jpg", "cmyk.jpg", "orientation6.jpg"])
  func survivesEveryChangedByteOfAJPEG(name: String) throws {
    let bytes = try FixtureFolder.bytes("images/" + name)
    for index in bytes.indices {
      for change: UInt8 in [0x01, 0x10, 0x80, 0xFF] {
        var damaged = bytes
        damaged[index] ^= change
        do throws(WeightsError) {
          // JPEG has no checksum: another picture may come out, but a whole one.
          let image = try ImageFile.decode(damaged)
          #expect(image.pixels.count == 3 * image.width * image.height)
        } catch {
          #expect(error.kind == .malformed, "\(error)")
        }
      }
    }
  }

  @Test func checksTheLimitsItIsGiven() throws {
    let bytes = try FixtureFolder.bytes("images/rgb8.png")
    let path = FixtureFolder.path("images/rgb8.png")
    var limits = ImageLimits()
    limits.side = 12
    expect(.imageTooLarge) { () throws(WeightsError) in
      _ = try ImageFile.decode(bytes, limits: limits)
    }
    limits.side = 13
    limits.pixelCount = 11 * 13 - 1
    expect(.imageTooLarge) { () throws(WeightsError) in
      _ = try ImageFile.decode(bytes, limits: limits)
    }
    limits.pixelCount += 1
    #expect(try ImageFile.decode(bytes, limits: limits).width == 13)
    limits.fileByteCount = bytes.count - 1
    #expect(throws: WeightsError.self) { try ImageFile.read(path: path, limits: limits) }
    var scans = ImageLimits()
    scans.scanCount = 3
    let progressive = try FixtureFolder.bytes("images/progressive.jpg")
    expect(.imageCorrupt) { () throws(WeightsError) in
      _ = try ImageFile.decode(progressive, limits: scans)
    }
  }
}
