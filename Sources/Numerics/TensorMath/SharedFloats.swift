import DVLATensors

/// Floats that several threads write at once.
///
/// Unsafe code. The invariants: an instance lives only inside the closure of `withShared` or of
/// `Tensor(writing:)`, which owns the memory exclusively; and no two threads touch the same element
/// while both run. Where threads write other columns or pixels of the same rows their spans
/// overlap: such a span goes only to a product or convolution that keeps to its own.
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

extension Tensor {
  /// A result of which `body` writes every element, on any number of threads, and reads none
  /// before: the memory is not set to zeros first.
  init(writing shape: Shape, _ body: (SharedFloats) -> Void) {
    let count = shape.elementCount
    let values = unsafe [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let start = buffer.baseAddress { body(unsafe SharedFloats(start, count: count)) }
      initialized = count
    }
    self.init(values, shape: shape)
  }
}

extension MutableSpan<Float> {
  /// Copies elements to where they belong, as fast as memory allows: neither side is checked again
  /// for each.
  mutating func copy(_ source: Span<Float>, at offset: Int) {
    var target = self._mutatingExtracting(offset..<offset + source.count)
    for index in 0..<source.count { target[index] = source[index] }
  }
}
