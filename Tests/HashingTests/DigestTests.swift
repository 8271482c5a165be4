import DVLAHashing
import Testing

struct DigestTests {
  let hex = "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210"

  @Test func keepsBytesAndDigitsInOrder() throws {
    let digest = try #require(Digest(hex: hex))
    #expect(digest.hex == hex)
    #expect(Array(digest.bytes.prefix(4)) == [0x00, 0x11, 0x22, 0x33])
    #expect(Array(digest.bytes.suffix(4)) == [0x76, 0x54, 0x32, 0x10])
    #expect(Digest(bytes: digest.bytes) == digest)
  }

  @Test func everyByteCountsForEquality() throws {
    let digest = try #require(Digest(hex: hex))
    for index in 0..<Digest.byteCount {
      var bytes = digest.bytes
      bytes[index] ^= 1
      #expect(Digest(bytes: bytes) != digest)
    }
  }

  @Test(arguments: [
    "", "00", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
    String(repeating: "A", count: 64), String(repeating: "g", count: 64),
    String(repeating: "0", count: 62) + "é", " " + String(repeating: "0", count: 63),
  ])
  func refusesAnythingButSixtyFourLowercaseDigits(text: String) {
    #expect(Digest(hex: text) == nil)
  }

  @Test(arguments: [0, 31, 33]) func refusesOtherByteCounts(count: Int) {
    #expect(Digest(bytes: [UInt8](repeating: 0, count: count)) == nil)
  }
}
