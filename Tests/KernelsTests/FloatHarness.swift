import DVLAKernels

/// Runs a kernel on a copy of the elements that starts `shift` elements into a buffer, and checks
/// that nothing around them was touched.
func changed(
  _ elements: [Float], shift: Int = 0, _ body: (inout MutableSpan<Float>) -> Void
) -> [Float] {
  let mark: Float = -12345
  let marks = [Float](repeating: mark, count: 32)
  var buffer = marks.prefix(shift) + elements + marks
  do {
    var span = buffer.mutableSpan
    var window = span._mutatingExtracting(shift..<shift + elements.count)
    body(&window)
  }
  let around = buffer[..<shift] + buffer[(shift + elements.count)...]
  precondition(around.allSatisfy { $0 == mark }, "the kernel wrote past its elements")
  return Array(buffer[shift..<shift + elements.count])
}

/// The same with elements that only the kernel sets.
func made(
  count: Int, shift: Int = 0, _ body: (inout MutableSpan<Float>) -> Void
) -> [Float] {
  changed([Float](repeating: .nan, count: count), shift: shift, body)
}

/// Bits to compare with, in which all NaNs are one.
func bits(_ values: [Float]) -> [UInt32] {
  values.map { $0.isNaN ? 0x7FC0_0000 : $0.bitPattern }
}

/// The distance to the exact value in units of the last place of a float32 of its size; infinite
/// for a NaN.
func ulps(_ found: Float, _ exact: Double) -> Double {
  let unit = Double(max(Float(abs(exact)).ulp, Float.leastNonzeroMagnitude))
  let error = abs(Double(found) - exact) / unit
  return error.isNaN ? .infinity : error
}

/// The largest distance of all.
func worstUlps(_ found: [Float], _ exact: [Double]) -> Double {
  precondition(found.count == exact.count && !found.isEmpty)
  return zip(found, exact).map(ulps).max() ?? .infinity
}

extension RandomBytes {
  /// Values between -bound and bound.
  mutating func floats(_ count: Int, upTo bound: Float) -> [Float] {
    (0..<count).map { _ in bound * (Float(next() >> 40) * 0x1p-23 - 1) }
  }
}
