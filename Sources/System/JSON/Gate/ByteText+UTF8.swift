import DVLADiagnostics

extension ByteText {
  enum ScalarLength {
    case valid(Int)
    case invalid(WeightsError.Code, String)
  }

  /// The length of the scalar outside ASCII at `offset`, by the table of well-formed sequences
  /// (Unicode 16.0, table 3-7).
  func scalarLength(at offset: Int) -> ScalarLength {
    let first = self[offset]
    let second = self[offset + 1]
    let length: Int
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0:
      if second < 0xA0, second >= 0x80 { return Self.overlong }
      length = 3
    case 0xED:
      if second >= 0xA0, second <= 0xBF { return Self.surrogate }
      length = 3
    case 0xE1...0xEF: length = 3
    case 0xF0:
      if second < 0x90, second >= 0x80 { return Self.overlong }
      length = 4
    case 0xF4:
      if second > 0x8F, second <= 0xBF { return Self.tooHigh }
      length = 4
    case 0xF1...0xF3: length = 4
    case 0xC0, 0xC1: return Self.overlong
    case 0xF5...0xFF: return Self.tooHigh
    default: return .invalid(.jsonUTF8, "expected UTF-8, found a stray continuation byte")
    }
    for position in offset + 1..<offset + length where self[position] & 0xC0 != 0x80 {
      return .invalid(
        .jsonUTF8, "expected UTF-8, found byte \(position - offset + 1) of \(length) missing")
    }
    return .valid(length)
  }

  private static let overlong = ScalarLength.invalid(
    .jsonOverlong, "expected the shortest UTF-8 form, found an overlong sequence")
  private static let surrogate = ScalarLength.invalid(
    .jsonEncodedSurrogate, "expected UTF-8, found an encoded surrogate")
  private static let tooHigh = ScalarLength.invalid(
    .jsonUTF8, "expected UTF-8, found a byte for scalars above U+10FFFF")
}
