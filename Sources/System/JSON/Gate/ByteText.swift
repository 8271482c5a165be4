import DVLADiagnostics

/// The bytes of a JSON text: the one place where the gate touches memory.
///
/// Invariant: `bytes` is readable and unchanged for the life of the value, because it exists only
/// inside the `withUnsafeBytes` call of `StrictJSON.parse`, and no function hands out an address.
/// Every read is checked against the count. Reading past the end gives NUL, which JSON allows
/// nowhere, so that scanning loops need no test for the end.
@safe struct ByteText {
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

  var count: Int { unsafe bytes.count }

  subscript(offset: Int) -> UInt8 {
    @inline(__always) get {
      UInt(bitPattern: offset) < UInt(bitPattern: count) ? unsafe bytes[offset] : 0
    }
  }

  /// The first byte from `offset` on that ends a run of plain string text: a quote, a backslash,
  /// a control character or a byte outside ASCII; `count` when there is none.
  @inline(__always)
  func endOfPlainRun(from offset: Int) -> Int {
    var offset = offset
    while offset >= 0, offset &+ 8 <= count {
      let word = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      let marks = Self.specialBytes(UInt64(littleEndian: word))
      if marks != 0 { return offset &+ marks.trailingZeroBitCount / 8 }
      offset &+= 8
    }
    while offset < count, Self.specialBytes(UInt64(self[offset]) | Self.blankAboveFirst) == 0 {
      offset &+= 1
    }
    return offset
  }

  /// Feeds the bytes of a range inside the text to a hasher.
  func hash(_ range: Range<Int>, into hasher: inout Hasher) {
    unsafe hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: bytes[range]))
  }

  /// A range inside the text as a string, mended where it is no UTF-8.
  func string(_ range: Range<Int>) -> String {
    unsafe String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
  }

  private static let ones: UInt64 = 0x0101_0101_0101_0101
  private static let blankAboveFirst: UInt64 = 0x2020_2020_2020_2000

  /// Bit 7 of the lowest special byte, and of no byte below it. A borrow can also mark bytes
  /// above a true match, which is why only the lowest mark counts.
  @inline(__always)
  private static func specialBytes(_ word: UInt64) -> UInt64 {
    let control = (word &- ones &* 0x20) & ~word
    let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
    let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
    let equal = ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
    return (control | equal | word) & (ones &* 0x80)
  }
}

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

  /// What is at a byte, for the "found" half of a message.
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
