import DVLAMatrixProducts
import Testing

/// Products in float32 with weights of every type against the sums that `DVLACProducts.h` promises,
/// one number at a time, on every path of this processor.
@Suite struct FloatProductTests {
  typealias Sizes = StoredProductTests.Sizes

  /// Around strips of 6 and 12 tokens and the 24 at a time, tiles of 400 tokens and 256 outputs,
  /// and stages of 256 inputs.
  static let sizes =
    StoredProductTests.sizes + StoredProductTests.grouped + [
      Sizes(tokens: 7, inputs: 16, outputs: 32), Sizes(tokens: 8, inputs: 17, outputs: 48),
      Sizes(tokens: 10, inputs: 64, outputs: 31), Sizes(tokens: 11, inputs: 300, outputs: 257),
      Sizes(tokens: 12, inputs: 256, outputs: 64), Sizes(tokens: 47, inputs: 20, outputs: 330),
      Sizes(tokens: 401, inputs: 9, outputs: 33),
    ]
  static let paths = ProductPath.available.filter { $0.nativeWeights == .f32 }

  @Test(arguments: sizes, paths)
  func sumsGoThroughFusedSteps(_ sizes: Sizes, _ path: ProductPath) {
    for type in ProductPath.WeightType.allCases where type == .int8 || sizes.group == nil {
      let operands = Operands(sizes, of: type, seed: 11)
      let found = operands.product(path).map(\.bitPattern)
      #expect(found == operands.floats().map(\.bitPattern), "\(type)")
    }
  }

  @Test(arguments: paths)
  func float32ScalesAreTakenAsTheyAre(_ path: ProductPath) {
    let sizes = Sizes(tokens: 3, inputs: 1184, outputs: 70, group: 592)
    let operands = Operands(sizes, of: .int8, seed: 12).withFloatScales()
    #expect(operands.product(path).map(\.bitPattern) == operands.floats().map(\.bitPattern))
  }

  /// Numbers at the ends of the range, and zeros of both signs, which addition could lose.
  @Test(arguments: paths)
  func numbersOfAnySizeAreMultiplied(_ path: ProductPath) {
    let sizes = Sizes(tokens: 4, inputs: 40, outputs: 20)
    let operands = Operands(sizes, of: .f32, seed: 13)
    for size: Float in [0, -0.0, 0x1p-149, 0x1p-126, 0x1p100] {
      let scaled = operands.with(x: operands.x.map { $0 * size })
      #expect(scaled.product(path).map(\.bitPattern) == scaled.floats().map(\.bitPattern))
    }
  }
}
