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
