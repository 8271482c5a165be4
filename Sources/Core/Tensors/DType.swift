/// The element types of the safetensors format, with their names in it.
///
/// Source: safetensors 0.8, `tensor.rs`, `enum Dtype`.
public enum DType: String, CaseIterable, Sendable, Hashable {
  case bool = "BOOL"
  case f4 = "F4"
  case f6E2M3 = "F6_E2M3"
  case f6E3M2 = "F6_E3M2"
  case u8 = "U8"
  case i8 = "I8"
  case f8E5M2 = "F8_E5M2"
  case f8E4M3 = "F8_E4M3"
  case f8E8M0 = "F8_E8M0"
  case f8E4M3FNUZ = "F8_E4M3FNUZ"
  case f8E5M2FNUZ = "F8_E5M2FNUZ"
  case i16 = "I16"
  case u16 = "U16"
  case f16 = "F16"
  case bf16 = "BF16"
  case i32 = "I32"
  case u32 = "U32"
  case f32 = "F32"
  case c64 = "C64"
  case f64 = "F64"
  case i64 = "I64"
  case u64 = "U64"

  /// Bits of one element.
  public var bitWidth: Int {
    switch self {
    case .f4: 4
    case .f6E2M3, .f6E3M2: 6
    case .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: 8
    case .i16, .u16, .f16, .bf16: 16
    case .i32, .u32, .f32: 32
    case .c64, .f64, .i64, .u64: 64
    }
  }

  /// Bytes of one element, or nil for the types narrower than a byte.
  public var byteWidth: Int? { bitWidth % 8 == 0 ? bitWidth / 8 : nil }

  /// The floating-point types that this toolkit converts between.
  public var isConvertibleFloat: Bool { self == .f32 || self == .f16 || self == .bf16 }
}

extension DType {
  /// Little-endian elements as doubles, float32 widened exactly; nil for any type but F32 and F64.
  ///
  /// - Precondition: the bytes make whole elements.
  public func doubles(_ bytes: ArraySlice<UInt8>) -> [Double]? {
    switch self {
    case .f32: words(bytes).map { Double(Float(bitPattern: $0)) }
    case .f64: words(bytes).map { Double(bitPattern: $0) }
    default: nil
    }
  }

  private func words<Word: FixedWidthInteger>(_ bytes: ArraySlice<UInt8>) -> [Word] {
    let width = MemoryLayout<Word>.size
    precondition(bytes.count.isMultiple(of: width), "whole elements")
    return stride(from: bytes.startIndex, to: bytes.endIndex, by: width).map { start in
      Word(bytes: bytes[start..<start + width], .littleEndian)
    }
  }
}
