internal import DVLACOpenBLAS

/// result (+)= a b, with b transposed or not.
///
/// Unsafe code. The invariants: the callers have checked that the spans hold the matrices, which is
/// all that OpenBLAS reads and writes, and that sizes fit its 32-bit integers. The pointers live
/// only inside the closures; exclusive access to the result guarantees that it overlaps neither
/// operand.
func multiply(
  _ a: Span<Float>, _ aStride: Int, _ b: Span<Float>, _ bStride: Int, transposed: Bool,
  _ m: Int, _ n: Int, _ k: Int, _ result: inout MutableSpan<Float>,
  _ resultStride: Int, _ accumulating: Bool
) {
  guard m > 0, n > 0 else { return }
  OpenBLAS.ready
  unsafe a.withUnsafeBufferPointer { a in
    unsafe b.withUnsafeBufferPointer { b in
      unsafe result.withUnsafeMutableBufferPointer { result in
        // A stride of 0 is refused even where there are no columns.
        unsafe cblas_sgemm(
          CblasRowMajor, CblasNoTrans, transposed ? CblasTrans : CblasNoTrans,
          blasint(m), blasint(n), blasint(k), 1, a.baseAddress, blasint(max(aStride, 1)),
          b.baseAddress, blasint(max(bStride, 1)), accumulating ? 1 : 0, result.baseAddress,
          blasint(resultStride))
      }
    }
  }
}
