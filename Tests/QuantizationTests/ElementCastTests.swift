import Kernels
import Quantization
import TensorCore
import Testing

@Suite struct ElementCastTests {
  @Test func castsToFloat32AndBFloat16Only() {
    let floats: [DType] = [.f32, .f16, .bf16]
    for source in DType.allCases {
      for result in DType.allCases {
        let expected =
          source == result || floats.contains(source) && [.f32, .bf16].contains(result)
        #expect(ElementCast.isPossible(from: source, to: result) == expected)
      }
    }
  }

  /// 1.5 in each type.
  @Test(arguments: [DType.f32, .f16, .bf16], [DType.f32, .bf16])
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
