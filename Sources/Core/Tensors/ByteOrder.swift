/// The order in which a format stores the bytes of a number.
public enum ByteOrder: Sendable {
  /// The lowest byte first: safetensors, NumPy, zstd, protobuf.
  case littleEndian
  /// The highest byte first: PNG, JPEG, SHA-256.
  case bigEndian
}

extension FixedWidthInteger {
  /// The number that is stored in these bytes.
  ///
  /// - Precondition: there are no more bytes than the type has.
  @inlinable
  public init(bytes: some BidirectionalCollection<UInt8>, _ order: ByteOrder) {
    precondition(bytes.count <= Self.bitWidth / 8, "no more bytes than the type has")
    self =
      switch order {
      case .littleEndian: bytes.reversed().reduce(0) { $0 << 8 | Self(truncatingIfNeeded: $1) }
      case .bigEndian: bytes.reduce(0) { $0 << 8 | Self(truncatingIfNeeded: $1) }
      }
  }
}

extension [UInt8] {
  /// Appends the lowest bytes of an integer.
  ///
  /// - Parameter byteCount: how many; all of them by default.
  @inlinable
  public mutating func append<Number: FixedWidthInteger>(
    _ number: Number, _ order: ByteOrder, byteCount: Int = Number.bitWidth / 8
  ) {
    for index in 0..<byteCount {
      let place = order == .littleEndian ? index : byteCount - 1 - index
      append(UInt8(truncatingIfNeeded: number >> Number(8 * place)))
    }
  }

  /// Appends the four bytes of a float32 (IEEE 754).
  @inlinable
  public mutating func append(_ number: Float, _ order: ByteOrder) {
    append(number.bitPattern, order)
  }
}

extension RawSpan {
  /// The little-endian number at index `index` of an array of them.
  ///
  /// - Precondition: the number lies inside the span.
  @inlinable
  public func littleEndian<Number: FixedWidthInteger & BitwiseCopyable>(
    at index: Int, as _: Number.Type = Number.self
  ) -> Number {
    // Every bit pattern is an integer, and the span checks that the number lies inside it.
    Number(
      littleEndian: unsafe unsafeLoadUnaligned(
        fromByteOffset: index * MemoryLayout<Number>.size, as: Number.self))
  }
}

extension MutableRawSpan {
  /// Stores a float32 as number `index` of a little-endian array of them.
  ///
  /// - Precondition: the number lies inside the span.
  @inlinable
  public mutating func storeLittleEndian(_ number: Float, at index: Int) {
    storeBytes(of: number.bitPattern.littleEndian, toByteOffset: index * 4, as: UInt32.self)
  }
}
