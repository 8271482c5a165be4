/// A place in the bytes of a header, and what can be read there that is written in one way only.
///
/// Nothing throws. What is written otherwise, sound or not, is left to the reader of any JSON,
/// which says what is wrong with it.
struct HeaderCursor {
  let bytes: [UInt8]
  var position: Int
  /// The keys of the objects that are open, as ranges of `bytes`.
  var keys: [Range<Int>] = []

  init(_ bytes: [UInt8], at position: Int) {
    self.bytes = bytes
    self.position = position
  }

  /// NUL, which JSON allows nowhere, behind the end.
  subscript(offset: Int) -> UInt8 {
    @inline(__always) get { offset < bytes.count ? bytes[offset] : 0 }
  }

  @inline(__always)
  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard self[position] == UInt8(ascii: character) else { return false }
    position &+= 1
    return true
  }

  mutating func skip(_ literal: [UInt8]) -> Bool {
    guard literal.count <= bytes.count - position,
      Self.areEqual(literal, 0, bytes, position, count: literal.count)
    else { return false }
    position += literal.count
    return true
  }

  /// Skips the same bytes as those of an earlier range.
  mutating func skip(repeated range: Range<Int>) -> Bool {
    guard range.count <= bytes.count - position,
      Self.areEqual(bytes, range.lowerBound, bytes, position, count: range.count)
    else { return false }
    position += range.count
    return true
  }

  /// An integer of at most 18 digits.
  @inline(__always)
  mutating func integer() -> Int? {
    let start = position
    var value = 0
    while true {
      let digit = self[position] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      value = value &* 10 &+ Int(digit)
      position &+= 1
    }
    let count = position - start
    guard count == 1 || (2...18 ~= count && bytes[start] != UInt8(ascii: "0")) else { return nil }
    return value
  }

  /// Skips printable ASCII up to a quote or a backslash.
  @inline(__always)
  mutating func plainText() -> Range<Int> {
    let start = position
    position = endOfPlainRun(from: start)
    return start..<position
  }

  func areEqual(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
    a.count == b.count && Self.areEqual(bytes, a.lowerBound, bytes, b.lowerBound, count: a.count)
  }

  /// Whether nothing but spaces follows.
  func endsInSpaces() -> Bool {
    var offset = position
    while offset + 8 <= bytes.count {
      guard Self.word(bytes, offset) == Self.ones &* UInt64(UInt8(ascii: " ")) else { return false }
      offset += 8
    }
    return bytes[offset...].allSatisfy { $0 == UInt8(ascii: " ") }
  }

  // MARK: Words of eight bytes

  static let ones: UInt64 = 0x0101_0101_0101_0101
  static let topBits: UInt64 = 0x8080_8080_8080_8080

  /// - Precondition: eight bytes lie there.
  @inline(__always)
  static func word(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
    // Any eight bytes are a word; the span checks that they lie inside it.
    unsafe UInt64(
      littleEndian: bytes.span.bytes.unsafeLoadUnaligned(
        fromByteOffset: offset, as: UInt64.self))
  }

  @inline(__always)
  private static func areEqual(
    _ a: [UInt8], _ aStart: Int, _ b: [UInt8], _ bStart: Int, count: Int
  ) -> Bool {
    var offset = 0
    while offset + 8 <= count {
      guard word(a, aStart + offset) == word(b, bStart + offset) else { return false }
      offset += 8
    }
    while offset < count {
      guard a[aStart + offset] == b[bStart + offset] else { return false }
      offset += 1
    }
    return true
  }

  /// The first byte from `offset` on that is a quote, a backslash or no printable ASCII.
  @inline(__always)
  private func endOfPlainRun(from start: Int) -> Int {
    var offset = start
    while offset + 8 <= bytes.count {
      let word = Self.word(bytes, offset)
      // Bit 7 of the lowest such byte, and of no byte below it: a borrow can only mark bytes
      // above a true one.
      let controls = (word &- Self.ones &* 0x20) & ~word
      let marks =
        (controls | Self.zeros(word ^ Self.ones &* UInt64(UInt8(ascii: "\"")))
          | Self.zeros(word ^ Self.ones &* UInt64(UInt8(ascii: "\\")))
          | Self.zeros(word ^ Self.ones &* 0x7F) | word) & Self.topBits
      if marks != 0 { return offset + marks.trailingZeroBitCount / 8 }
      offset += 8
    }
    while offset < bytes.count, 0x20..<0x7F ~= bytes[offset], bytes[offset] != UInt8(ascii: "\""),
      bytes[offset] != UInt8(ascii: "\\")
    { offset += 1 }
    return offset
  }

  @inline(__always)
  private static func zeros(_ word: UInt64) -> UInt64 { (word &- ones) & ~word }
}
