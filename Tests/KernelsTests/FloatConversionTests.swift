import DVLAKernels
import Testing

@Suite struct FloatConversionTests {
  @Test(arguments: InstructionSet.available)
  func castsFloat32ToBFloat16AsPyTorchDoes(set: InstructionSet) throws {
    let fixture = try Fixture()
    let source = try fixture.bytes("bf16.source")
    let result = run(source, resultCount: source.count / 2) {
      FloatConversion.bf16FromF32($0, into: &$1, using: set)
    }
    let found: [UInt16] = decode(result)
    let expected = try fixture.integers("bf16.result", UInt16.self)
    let bits: [UInt32] = decode(source)
    try #require(found.count == expected.count && found.count > 4000)
    for index in found.indices where found[index] != expected[index] {
      Issue.record("\(String(bits[index], radix: 16)): \(found[index]), not \(expected[index])")
    }
  }

  @Test(arguments: InstructionSet.available)
  func castsEveryHalfPrecisionValueAsPyTorchDoes(set: InstructionSet) throws {
    let fixture = try Fixture()
    let halves = encode((0...UInt16.max).map { $0 })
    let widened = run(halves, resultCount: halves.count * 2) {
      FloatConversion.f32FromF16($0, into: &$1, using: set)
    }
    #expect(try hashes(widened, blocks: 256) == fixture.integers("f16.toF32"))
    let rounded = run(halves, resultCount: halves.count) {
      FloatConversion.bf16FromF16($0, into: &$1, using: set)
    }
    #expect(try hashes(rounded, blocks: 256) == fixture.integers("f16.toBF16"))
  }

  @Test(arguments: InstructionSet.available)
  func widensEveryBFloat16ToItsUpperBits(set: InstructionSet) {
    let values = (0...UInt16.max).map { $0 }
    let widened = run(encode(values), resultCount: values.count * 4) {
      FloatConversion.f32FromBF16($0, into: &$1, using: set)
    }
    #expect(decode(widened) == values.map { UInt32($0) << 16 })
  }

  @Test(arguments: InstructionSet.available, [0, 1, 2, 3])
  func givesThePortableBitsForAnyCountAndStart(set: InstructionSet, shift: Int) {
    var random = RandomBytes(seed: 1)
    for count in awkwardCounts {
      let words = random.bytes(count * 4)
      let halves = Array(words.prefix(count * 2))
      func check(
        _ source: [UInt8], _ resultCount: Int,
        _ body: (RawSpan, inout MutableRawSpan, InstructionSet) -> Void
      ) {
        let expected = run(source, resultCount: resultCount) { body($0, &$1, .portable) }
        let found = run(source, resultCount: resultCount, shift: shift) { body($0, &$1, set) }
        #expect(found == expected, "\(count) elements")
      }
      check(words, count * 2) { FloatConversion.bf16FromF32($0, into: &$1, using: $2) }
      check(halves, count * 4) { FloatConversion.f32FromBF16($0, into: &$1, using: $2) }
      check(halves, count * 4) { FloatConversion.f32FromF16($0, into: &$1, using: $2) }
      check(halves, count * 2) { FloatConversion.bf16FromF16($0, into: &$1, using: $2) }
    }
  }

  /// FNV-1a of each block.
  private func hashes(_ bytes: [UInt8], blocks: Int) -> [UInt64] {
    let size = bytes.count / blocks
    return (0..<blocks).map { block in
      bytes[block * size..<(block + 1) * size].reduce(0xCBF2_9CE4_8422_2325) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01B3
      }
    }
  }
}
