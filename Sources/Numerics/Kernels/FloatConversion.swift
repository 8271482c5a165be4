internal import DVLACKernels

/// Casts between floating-point types, over little-endian elements at any alignment.
///
/// - Precondition: of every function: the bytes are whole elements, and the result holds exactly
///   as many.
public enum FloatConversion {
  /// Float32 to bfloat16, rounded to nearest, ties to even; subnormals and infinities as IEEE
  /// 754 has them, overflow to infinity.
  ///
  /// Equal bit for bit to PyTorch's cast of a contiguous tensor on x86 with AVX2 or AVX-512,
  /// where every NaN becomes 0xFFFF. (PyTorch's scalar path gives 0x7FC0 instead.)
  public static func bf16FromF32(
    _ source: RawSpan, into result: inout MutableRawSpan, using set: InstructionSet = .best
  ) {
    unsafe runElementwise(
      set.kernels.bf16_from_f32, source, width: 4, into: &result, resultWidth: 2)
  }

  /// Bfloat16 to float32: exact, NaN bits kept.
  public static func f32FromBF16(
    _ source: RawSpan, into result: inout MutableRawSpan, using set: InstructionSet = .best
  ) {
    unsafe runElementwise(
      set.kernels.f32_from_bf16, source, width: 2, into: &result, resultWidth: 4)
  }

  /// Half precision to float32: exact. A signalling NaN becomes quiet, sign and payload kept, as
  /// the processors' own instructions and PyTorch have it.
  public static func f32FromF16(
    _ source: RawSpan, into result: inout MutableRawSpan, using set: InstructionSet = .best
  ) {
    unsafe runElementwise(
      set.kernels.f32_from_f16, source, width: 2, into: &result, resultWidth: 4)
  }

  /// Half precision to bfloat16, rounded to nearest, ties to even. Every NaN becomes 0x7FC0, as
  /// in PyTorch, which takes its scalar path for this cast.
  public static func bf16FromF16(
    _ source: RawSpan, into result: inout MutableRawSpan, using set: InstructionSet = .best
  ) {
    unsafe runElementwise(
      set.kernels.bf16_from_f16, source, width: 2, into: &result, resultWidth: 2)
  }
}
