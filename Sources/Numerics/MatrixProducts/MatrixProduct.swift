internal import DVLACOpenBLAS

/// Products of float32 matrices, each on the calling thread alone.
///
/// Matrices are row-major: element (row, column) is at `row * stride + column`. Rows may lie
/// further apart than they are long, so that a block of a larger matrix is a matrix. Several
/// threads may compute products at once.
///
/// OpenBLAS computes the sums: they are rounded in float32, and their order depends on the sizes
/// and on the processor, but not on what other threads do.
public enum MatrixProduct {
  /// result[m, n] = a[m, k] b[n, k]^T, or is increased by that: `b` is transposed, as weights
  /// are stored, [out, in].
  ///
  /// - Parameters:
  ///   - aStride: elements from one row of `a` to the next, likewise the others.
  ///   - accumulating: whether to add to the result. Otherwise its previous values do not matter,
  ///     not even NaN.
  /// - Precondition: strides are no shorter than rows, and the spans reach to the end of the last
  ///   row.
  public static func timesTransposed(
    _ a: Span<Float>, stride aStride: Int, _ b: Span<Float>, stride bStride: Int, m: Int, n: Int,
    k: Int, into result: inout MutableSpan<Float>, stride resultStride: Int,
    accumulating: Bool = false
  ) {
    checkMatrix(count: a.count, rows: m, columns: k, stride: aStride)
    checkMatrix(count: b.count, rows: n, columns: k, stride: bStride)
    checkMatrix(count: result.count, rows: m, columns: n, stride: resultStride)
    multiply(
      a, aStride, b, bStride, transposed: true, m, n, k, &result, resultStride, accumulating)
  }

  /// result[m, n] = a[m, k] b[k, n], or is increased by that.
  ///
  /// Parameters and preconditions are those of
  /// ``timesTransposed(_:stride:_:stride:m:n:k:into:stride:accumulating:)``.
  public static func times(
    _ a: Span<Float>, stride aStride: Int, _ b: Span<Float>, stride bStride: Int, m: Int, n: Int,
    k: Int, into result: inout MutableSpan<Float>, stride resultStride: Int,
    accumulating: Bool = false
  ) {
    checkMatrix(count: a.count, rows: m, columns: k, stride: aStride)
    checkMatrix(count: b.count, rows: k, columns: n, stride: bStride)
    checkMatrix(count: result.count, rows: m, columns: n, stride: resultStride)
    multiply(
      a, aStride, b, bStride, transposed: false, m, n, k, &result, resultStride,
      accumulating)
  }

  /// The bytes of the buffer, of fixed size, that OpenBLAS allocates once for each thread that
  /// computes a product. It is address space, of which a product touches what it needs.
  public static let workspaceByteCount = 128 << 20

  /// The processor whose kernels OpenBLAS uses here, as OpenBLAS names it: "Haswell", "SkylakeX".
  public static var coreName: String {
    _ = OpenBLAS.ready
    return OpenBLAS.coreName
  }

  /// The version of OpenBLAS, such as "0.3.21".
  public static var libraryVersion: String { OpenBLAS.version }

  private static func checkMatrix(count: Int, rows: Int, columns: Int, stride: Int) {
    precondition(rows >= 0 && columns >= 0, "sizes are not negative")
    // OpenBLAS counts with 32 bits.
    precondition(rows <= Int32.max && stride <= Int32.max, "sizes fit an Int32")
    precondition(stride >= columns, "rows do not overlap")
    guard rows > 0, columns > 0 else { return }
    let (offset, overflow) = (rows - 1).multipliedReportingOverflow(by: stride)
    precondition(!overflow && count >= columns && offset <= count - columns, "whole rows")
  }
}

/// result (+)= a b, with b transposed or not.
///
/// Unsafe code. The invariants: the callers have checked that the spans hold the matrices, which is
/// all that OpenBLAS reads and writes, and that sizes fit its 32-bit integers. The pointers live
/// only inside the closures; exclusive access to the result guarantees that it overlaps neither
/// operand.
private func multiply(
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
