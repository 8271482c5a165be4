import Diagnostics
import Glibc

/// The decoded bytes of one tensor, in memory of their own that starts on a page.
///
/// Several threads fill it, chunk by chunk; from then on it only ever is read. Little-endian and
/// row-major, as safetensors stores tensors.
///
/// Unsafe code. The invariants: `start` points to `byteCount` initialised bytes from `init` to
/// `deinit`; inside this module `withMutableBytes` is called once for each range, the ranges do
/// not overlap, and all calls have ended before the instance is handed to anyone.
@safe
public final class TensorBytes: @unchecked Sendable {
  public let byteCount: Int
  private let start: UnsafeMutableRawPointer

  /// - Throws: `bundle.memory`.
  init(byteCount: Int) throws(WeightsError) {
    // Huge pages make filling fresh memory two to three times faster.
    let hugePage = 2 << 20
    let alignment = byteCount >= 2 * hugePage ? hugePage : 4096
    var memory: UnsafeMutableRawPointer?
    let failed = unsafe posix_memalign(&memory, alignment, max(byteCount, 1))
    guard failed == 0, let memory = unsafe memory else {
      throw WeightsError(
        .bundleMemory, .unavailable, "expected \(byteCount) bytes of memory, found less")
    }
    if alignment == hugePage { _ = unsafe madvise(memory, byteCount, MADV_HUGEPAGE) }
    unsafe start = memory
    self.byteCount = byteCount
  }

  deinit { unsafe free(start) }

  /// Gives `body` the bytes.
  public func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(unsafe UnsafeRawBufferPointer(start: start, count: byteCount).bytes)
  }

  /// Gives `body` a range of the bytes to write all of.
  func withMutableBytes<Failure: Error>(
    in range: Range<Int>, _ body: (inout MutableRawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "outside the tensor")
    var span = unsafe UnsafeMutableRawBufferPointer(
      start: start + range.lowerBound, count: range.count
    ).mutableBytes
    try body(&span)
  }
}
