// The invariants under which every file of this folder hands pointers to the kernels:
// - A kernel reads and writes exactly the bytes that its counts say, and the callers have checked
//   those counts against the spans. Kernels accept any alignment.
// - The pointers live only inside the closure, while the spans are borrowed; exclusive access to
//   the results guarantees that no buffers overlap.
// - An empty span may have no address; then nothing is read and the kernel is not called.

typealias ElementKernel =
  @convention(c) (
    UnsafeRawPointer, UnsafeMutableRawPointer, Int
  ) -> Void

/// Runs a kernel over `count` elements, checked to fill both spans.
func runElementwise(
  _ kernel: ElementKernel, _ source: RawSpan, width: Int, into result: inout MutableRawSpan,
  resultWidth: Int
) {
  let count = elementCount(source, width: width)
  precondition(result.byteCount == checkedProduct(count, resultWidth), "result holds as many")
  unsafe source.withUnsafeBytes { source in
    unsafe result.withUnsafeMutableBytes { result in
      guard let from = source.baseAddress, let to = result.baseAddress, count > 0 else { return }
      unsafe kernel(from, to, count)
    }
  }
}

/// How many elements of that width the span holds.
func elementCount(_ span: RawSpan, width: Int) -> Int {
  precondition(span.byteCount.isMultiple(of: width), "bytes make whole elements")
  return span.byteCount / width
}

func checkedProduct(_ a: Int, _ b: Int) -> Int {
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  precondition(!overflow, "sizes fit an Int")
  return product
}

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
