import DVLADiagnostics

extension Gate {
  /// Scans a string from its opening quote to behind its closing quote. A key is also handed to
  /// the ledger, decoded from its first escape on.
  ///
  /// - Returns: whether the string holds escapes.
  @inline(__always)
  mutating func scanString(asKey isKey: Bool) throws(WeightsError) -> Bool {
    position &+= 1
    if isKey { keys.beginKey(at: position) }
    var hasEscapes = false
    while true {
      let runStart = position
      position = text.endOfPlainRun(from: position)
      if isKey, hasEscapes { keys.appendText(runStart..<position) }
      let byte = text[position]
      switch byte {
      case UInt8(ascii: "\""):
        position &+= 1
        return hasEscapes
      case UInt8(ascii: "\\"):
        if isKey, !hasEscapes { keys.beginDecoding(at: position) }
        hasEscapes = true
        let escapeStart = position
        let scalar = try scanEscape()
        guard isKey else { continue }
        guard scalar != "\0" else {
          throw text.failure(
            .jsonNUL, at: escapeStart, "expected a key without NUL, found \"\\u0000\" in it")
        }
        keys.append(scalar)
      case 0x80...:
        let start = position
        try scanScalarsOutsideASCII()
        if isKey, hasEscapes { keys.appendText(start..<position) }
      default:
        throw badStringByte(byte)
      }
    }
  }

  private mutating func scanScalarsOutsideASCII() throws(WeightsError) {
    while text[position] >= 0x80 {
      switch text.scalarLength(at: position) {
      case .valid(let length): position &+= length
      case .invalid(let code, let message): throw failure(code, message)
      }
    }
  }

  private func badStringByte(_ byte: UInt8) -> WeightsError {
    if position >= text.count { return unexpected("a closing quote") }
    if byte == 0 { return nulByte() }
    return failure(
      .jsonControlCharacter,
      "expected control characters to be escaped, found "
        + text.found(at: position))
  }

  /// Scans one escape, or the two of a surrogate pair, and returns the scalar.
  private mutating func scanEscape() throws(WeightsError) -> Unicode.Scalar {
    let start = position
    position &+= 2
    switch text[start + 1] {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default:
      position = start + 1
      guard position < text.count else { throw unexpected("an escape") }
      throw failure(.jsonEscape, "expected an escape, found \\ and \(text.found(at: position))")
    }
    let high = try scanHexDigits()
    if let scalar = Unicode.Scalar(high) { return scalar }
    let isPair =
      high < 0xDC00 && text[position] == UInt8(ascii: "\\")
      && text[position + 1] == UInt8(ascii: "u")
    var low: UInt32 = 0
    if isPair {
      position &+= 2
      low = try scanHexDigits()
    }
    let pair = 0x10000 &+ (high &- 0xD800) << 10 &+ (low &- 0xDC00)
    guard (0xDC00...0xDFFF).contains(low), let scalar = Unicode.Scalar(pair) else {
      throw text.failure(
        .jsonSurrogateEscape, at: start,
        "expected a surrogate pair, found \\u\(String(high, radix: 16)) alone")
    }
    return scalar
  }

  private mutating func scanHexDigits() throws(WeightsError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Self.hexValue(text[position]) else {
        guard position < text.count else { throw unexpected("a hexadecimal digit") }
        throw failure(
          .jsonEscape, "expected four hexadecimal digits, found \(text.found(at: position))")
      }
      value = value << 4 | digit
      position &+= 1
    }
    return value
  }

  @inline(__always)
  private static func hexValue(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte &- UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte &- UInt8(ascii: "a") &+ 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte &- UInt8(ascii: "A") &+ 10)
    default: nil
    }
  }
}

extension Gate {
  /// Scans a number. Beyond the grammar: no integer literal beyond 64 bits, no literal that a
  /// double holds only as infinity.
  @inline(__always)
  mutating func scanNumber() throws(WeightsError) {
    let start = position
    let isNegative = text[start] == UInt8(ascii: "-")
    if isNegative { position &+= 1 }
    let firstDigit = position
    skipDigits()
    let digits = firstDigit..<position
    if digits.isEmpty { throw missingDigit("a digit after \"-\"") }
    if digits.count > 1, text[firstDigit] == UInt8(ascii: "0") {
      throw text.failure(
        .jsonNumber, at: start,
        "expected a number without leading zeros, found "
          + literal(from: start))
    }

    var isInteger = true
    if text[position] == UInt8(ascii: ".") {
      isInteger = false
      position &+= 1
      try requireDigits("a digit after \".\"")
    }
    var exponentDigitCount = 0
    if text[position] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      position &+= 1
      if text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-") {
        position &+= 1
      }
      let exponentStart = position
      try requireDigits("a digit in the exponent")
      exponentDigitCount = position &- exponentStart
    }
    try checkEnd(of: start)

    if isInteger {
      if digits.count > 18 { try checkFits64Bits(digits, isNegative: isNegative, from: start) }
      if isNegative, text[firstDigit] == UInt8(ascii: "0") { negativeZeroEnds.append(position) }
    } else if exponentDigitCount > 2 || digits.count > 200 {
      // An exponent of two digits cannot lift 200 digits to the 309 of the largest double.
      try checkFinite(start..<position)
    }
  }

  @inline(__always)
  private mutating func skipDigits() {
    while text[position] &- UInt8(ascii: "0") < 10 { position &+= 1 }
  }

  private mutating func requireDigits(_ expected: String) throws(WeightsError) {
    let start = position
    skipDigits()
    if position == start { throw missingDigit(expected) }
  }

  private func missingDigit(_ expected: String) -> WeightsError {
    unexpected(expected, code: .jsonNumber)
  }

  /// Refuses what would be read as a number and a rest: `0x10`, `1_000`, `1.2.3`, `12abc`.
  @inline(__always)
  private func checkEnd(of start: Int) throws(WeightsError) {
    switch text[position] {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"):
      throw failure(
        .jsonNumber, "expected the end of the number, found \(text.found(at: position))")
    default: break
    }
    guard position - start <= limits.maximumNumberLength else {
      throw text.failure(
        .jsonNumber, at: start,
        "expected a number of at most \(limits.maximumNumberLength) bytes, found "
          + "\(position - start)")
    }
  }

  private func checkFits64Bits(
    _ digits: Range<Int>, isNegative: Bool, from start: Int
  ) throws(WeightsError) {
    var magnitude: UInt64 = 0
    var overflows = digits.count > 20
    if !overflows {
      for offset in digits {
        let product = magnitude.multipliedReportingOverflow(by: 10)
        let sum = product.partialValue.addingReportingOverflow(
          UInt64(text[offset] &- UInt8(ascii: "0")))
        overflows = overflows || product.overflow || sum.overflow
        magnitude = sum.partialValue
      }
    }
    if overflows || (isNegative && magnitude > Int64.min.magnitude) {
      throw text.failure(
        .jsonIntegerRange, at: start,
        "expected an integer of at most 64 bits, found \(literal(from: start))")
    }
  }

  private func checkFinite(_ range: Range<Int>) throws(WeightsError) {
    guard let value = Double(text.string(range)), value.isFinite else {
      throw text.failure(
        .jsonNumberRange, at: range.lowerBound,
        "expected a number within double range, found \(literal(from: range.lowerBound))")
    }
  }

  private func literal(from start: Int) -> String {
    let end = min(position, start + 40)
    return text.string(start..<end) + (end < position ? "…" : "")
  }
}
