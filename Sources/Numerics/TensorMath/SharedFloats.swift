/// Floats that several threads write at once.
///
/// Unsafe code. The invariants: an instance lives only inside the closure of `withShared`, which
/// owns the memory exclusively; and no two threads touch the same element while both run. Where
/// threads write other columns of the same rows their spans overlap: such a span goes only to a
/// product with a row stride, which keeps to its own columns.
@safe
struct SharedFloats: @unchecked Sendable {
  private let start: UnsafeMutablePointer<Float>
  private let count: Int

  fileprivate init(_ start: UnsafeMutablePointer<Float>, count: Int) {
    unsafe self.start = start
    self.count = count
  }

  /// Calls `body` with the elements of that range.
  func withSpan(_ range: Range<Int>, _ body: (inout MutableSpan<Float>) -> Void) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "inside the memory")
    var span = unsafe UnsafeMutableBufferPointer(
      start: start + range.lowerBound, count: range.count
    ).mutableSpan
    body(&span)
  }
}

extension [Float] {
  /// Calls `body` with the elements, for several threads to write.
  mutating func withShared(_ body: (SharedFloats) -> Void) {
    unsafe withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      body(unsafe SharedFloats(start, count: buffer.count))
    }
  }
}
