import DVLATensors

/// A SHA-256 digest: 32 bytes, written as 64 lowercase hexadecimal digits.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
  public static let byteCount = 32
  public static let hexCount = 64

  // Four words rather than an array: a bundle holds tens of thousands of these.
  private var words: (UInt64, UInt64, UInt64, UInt64)

  /// Nil unless there are exactly 32 bytes.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    let bytes = Array(bytes)
    func word(_ index: Int) -> UInt64 {
      UInt64(bytes: bytes[8 * index..<8 * (index + 1)], .bigEndian)
    }
    words = (word(0), word(1), word(2), word(3))
  }

  /// Nil unless there are exactly 64 digits, each one of `0`–`9` and `a`–`f`. One spelling only,
  /// so that equal digests are equal texts.
  public init?(hex: String) {
    let digits = Array(hex.utf8)
    self.init(hexDigits: digits.span)
  }

  /// As ``init(hex:)``, from the UTF-8 of the digits.
  public init?(hexDigits digits: Span<UInt8>) {
    guard digits.count == Self.hexCount,
      let first = Hexadecimal.word(in: digits, at: 0),
      let second = Hexadecimal.word(in: digits, at: 16),
      let third = Hexadecimal.word(in: digits, at: 32),
      let fourth = Hexadecimal.word(in: digits, at: 48)
    else { return nil }
    words = (first, second, third, fourth)
  }

  public var bytes: [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(Self.byteCount)
    for word in [words.0, words.1, words.2, words.3] { result.append(word, .bigEndian) }
    return result
  }

  public var hex: String {
    [words.0, words.1, words.2, words.3].map(Hexadecimal.digits).joined()
  }

  public var description: String { hex }

  public static func == (a: Self, b: Self) -> Bool { a.words == b.words }
  public func hash(into hasher: inout Hasher) {
    // Any 64 bits of a SHA-256 digest are as good as all of it.
    hasher.combine(words.0)
  }
}

/// Words of 64 bits in sixteen lowercase hexadecimal digits: one spelling only, so that equal words
/// are equal texts.
public enum Hexadecimal {
  public static let wordDigitCount = 16

  /// The word whose digits start at `start`; nil unless they are all `0`–`9` or `a`–`f`.
  ///
  /// - Precondition: the span holds sixteen bytes from there on.
  public static func word(in digits: Span<UInt8>, at start: Int) -> UInt64? {
    // Any eight bytes are a word; the span checks that they lie inside it.
    let bytes = unsafe digits.bytes
    guard
      let high = unsafe half(
        bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self).littleEndian),
      let low = unsafe half(
        bytes.unsafeLoadUnaligned(fromByteOffset: start + 8, as: UInt64.self).littleEndian)
    else { return nil }
    return UInt64(high) << 32 | UInt64(low)
  }

  /// The value of eight digits, the first in the lowest byte.
  @inline(__always)
  private static func half(_ digits: UInt64) -> UInt32? {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops = ones &* 0x80
    // Each byte is counted from `0`, or from `a` where bit 6 says that it is a letter. With bit 7
    // set before a subtraction no byte borrows from the next, and the bit is left where the result
    // is not negative.
    let isLetter = digits >> 6 & ones
    let fromFirst = (digits | tops) &- (ones &* 0x30 &+ isLetter &* 0x31)
    let offsets = fromFirst & ~tops
    let toLast = (ones &* 9 &- isLetter &* 4 | tops) &- offsets
    guard fromFirst & toLast & ~digits & tops == tops else { return nil }
    let nibbles = offsets &+ isLetter &* 10
    let pairs = (nibbles << 4 | nibbles >> 8) & 0x00FF_00FF_00FF_00FF
    let quads = (pairs | pairs >> 8) & 0x0000_FFFF_0000_FFFF
    return UInt32(truncatingIfNeeded: quads | quads >> 16).byteSwapped
  }

  public static func digits(of word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: wordDigitCount - digits.count) + digits
  }
}
