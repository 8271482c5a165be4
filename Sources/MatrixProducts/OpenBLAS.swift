internal import COpenBLAS

/// Unsafe code: every call of OpenBLAS.
enum OpenBLAS {
  /// Set up once, before the first product: `static let` makes every thread wait for it.
  static let ready: Void = {
    openblas_set_num_threads(1)
  }()

  /// The kernels in use.
  static var coreName: String {
    // A constant of the library, which lives as long as the process.
    guard let name = unsafe openblas_get_corename() else { return "unknown" }
    return unsafe String(cString: name)
  }
}

/// result (+)= alpha a b, with b transposed or not.
///
/// The callers have checked that the spans hold the matrices, which is all that OpenBLAS reads
/// and writes. The pointers live only inside the closures; exclusive access to the result
/// guarantees that it overlaps neither operand.
func multiply(
  _ a: Span<Float>, _ aStride: Int, _ b: Span<Float>, _ bStride: Int, transposed: Bool,
  _ m: Int, _ n: Int, _ k: Int, _ alpha: Float, _ result: inout MutableSpan<Float>,
  _ resultStride: Int, _ accumulating: Bool
) {
  guard m > 0, n > 0 else { return }
  OpenBLAS.ready
  unsafe a.withUnsafeBufferPointer { a in
    unsafe b.withUnsafeBufferPointer { b in
      unsafe result.withUnsafeMutableBufferPointer { result in
        unsafe cblas_sgemm(
          CblasRowMajor, CblasNoTrans, transposed ? CblasTrans : CblasNoTrans,
          blasint(m), blasint(n), blasint(k), alpha, a.baseAddress, blasint(max(aStride, 1)),
          b.baseAddress, blasint(max(bStride, 1)), accumulating ? 1 : 0, result.baseAddress,
          blasint(resultStride))
      }
    }
  }
}
