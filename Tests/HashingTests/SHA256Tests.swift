import DVLAHashing
import Testing

/// Expected digests: FIPS 180-4 example values from the NIST examples page, and Python's hashlib
/// for the longer ones.
struct SHA256Tests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func matchesNISTExamples(text: String, hex: String) {
    #expect(SHA256.hash(Array(text.utf8)).hex == hex)
  }

  @Test func matchesAMillionTimesTheLetterAInUnevenPieces() {
    var hash = SHA256()
    var left = 1_000_000
    var piece = 1
    let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 70_000)
    while left > 0 {
      let count = min(piece, left, letters.count)
      hash.update(unsafe letters.span.bytes.extracting(0..<count))
      left -= count
      piece = piece * 3 + 1
    }
    #expect(
      hash.finalize().hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func hashesAreIndependentOfEachOther() {
    var first = SHA256()
    var second = SHA256()
    first.update("ab".utf8Bytes)
    second.update("x".utf8Bytes)
    first.update("c".utf8Bytes)
    #expect(first.finalize() == SHA256.hash("abc".utf8Bytes))
    #expect(second.finalize() == SHA256.hash("x".utf8Bytes))
  }
}

extension String {
  fileprivate var utf8Bytes: [UInt8] { Array(utf8) }
}
