/// Copies between spans, which the standard library does not offer yet.
///
/// Unsafe code. The invariant: both spans are alive for the call, and counts are checked first.
extension [UInt8] {
  init(copying bytes: RawSpan) {
    self = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}

extension MutableRawSpan {
  /// Replaces all bytes by those of a span of the same size.
  mutating func copy(from source: RawSpan) {
    precondition(byteCount == source.byteCount, "expected as many bytes as there is room for")
    unsafe withUnsafeMutableBytes { target in
      unsafe source.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
  }
}
