import DVLAKernels
public import DVLATensors

/// Casts between the floating-point types that tensors are stored in.
public enum ElementCast {
  /// Whether ``cast(_:from:to:into:)`` supports the pair: float32, bfloat16 and half precision in
  /// any combination, and equal types.
  public static func isPossible(from source: DType, to result: DType) -> Bool {
    source == result || source.isConvertibleFloat && result.isConvertibleFloat
  }

  /// Casts elements as PyTorch does (`FloatConversion`); equal types are copied.
  ///
  /// - Precondition: the cast ``isPossible(from:to:)``, the source is whole elements, and the
  ///   result holds exactly as many.
  public static func cast(
    _ source: RawSpan, from sourceType: DType, to resultType: DType,
    into result: inout MutableRawSpan
  ) {
    switch (sourceType, resultType) {
    case (.f32, .bf16): FloatConversion.bf16FromF32(source, into: &result)
    case (.bf16, .f32): FloatConversion.f32FromBF16(source, into: &result)
    case (.f16, .f32): FloatConversion.f32FromF16(source, into: &result)
    case (.f16, .bf16): FloatConversion.bf16FromF16(source, into: &result)
    case (.f32, .f16): halve(source, width: 4, into: &result)
    case (.bf16, .f16): halve(source, width: 2, into: &result)
    default:
      precondition(sourceType == resultType, "a cast between floating-point types")
      precondition(source.byteCount == result.byteCount, "result holds as many")
      // Both spans are valid for their counts, which are equal; bytes have no invalid values.
      unsafe source.withUnsafeBytes { source in
        unsafe result.withUnsafeMutableBytes { unsafe $0.copyMemory(from: source) }
      }
    }
  }

  /// Casts to half precision, rounded to nearest, ties to even, as `Float16` does it. Only an
  /// export of a model that came in half precision needs it, so it is a simple loop.
  private static func halve(_ source: RawSpan, width: Int, into result: inout MutableRawSpan) {
    precondition(source.byteCount / width == result.byteCount / 2, "result holds as many")
    for index in 0..<result.byteCount / 2 {
      // In bounds by the count above; any bits are a float.
      let bits =
        width == 4
        ? unsafe source.unsafeLoadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
        : unsafe UInt32(
          source.unsafeLoadUnaligned(fromByteOffset: index * 2, as: UInt16.self)) << 16
      result.storeBytes(
        of: Float16(Float(bitPattern: bits)).bitPattern, toByteOffset: index * 2, as: UInt16.self)
    }
  }
}
