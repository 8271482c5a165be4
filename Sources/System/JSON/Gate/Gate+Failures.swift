import DVLADiagnostics

extension Gate {
  func failure(_ code: WeightsError.Code, _ message: String) -> WeightsError {
    text.failure(code, at: position, message)
  }

  func trailingComma() -> WeightsError {
    failure(.jsonTrailingComma, "expected no comma before \(text.found(at: position))")
  }

  /// The error for a byte the grammar does not allow here. Whatever a common dialect or mishap
  /// explains better gets its own code.
  func unexpected(
    _ expected: String, code: WeightsError.Code = .jsonSyntax
  ) -> WeightsError {
    guard position < text.count else {
      return failure(.jsonTruncated, "expected \(expected), found the end of the text")
    }
    let byte = text[position]
    switch byte {
    case 0: return nulByte()
    case UInt8(ascii: "'"):
      return failure(.jsonSingleQuote, "expected \(expected), found a single quote")
    case UInt8(ascii: "/"), UInt8(ascii: "#"):
      return failure(.jsonComment, "expected \(expected), found \(text.found(at: position))")
    case UInt8(ascii: "+"), UInt8(ascii: "."):
      return failure(.jsonNumber, "expected \(expected), found \(text.found(at: position))")
    case 0x80...:
      if case .invalid(let code, let message) = text.scalarLength(at: position) {
        return failure(code, message)
      }
    default:
      if let name = nonFiniteName(at: position) {
        return failure(.jsonNonFinite, "expected \(expected), found \(name)")
      }
    }
    return failure(code, "expected \(expected), found \(text.found(at: position))")
  }

  func nulByte() -> WeightsError {
    failure(.jsonNULByte, "expected JSON text, found a NUL byte")
  }

  /// The spelling of NaN or infinity that begins at an offset.
  func nonFiniteName(at offset: Int) -> String? {
    ["NaN", "Infinity", "nan", "inf", "Inf"].first { name in
      name.utf8.enumerated().allSatisfy { text[offset + $0.offset] == $0.element }
    }
  }

  func refuseByteOrderMark() throws(WeightsError) {
    let encoding: String
    switch (text[0], text[1], text[2]) {
    case (0xEF, 0xBB, 0xBF): encoding = "UTF-8"
    case (0xFF, 0xFE, _): encoding = "UTF-16 or UTF-32"
    case (0xFE, 0xFF, _): encoding = "UTF-16"
    default: return
    }
    throw failure(
      .jsonByteOrderMark, "expected UTF-8 without a mark, found the byte order mark of \(encoding)")
  }
}
