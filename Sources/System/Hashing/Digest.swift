/// A SHA-256 digest: 32 bytes, written as 64 lowercase hexadecimal digits.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
  public static let byteCount = 32
  public static let hexCount = 64

  // Four words rather than an array: a bundle holds tens of thousands of these.
  private var words: (UInt64, UInt64, UInt64, UInt64)

  /// Nil unless there are exactly 32 bytes.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    var packed = [UInt64](repeating: 0, count: 4)
    for (index, byte) in bytes.enumerated() {
      packed[index / 8] = packed[index / 8] << 8 | UInt64(byte)
    }
    words = (packed[0], packed[1], packed[2], packed[3])
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
    for word in [words.0, words.1, words.2, words.3] {
      for shift in stride(from: UInt64(56), through: 0, by: -8) {
        result.append(UInt8(truncatingIfNeeded: word >> shift))
      }
    }
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
