/// Products of float32 matrices, each on the calling thread alone.
///
/// Matrices are row-major: element (row, column) is at `row * stride + column`. Rows may lie
/// further apart than they are long, so that a block of a larger matrix is a matrix. Several
/// threads may compute products at once.
///
/// The sums are OpenBLAS's: they are rounded in float32, and their order depends on the sizes and
/// on the processor, but not on what other threads do.
public enum MatrixProduct {
  /// result[m, n] = a[m, k] b[n, k]^T, or is increased by that: `b` is transposed, as weights
  /// are stored, [out, in].
  ///
  /// - Parameters:
  ///   - aStride: elements from one row of `a` to the next, likewise the others.
  ///   - accumulating: adds to the result. Otherwise what it held does not matter, not even NaN.
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

  /// What OpenBLAS takes for each thread that computes a product, once: its own buffer of fixed
  /// size. It is address space, of which a product touches what it needs.
  public static let workspaceByteCount = 128 << 20

  /// The processor whose kernels OpenBLAS uses here, in its own words: "Haswell", "SkylakeX".
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
