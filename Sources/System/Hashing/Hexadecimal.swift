/// Words of 64 bits in sixteen lowercase hexadecimal digits: one spelling only, so that equal words
/// are equal texts.
public enum Hexadecimal {
  public static let wordDigitCount = 16

  /// The word whose digits start at `start`; nil unless they are all `0`–`9` or `a`–`f`.
  ///
  /// - Precondition: the span holds sixteen bytes from there on.
  public static func word(in digits: Span<UInt8>, at start: Int) -> UInt64? {
    var word: UInt64 = 0
    var isSound = true
    for index in start..<start + wordDigitCount {
      let digit = digits[index]
      let isDecimal = digit &- 0x30 < 10
      isSound = isSound && (isDecimal || digit &- 0x61 < 6)
      word = word << 4 | UInt64(digit &- (isDecimal ? 0x30 : 0x57))
    }
    return isSound ? word : nil
  }

  public static func digits(of word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: wordDigitCount - digits.count) + digits
  }
}
