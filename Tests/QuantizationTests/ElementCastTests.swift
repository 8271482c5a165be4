import DVLAKernels
import DVLAQuantization
import DVLATensors
import Testing

@Suite struct ElementCastTests {
  @Test func castsBetweenFloatsOnly() {
    let floats: [DType] = [.f32, .f16, .bf16]
    for source in DType.allCases {
      for result in DType.allCases {
        let expected = source == result || floats.contains(source) && floats.contains(result)
        #expect(ElementCast.isPossible(from: source, to: result) == expected)
      }
    }
  }

  /// Expected by numpy 2.4: `array(float32).astype(float16)`.
  @Test(arguments: [
    (0x0000_0000, 0x0000), (0x8000_0000, 0x8000), (0x3F80_0000, 0x3C00), (0xC020_0000, 0xC100),
    (0x477F_E000, 0x7BFF), (0x477F_EFFF, 0x7BFF), (0x477F_F000, 0x7C00), (0x322B_CC77, 0x0000),
    (0x3380_0000, 0x0001), (0x3300_0000, 0x0000), (0x3300_0001, 0x0001), (0x3880_0000, 0x0400),
    (0x387F_C000, 0x03FF), (0x3EAA_A000, 0x3555), (0x3EAA_B000, 0x3556), (0x4049_0FDB, 0x4248),
    (0x7F80_0000, 0x7C00), (0xFF80_0000, 0xFC00),
  ])
  func roundsFloat32ToHalfPrecisionAsNumpyDoes(source: Int, expected: Int) {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: source >> (8 * $0)) }
    #expect(cast(bytes, .f32, .f16, 2) == [UInt8(expected & 0xFF), UInt8(expected >> 8)])
  }

  /// 1.5 in each type.
  @Test(arguments: [DType.f32, .f16, .bf16], [DType.f32, .f16, .bf16])
  func castsEachPair(source: DType, result: DType) {
    let oneAndAHalf: [DType: [UInt8]] = [
      .f32: [0, 0, 0xC0, 0x3F], .f16: [0, 0x3E], .bf16: [0xC0, 0x3F],
    ]
    let expected = oneAndAHalf[result] ?? []
    #expect(cast(oneAndAHalf[source] ?? [], source, result, expected.count) == expected)
  }

  @Test func copiesEqualTypesBitForBit() {
    let nan: [UInt8] = [1, 0x7C, 0xFF, 0xFF]
    #expect(cast(nan, .f16, .f16, 4) == nan)
    #expect(cast(nan, .i32, .i32, 4) == nan)
    #expect(cast([], .u8, .u8, 0) == [])
  }

  @Test func scansFloatingPointTypesOnly() {
    let bytes: [UInt8] = [0, 0x7C, 0x80, 0x7F]
    let half = unsafe FloatScan.scan(bytes.span.bytes, of: .f16)
    #expect(half == FloatScan(nanCount: 1, infinityCount: 1, firstNonFinite: 0))
    let brain = unsafe FloatScan.scan(bytes.span.bytes, of: .bf16)
    #expect(brain == FloatScan(nanCount: 0, infinityCount: 1, firstNonFinite: 1))
    let single = unsafe FloatScan.scan(bytes.span.bytes, of: .f32)
    #expect(single == FloatScan(nanCount: 1, infinityCount: 0, firstNonFinite: 0))
    let integers = unsafe FloatScan.scan(bytes.span.bytes, of: .i16)
    #expect(integers == nil)
  }

  private func cast(_ source: [UInt8], _ from: DType, _ to: DType, _ byteCount: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: byteCount)
    var span = result.mutableSpan
    var bytes = unsafe span.mutableBytes
    unsafe ElementCast.cast(source.span.bytes, from: from, to: to, into: &bytes)
    return result
  }
}
