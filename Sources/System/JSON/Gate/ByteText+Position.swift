import DVLADiagnostics

extension ByteText {
  /// Line and column of a byte, both from 1; the column counts Unicode scalars.
  func place(of offset: Int) -> String {
    var line = 1
    var column = 1
    for position in 0..<min(offset, count) {
      let byte = self[position]
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return "line \(line), column \(column)"
  }

  /// What stands at a byte, for the "found" half of a message.
  func found(at offset: Int) -> String {
    guard offset < count else { return "the end of the text" }
    let byte = self[offset]
    if byte >= 0x80 {
      guard case .valid(let length) = scalarLength(at: offset) else {
        return "byte 0x" + String(byte, radix: 16)
      }
      return string(offset..<offset + length).quoted
    }
    return byte < 0x20 || byte == 0x7F
      ? "byte 0x" + String(byte, radix: 16) : String(Unicode.Scalar(byte)).quoted
  }

  /// An error at a byte of the text.
  func failure(
    _ code: WeightsError.Code, at offset: Int, _ message: String
  ) -> WeightsError {
    WeightsError(code, .malformed, "\(place(of: offset)): \(message)")
  }
}
