// The fence around kernels that change float32 elements in place: their pointers come from here,
// under the invariants of KernelCall.swift. Where there is nothing to change, nothing is called.

extension MutableSpan where Element == Float {
  mutating func withElements(_ kernel: (UnsafeMutableRawPointer) -> Void) {
    unsafe withUnsafeMutableBytes { bytes in
      guard let own = bytes.baseAddress, unsafe !bytes.isEmpty else { return }
      unsafe kernel(own)
    }
  }

  mutating func withElements(
    _ a: Span<Float>, _ kernel: (UnsafeMutableRawPointer, UnsafeRawPointer) -> Void
  ) {
    unsafe a.withUnsafeBytes { a in
      guard let a = a.baseAddress else { return }
      unsafe withElements { unsafe kernel($0, a) }
    }
  }

  mutating func withElements(
    _ a: Span<Float>, _ b: Span<Float>,
    _ kernel: (UnsafeMutableRawPointer, UnsafeRawPointer, UnsafeRawPointer) -> Void
  ) {
    unsafe b.withUnsafeBytes { b in
      guard let b = b.baseAddress else { return }
      unsafe withElements(a) { unsafe kernel($0, $1, b) }
    }
  }

  mutating func withElements(
    _ a: Span<Float>, _ b: Span<Float>, _ c: Span<Float>,
    _ kernel: (UnsafeMutableRawPointer, UnsafeRawPointer, UnsafeRawPointer, UnsafeRawPointer)
      -> Void
  ) {
    unsafe c.withUnsafeBytes { c in
      guard let c = c.baseAddress else { return }
      unsafe withElements(a, b) { unsafe kernel($0, $1, $2, c) }
    }
  }
}
