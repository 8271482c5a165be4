import DVLAKernels

/// Element counts around the widths of the vectors and the scan's blocks.
let awkwardCounts = [0, 1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 255, 4095, 4096, 4097]

/// Runs a kernel on a copy of the bytes that starts `shift` bytes into a buffer, into a result
/// that does too, and checks that nothing around the result was touched.
func run(
  _ source: [UInt8], resultCount: Int, shift: Int = 0,
  _ body: (RawSpan, inout MutableRawSpan) -> Void
) -> [UInt8] {
  // The bytes of an array of integers are always initialised.
  let input = [UInt8](repeating: 0xA5, count: shift) + source
  var output = [UInt8](repeating: 0x5A, count: shift + resultCount + 64)
  var span = output.mutableSpan
  var bytes = unsafe span.mutableBytes
  var window = bytes._mutatingExtracting(shift..<shift + resultCount)
  unsafe body(input.span.bytes.extracting(shift..<input.count), &window)
  let around = output[..<shift] + output[(shift + resultCount)...]
  precondition(around.allSatisfy { $0 == 0x5A }, "the kernel wrote past its result")
  return Array(output[shift..<shift + resultCount])
}

/// Random bytes, the same in every run.
struct RandomBytes {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 24) }
  }

  /// Values of every size from 2^-20 to 2^12, both signs.
  mutating func floats(_ count: Int) -> [Float] {
    (0..<count).map { _ in
      let bits = next()
      return Float(
        sign: bits & 1 == 0 ? .plus : .minus, exponent: Int(bits >> 32 % 32) - 20,
        significand: 1 + Float(bits >> 40) * 0x1p-24)
    }
  }
}
