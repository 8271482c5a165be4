import Foundation
import Testing

@testable import DVLAHashing

/// Two hashes side by side against libcrypto's, one alone, and the digests of FIPS 180-4.
struct SHA256StreamTests {
  /// Bytes that repeat at no power of two.
  private static func bytes(_ count: Int, from start: Int = 0) -> [UInt8] {
    (start..<start + count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 / 251) }
  }

  @Test(arguments: [false, true])
  func aMillionTimesTheLetterAMatchesNIST(byLibrary: Bool) {
    // FIPS 180-4 example, and that of no bytes beside it.
    let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 64_000)
    var long = SHA256Stream(byLibrary: byLibrary)
    var none = SHA256Stream(byLibrary: byLibrary)
    for _ in 0..<15 {
      SHA256Stream.update(
        &long, unsafe letters.span.bytes, &none, unsafe [UInt8]().span.bytes)
    }
    long.update(unsafe letters.span.bytes.extracting(0..<40_000))
    #expect(
      long.finalize().hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    #expect(
      none.finalize().hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  /// Every count around the borders of blocks and of the padding, beside another.
  @Test func pairsOfAnyLengthsMatchLibcrypto() {
    let counts = Array(0...130) + [191, 192, 255, 256, 1000, 262_144, 262_161]
    for (index, count) in counts.enumerated() {
      let other = counts[(index * 7 + 3) % counts.count]
      let (a, b) = (Self.bytes(count), Self.bytes(other, from: 5))
      let found = unsafe SHA256.hash(a.span.bytes, b.span.bytes)
      #expect(found.0 == SHA256.hash(a), "\(count) beside \(other)")
      #expect(found.1 == SHA256.hash(b), "\(other) beside \(count)")
    }
  }

  /// Pieces at addresses that are no multiples of anything.
  @Test(arguments: [false, true])
  func piecesMatchTheWhole(byLibrary: Bool) {
    let (a, b) = (Self.bytes(40_001), Self.bytes(9_999, from: 77))
    var first = SHA256Stream(byLibrary: byLibrary)
    var second = SHA256Stream(byLibrary: byLibrary)
    first.update(unsafe a.span.bytes.extracting(1..<65))
    SHA256Stream.update(
      &first, unsafe a.span.bytes.extracting(65..<6_465), &second,
      unsafe b.span.bytes.extracting(3..<643))
    SHA256Stream.update(
      &first, unsafe a.span.bytes.extracting(6_465..<40_001), &second,
      unsafe b.span.bytes.extracting(643..<9_999))
    #expect(first.finalize() == SHA256.hash(Array(a[1...])))
    #expect(second.finalize() == SHA256.hash(Array(b[3...])))
  }

  /// Pieces of any length, each beside another, as the framing and the content of frames are.
  @Test(arguments: [false, true])
  func piecesOfAnyLengthMatchTheWhole(byLibrary: Bool) {
    let (a, b) = (Self.bytes(30_011), Self.bytes(30_011, from: 9))
    let lengths = [1, 12, 3, 0, 63, 64, 65, 128, 131, 1000, 52, 11, 4096, 5, 191, 127]
    for turn in lengths.indices {
      var first = SHA256Stream(byLibrary: byLibrary)
      var second = SHA256Stream(byLibrary: byLibrary)
      var (aDone, bDone) = (0, 0)
      for step in 0..<20 {
        let (m, n) = (
          lengths[(step + turn) % lengths.count], lengths[(3 * step + turn) % lengths.count]
        )
        SHA256Stream.update(
          &first, unsafe a.span.bytes.extracting(aDone..<aDone + m), &second,
          unsafe b.span.bytes.extracting(bDone..<bDone + n))
        aDone += m
        bDone += n
      }
      #expect(first.finalize() == SHA256.hash(Array(a[..<aDone])))
      #expect(second.finalize() == SHA256.hash(Array(b[..<bDone])))
    }
  }
}
