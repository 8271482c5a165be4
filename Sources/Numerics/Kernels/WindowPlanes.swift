internal import DVLACKernels

/// Byte planes whose first byte holds the exponent as far as a window goes, and the highest bits of
/// the mantissa, which are not evenly spread: the same bytes in an order that compresses better.
///
/// Every little-endian word is rotated left by one bit, 80 is subtracted from its highest byte
/// modulo 256, and it is rotated left by two. The planes are those of ``BytePlanes``, but the
/// lowest bytes are stored in four quarter planes of two bits a word: of words 4 k to 4 k + 3, byte
/// k of the first holds the highest two bits of their lowest bytes, the first word's lowest. Lowest
/// bytes of words that make no four stay whole behind them.
public enum WindowPlanes {
  /// Words to planes.
  ///
  /// - Parameter width: bytes of a word, 2 or 4.
  /// - Precondition: `elements` are whole words, and `planes` has as many bytes.
  public static func split(
    _ elements: RawSpan, width: Int, into planes: inout MutableRawSpan,
    using set: InstructionSet = .best
  ) {
    precondition(width == 2 || width == 4, "words of 2 or 4 bytes")
    let kernels = set.kernels
    let kernel = unsafe width == 2 ? kernels.window_split16 : kernels.window_split32
    unsafe runElementwise(kernel, elements, width: width, into: &planes, resultWidth: width)
  }

  /// Planes to words: the inverse of ``split(_:width:into:using:)``. Any bytes are planes of words.
  ///
  /// - Parameter width: bytes of a word, 2 or 4.
  /// - Precondition: `planes` are those of whole words, and `elements` has as many bytes.
  public static func merge(
    _ planes: RawSpan, width: Int, into elements: inout MutableRawSpan,
    using set: InstructionSet = .best
  ) {
    precondition(width == 2 || width == 4, "words of 2 or 4 bytes")
    let kernels = set.kernels
    let kernel = unsafe width == 2 ? kernels.window_merge16 : kernels.window_merge32
    unsafe runElementwise(kernel, planes, width: width, into: &elements, resultWidth: width)
  }
}
