import DVLAKernels
import Testing

struct NormalDrawsTests {
  /// The formula of the documentation, one value at a time.
  static func value(_ index: UInt64, key: UInt64, deviation: Double) -> Float {
    var sum = 0
    for draw in 1...3 as ClosedRange<UInt64> {
      var z = key &+ (3 &* index &+ draw) &* 0x9E37_79B9_7F4A_7C15
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
      for shift in stride(from: UInt64(0), to: 64, by: 16) { sum += Int(z >> shift & 0xFFFF) }
    }
    return Float(Double(2 * sum - 12 * 65535) * 0x1p-17 * deviation)
  }

  @Test(arguments: InstructionSet.available, [(0, 1000), (5, 3), (1 << 40, 17), (7, 8), (3, 0)])
  func everyInstructionSetDrawsTheDocumentedValues(
    set: InstructionSet, range: (first: Int, count: Int)
  ) {
    for (key, deviation) in [(UInt64(0x0123_4567_89AB_CDEF), 0.02), (.max, 1.0)] {
      let bytes = run([], resultCount: range.count * 4, shift: 3) { _, result in
        NormalDraws.fill(&result, key: key, first: range.first, deviation: deviation, using: set)
      }
      let found = stride(from: 0, to: bytes.count, by: 4).map { start in
        Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * $1) })
      }
      let expected = (0..<range.count).map {
        Self.value(UInt64(range.first + $0), key: key, deviation: deviation)
      }
      #expect(found == expected)
    }
  }
}
