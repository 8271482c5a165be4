internal import DVLACKernels

/// Byte planes: the same bytes in another order, which compresses better.
///
/// Every little-endian word is rotated left by one bit, so that the sign comes last and the
/// exponent of a bfloat16 or float32 fills the highest byte. Plane 0 holds the highest byte of all
/// words, plane 1 the next, and so on; the planes follow each other.
public enum BytePlanes {
  /// Words to planes.
  ///
  /// - Parameter width: bytes of a word, 2 or 4.
  /// - Precondition: `elements` are whole words, and `planes` has as many bytes.
  public static func split(
    _ elements: RawSpan, width: Int, into planes: inout MutableRawSpan,
    using set: InstructionSet = .best
  ) {
    let kernels = set.kernels
    let kernel = unsafe pick(width, kernels.split16, kernels.split32)
    unsafe runElementwise(kernel, elements, width: width, into: &planes, resultWidth: width)
  }

  /// Planes to words: the inverse of ``split(_:width:into:using:)``.
  ///
  /// - Parameter width: bytes of a word, 2 or 4.
  /// - Precondition: `planes` are those of whole words, and `elements` has as many bytes.
  public static func merge(
    _ planes: RawSpan, width: Int, into elements: inout MutableRawSpan,
    using set: InstructionSet = .best
  ) {
    let kernels = set.kernels
    let kernel = unsafe pick(width, kernels.merge16, kernels.merge32)
    unsafe runElementwise(kernel, planes, width: width, into: &elements, resultWidth: width)
  }

  private static func pick(
    _ width: Int, _ two: @escaping ElementKernel, _ four: @escaping ElementKernel
  ) -> ElementKernel {
    precondition(width == 2 || width == 4, "words of 2 or 4 bytes")
    return width == 2 ? unsafe two : unsafe four
  }
}
