public import DVLADiagnostics
import Glibc

/// The decoded bytes of one tensor: in memory of their own, which starts on a page, or in memory
/// that another object owns, such as a mapped file.
///
/// Several threads fill it, chunk by chunk; after that it is only read. Little-endian and
/// row-major, as safetensors stores tensors.
///
/// Unsafe code. The invariants: `start` points to `byteCount` initialised bytes from `init` to
/// `deinit`; an `owner` keeps them alive and unchanged. The code that makes an instance fills it:
/// ranges that are written at the same time do not overlap, and all calls of `withMutableBytes`
/// have ended before any other code sees the instance.
@safe
public final class TensorBytes: @unchecked Sendable {
  public let byteCount: Int
  private let start: UnsafeMutableRawPointer
  /// The owner of the memory; nil if it is this object's own.
  private let owner: (any AnyObject & Sendable)?

  /// - Throws: `tensor.memory`.
  public init(byteCount: Int) throws(WeightsError) {
    // Whole huge pages where there is room for some.
    let hugePage = FreshPages.hugeByteCount
    let alignment = byteCount >= 2 * hugePage ? hugePage : 4096
    var memory: UnsafeMutableRawPointer?
    let failed = unsafe posix_memalign(&memory, alignment, max(byteCount, 1))
    guard failed == 0, let memory = unsafe memory else {
      throw WeightsError(
        .tensorMemory, .unavailable, "there is no memory for \(byteCount) bytes of a tensor")
    }
    unsafe start = memory
    self.byteCount = byteCount
    owner = nil
  }

  /// Bytes that `owner` keeps alive, to be read only.
  ///
  /// - Precondition: `start` is a multiple of 64 and points to that many bytes, which live and stay
  ///   the same for as long as `owner` does.
  @unsafe
  public init(
    at start: UnsafeRawPointer, byteCount: Int, keptBy owner: any AnyObject & Sendable
  ) {
    precondition(Int(bitPattern: start).isMultiple(of: 64), "aligned")
    unsafe self.start = UnsafeMutableRawPointer(mutating: start)
    self.byteCount = byteCount
    self.owner = owner
  }

  deinit { if owner == nil { unsafe free(start) } }

  /// Gives `body` the bytes.
  public func withBytes<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(unsafe UnsafeRawBufferPointer(start: start, count: byteCount).bytes)
  }

  /// Gives `body` the bytes as float32 values.
  ///
  /// - Precondition: the bytes make whole floats.
  public func withFloats<Result, Failure: Error>(
    _ body: (Span<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(byteCount.isMultiple(of: 4), "whole floats")
    // The memory starts on a multiple of 64, so every alignment holds.
    let floats = unsafe UnsafeBufferPointer(
      start: start.assumingMemoryBound(to: Float.self), count: byteCount / 4)
    return try body(unsafe floats.span)
  }

  /// Has the system put memory under a range that is about to be written for the first time, which
  /// is faster than a page at each first touch.
  ///
  /// - Precondition: the range begins on a multiple of 4096.
  func prepare(_ range: Range<Int>) {
    precondition(owner == nil, "memory of another owner is not written to")
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "outside the tensor")
    precondition(range.lowerBound.isMultiple(of: 4096), "on a page")
    unsafe FreshPages.provide(at: start + range.lowerBound, byteCount: range.count)
  }

  /// Gives `body` a range of the bytes to write all of.
  public func withMutableBytes<Result, Failure: Error>(
    in range: Range<Int>, _ body: (inout MutableRawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(owner == nil, "memory of another owner is not written to")
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "outside the tensor")
    var span = unsafe UnsafeMutableRawBufferPointer(
      start: start + range.lowerBound, count: range.count
    ).mutableBytes
    return try body(&span)
  }
}

extension WeightsError.Code {
  /// There is no memory for a tensor.
  public static let tensorMemory = Self("tensor.memory")
}
