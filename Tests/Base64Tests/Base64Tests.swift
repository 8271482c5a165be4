import DVLABase64
import Testing

struct Base64Tests {
  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func theVectorsOfTheStandardGoBothWays(plain: String, coded: String) {
    #expect(Base64.encode(Array(plain.utf8)) == coded)
    #expect(Base64.decode(coded) == Array(plain.utf8))
  }

  @Test func everyByteAndDigitGoesBothWays() {
    let bytes = (0..<256).map { UInt8($0) } + (0..<256).reversed().map { UInt8($0) }
    for count in bytes.indices {
      let part = Array(bytes.suffix(count))
      #expect(Base64.decode(Base64.encode(part)) == part)
    }
    #expect(Base64.decode("+/+/") == [0xFB, 0xFF, 0xBF])
  }

  @Test(arguments: [
    "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zh==", "Zm9=", "Zm8=Zm8=", "Zg==\n", " Zg==",
    "Zm 9v", "Zm-_", "Zm9v\u{0}", "Zm9v====", "Zｍ==", "Z=g=",
  ])
  func anyOtherSpellingIsRefused(text: String) {
    #expect(Base64.decode(text) == nil)
  }
}
