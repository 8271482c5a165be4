import Glibc

/// Byte arrays as reusable buffers: they only grow, and a prefix of them is in use.
extension [UInt8] {
  mutating func grow(to byteCount: Int) {
    if count < byteCount { self = [UInt8](repeating: 0, count: byteCount) }
  }

  func withReadOnlyBytes<Result, Failure: Error>(
    _ byteCount: Int, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(unsafe span.bytes.extracting(0..<byteCount))
  }

  mutating func withBytes<Result, Failure: Error>(
    _ byteCount: Int, _ body: (inout MutableRawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var span = mutableSpan
    var raw = unsafe span.mutableBytes
    var part = raw._mutatingExtracting(0..<byteCount)
    return try body(&part)
  }

  /// Whether the first `byteCount` bytes of both are the same.
  func hasPrefix(_ byteCount: Int, of other: [UInt8]) -> Bool {
    precondition(byteCount <= count && byteCount <= other.count, "bytes of both")
    // Both buffers have that many bytes.
    return unsafe withUnsafeBytes { a in
      unsafe other.withUnsafeBytes { b in
        guard let a = a.baseAddress, let b = b.baseAddress else { return true }
        return unsafe memcmp(a, b, byteCount) == 0
      }
    }
  }
}

extension MutableRawSpan {
  mutating func fillWithZeros() {
    // Bytes have no invalid values.
    unsafe withUnsafeMutableBytes {
      _ = unsafe $0.initializeMemory(as: UInt8.self, repeating: 0)
    }
  }

  /// Fills the span from the bytes that start at `offset`.
  mutating func copy(from bytes: [UInt8], at offset: Int) {
    // Both ranges hold `count` bytes, and different objects own them.
    unsafe withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { source in
        unsafe target.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + target.count]))
      }
    }
  }
}
