import DVLADiagnostics

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
