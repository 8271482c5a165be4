extension DType {
  /// Little-endian elements as doubles, float32 widened exactly; nil for any type but F32 and F64.
  ///
  /// - Precondition: the bytes make whole elements.
  public func doubles(_ bytes: ArraySlice<UInt8>) -> [Double]? {
    switch self {
    case .f32:
      words(bytes, of: UInt32.self).map { Double(Float(bitPattern: $0)) }
    case .f64:
      words(bytes, of: UInt64.self).map { Double(bitPattern: $0) }
    default: nil
    }
  }

  private func words<Word: FixedWidthInteger>(
    _ bytes: ArraySlice<UInt8>, of _: Word.Type
  ) -> [Word] {
    let width = MemoryLayout<Word>.size
    precondition(bytes.count.isMultiple(of: width), "whole elements")
    return stride(from: bytes.startIndex, to: bytes.endIndex, by: width).map { start in
      bytes[start..<start + width].reversed().reduce(0) { $0 << 8 | Word($1) }
    }
  }
}
