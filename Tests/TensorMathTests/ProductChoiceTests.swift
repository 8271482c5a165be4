import DVLAMatrixProducts
import DVLATensorMath
import DVLATensors
import Testing

/// Which products are native.
struct ProductChoiceTests {
  static func tensors(_ dtypes: DType...) -> [TensorInfo] {
    dtypes.compactMap { TensorInfo(name: "w", dtype: $0, shape: [2, 2]) }
  }

  @Test func weightsThatLostNothingAreMultipliedExactly() {
    let choice = ProductChoice(nil, for: .f32, tensors: Self.tensors(.bf16, .i8))
    #expect(choice == ProductChoice(.exact) && choice.description == "exact")
  }

  @Test(arguments: [PrecisionClass.bf16, .int8])
  func othersAsThisProcessorIsFast(_ precisionClass: PrecisionClass) {
    let choice = ProductChoice(nil, for: precisionClass, tensors: Self.tensors(.bf16, .i8))
    #expect((choice.bf16 == .native) == ProductPath.bestOfBF16.isFast)
    #expect((choice.int8 == .native) == ProductPath.bestOfInt8.isFast)
  }

  @Test(arguments: PrecisionClass.allCases, ProductPrecision.allCases)
  func theUserDecides(_ precisionClass: PrecisionClass, _ requested: ProductPrecision) {
    let choice = ProductChoice(
      requested, for: precisionClass, tensors: Self.tensors(.bf16, .i8))
    #expect(choice == ProductChoice(requested))
  }

  @Test func typesThatNoMatrixHasAreExact() {
    func choice(_ tensors: [TensorInfo]) -> ProductChoice {
      ProductChoice(.native, for: .int8, tensors: tensors)
    }
    #expect(choice(Self.tensors(.f32, .f16)) == ProductChoice(.exact))
    #expect(choice(Self.tensors(.bf16)).description == "native for BF16")
    let vector = [TensorInfo(name: "bias", dtype: .bf16, shape: [2])].compactMap(\.self)
    #expect(choice(Self.tensors(.i8) + vector).description == "native for INT8")
    #expect(choice(Self.tensors(.i8, .bf16)).description == "native for BF16 and INT8")
  }
}
