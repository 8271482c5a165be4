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

  /// Every byte at every place of a word.
  @Test func aWordHasLowercaseDigitsOnly() {
    let sound = Array("0f1e2d3c4b5a6978".utf8)
    for position in sound.indices {
      for byte in UInt8.min...UInt8.max {
        var digits = sound
        digits[position] = byte
        let isDigit = Array("0123456789abcdef".utf8).contains(byte)
        let expected = isDigit ? UInt64(String(decoding: digits, as: UTF8.self), radix: 16) : nil
        #expect(Hexadecimal.word(in: digits.span, at: 0) == expected)
      }
    }
    #expect(Hexadecimal.word(in: (Array("xyz".utf8) + sound).span, at: 3) == 0x0f1e_2d3c_4b5a_6978)
  }
}
