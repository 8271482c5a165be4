import DVLAMatrixProducts
import Testing

/// Products with stored weights against the arithmetic that `DVLACProducts.h` promises, written out
/// one number at a time, on every path of this processor.
@Suite struct StoredProductTests {
  struct Sizes: Sendable, CustomTestStringConvertible {
    var tokens, inputs, outputs: Int
    var group: Int?
    var testDescription: String {
      "\(tokens) x \(inputs) -> \(outputs)" + (group.map { " by \($0)" } ?? "")
    }
  }

  /// Around the strips of 3, 4 and 6 tokens, the vectors of 16 outputs, the tiles of 64, the stages
  /// of 256 and 512 inputs; odd ends of pairs and of fours.
  static let sizes = [
    Sizes(tokens: 1, inputs: 1, outputs: 1), Sizes(tokens: 2, inputs: 3, outputs: 17),
    Sizes(tokens: 3, inputs: 37, outputs: 70), Sizes(tokens: 4, inputs: 255, outputs: 16),
    Sizes(tokens: 5, inputs: 257, outputs: 33), Sizes(tokens: 6, inputs: 513, outputs: 20),
    Sizes(tokens: 2, inputs: 1030, outputs: 65), Sizes(tokens: 13, inputs: 66, outputs: 129),
    Sizes(tokens: 770, inputs: 5, outputs: 3), Sizes(tokens: 29, inputs: 40, outputs: 70),
  ]

  static let grouped = [
    Sizes(tokens: 7, inputs: 96, outputs: 20, group: 32),
    Sizes(tokens: 2, inputs: 1152, outputs: 70, group: 64),
    Sizes(tokens: 3, inputs: 1536, outputs: 18, group: 128),
    Sizes(tokens: 4, inputs: 1184, outputs: 5, group: 592),
    Sizes(tokens: 5, inputs: 1040, outputs: 16, group: 16),
  ]

  static let bf16Paths = ProductPath.available.filter { $0.nativeWeights == .bf16 }
  static let int8Paths = ProductPath.available.filter(\.isOfInt8)

  @Test(arguments: sizes, bf16Paths)
  func bfloat16SumsGoThroughPairs(_ sizes: Sizes, _ path: ProductPath) {
    let operands = Operands(sizes, isInt8: false, seed: 1)
    let found = operands.product(path)
    let (expected, magnitudes) = operands.bfloat16()
    for index in expected.indices {
      if path == .bf16NEON {
        // Another order and rounding: no further off than so many float32 sums can be.
        let limit = Float(sizes.inputs + 2) * 0x1p-23 * magnitudes[index]
        #expect((found[index] - expected[index]).magnitude <= limit)
      } else {
        #expect(found[index].bitPattern == expected[index].bitPattern)
      }
    }
  }

  @Test(arguments: sizes + grouped, int8Paths)
  func integersAreSummedExactlyWithinABlock(_ sizes: Sizes, _ path: ProductPath) {
    let operands = Operands(sizes, isInt8: true, seed: 2)
    #expect(operands.product(path).map(\.bitPattern) == operands.integers().map(\.bitPattern))
  }

  /// Whoever quantized a checkpoint elsewhere may have left float32 scales, and values of -128.
  @Test(arguments: sizes + grouped, int8Paths)
  func float32ScalesAreTakenAsTheyAre(_ sizes: Sizes, _ path: ProductPath) {
    let rounded = Operands(sizes, isInt8: true, seed: 8)
    let operands = rounded.withFloatScales()
    let found = operands.product(path).map(\.bitPattern)
    #expect(found == operands.integers().map(\.bitPattern))
    if sizes.outputs > 1 { #expect(found != rounded.product(path).map(\.bitPattern)) }
  }

  /// What rounding activations costs: half a step of each.
  @Test(arguments: sizes + grouped, [ProductPath.bestOfBF16, .bestOfInt8])
  func resultsAreNearTheExactProduct(_ sizes: Sizes, _ path: ProductPath) {
    guard path.isOfInt8 || sizes.group == nil else { return }
    let operands = Operands(sizes, isInt8: path.isOfInt8, seed: 3)
    let found = operands.product(path)
    for token in 0..<sizes.tokens {
      let row = operands.row(token)
      let largest = row.map(\.magnitude).max() ?? 0
      for output in 0..<sizes.outputs {
        var sum = Double(operands.bias[output])
        var (lost, size) = (0.0, sum.magnitude)
        for input in 0..<sizes.inputs {
          let (x, w) = (Double(row[input]), operands.weight(output, input))
          sum += x * w
          size += (x * w).magnitude
          let step = path.isOfInt8 ? Double(largest) / 32639 : x.magnitude * 0x1p-7
          lost += 0.505 * step * w.magnitude
        }
        let rounding = Double(sizes.inputs + 4) * 0x1p-23 * size
        let error = (Double(found[token * sizes.outputs + output]) - sum).magnitude
        #expect(error <= lost + rounding)
      }
    }
  }

  /// Whatever else is computed with it, and wherever tiles are cut.
  @Test(arguments: ProductPath.available)
  func aTokenGivesTheSameBitsInAnyCompany(_ path: ProductPath) {
    let many = Operands(
      Sizes(tokens: 17, inputs: 600, outputs: 70), isInt8: path.isOfInt8, seed: 4)
    let all = many.product(path)
    for token in 0..<17 {
      let alone = many.with(x: many.row(token)).product(path)
      #expect(alone == Array(all[token * 70..<(token + 1) * 70]))
    }
  }

  @Test(arguments: ProductPath.available, [Float.nan, .infinity, -.infinity])
  func aNumberThatIsNoneSpoilsItsTokenAndNoOther(_ path: ProductPath, _ value: Float) {
    let sizes = Sizes(tokens: 9, inputs: 300, outputs: 65)
    let clean = Operands(sizes, isInt8: path.isOfInt8, seed: 5)
    for position in [0, 17, 299] {
      var x = clean.x
      x[4 * sizes.inputs + position] = value
      let found = clean.with(x: x).product(path)
      let expected = clean.product(path)
      for index in found.indices {
        if index / sizes.outputs == 4 {
          #expect(path.isOfInt8 ? found[index].isNaN : !found[index].isFinite)
        } else {
          #expect(found[index] == expected[index])
        }
      }
    }
  }

  /// From zeros to where a row's scale, or its reciprocal, leaves the range of float32.
  @Test(arguments: int8Paths, [0, 0x1p-149, 0x1p-120, 0x1p-99, 1, 0x1p120])
  func tokensOfAnySizeAreScaled(_ path: ProductPath, _ size: Float) {
    let sizes = Sizes(tokens: 3, inputs: 40, outputs: 5)
    let operands = Operands(sizes, isInt8: true, seed: 6)
    let scaled = operands.with(x: operands.x.map { $0 * size })
    let found = scaled.product(path)
    #expect(found.map(\.bitPattern) == scaled.integers().map(\.bitPattern))
    #expect(found.count { !$0.isFinite } == 0)
  }

  /// The largest sums there are: 512 times 32639 times -128 is within an Int32, twice as much is
  /// not.
  @Test(arguments: int8Paths)
  func theLargestSumsDoNotOverflow(_ path: ProductPath) {
    let sizes = Sizes(tokens: 4, inputs: 2048, outputs: 16)
    var operands = Operands(sizes, isInt8: true, seed: 7)
    operands.x = (0..<4 * 2048).map { $0 < 4096 ? 1 : -1 }
    operands.weights = [UInt8](repeating: UInt8(bitPattern: -128), count: 16 * 2048)
    #expect(operands.product(path).map(\.bitPattern) == operands.integers().map(\.bitPattern))
    let smallest = operands.integers().map(\.magnitude).min() ?? 0
    #expect(smallest > 1)
  }

  @Test(
    arguments: [(1, 1), (257, 63), (768, 64), (769, 65), (2000, 1000)],
    [ProductPath.f32Portable, .int8Portable])
  func tilesCoverAResultOnce(_ sizes: (Int, Int), _ path: ProductPath) {
    let (tokens, outputs) = sizes
    let tiles = ProductTiles(tokens: tokens, outputs: outputs, path: path)
    var seen = [Int](repeating: 0, count: tokens * outputs)
    for index in 0..<tiles.count {
      let tile = tiles[index]
      #expect(tile.tokens.count <= 768 && tile.outputs.count <= 256)
      for token in tile.tokens {
        for output in tile.outputs { seen[token * outputs + output] += 1 }
      }
    }
    #expect(seen == [Int](repeating: 1, count: seen.count))
  }

  /// 16 where there are so many groups of 64 outputs; wide ones where there are more.
  @Test(arguments: [(257, 1024, 16), (257, 512, 8), (1370, 1024, 16), (276, 16384, 64), (1, 64, 1)])
  func thereAreTilesForManyThreads(tokens: Int, outputs: Int, count: Int) {
    #expect(ProductTiles(tokens: tokens, outputs: outputs, path: .f32Portable).count == count)
  }

  @Test(arguments: ProductPath.available, [1, 11, 12, 300])
  func thePathForFewTokensGivesTheSameBits(_ path: ProductPath, _ tokens: Int) {
    let suited = path.suited(toTokens: tokens)
    #expect(ProductPath.available.contains(suited) && suited.nativeWeights == path.nativeWeights)
    let operands = Operands(
      Sizes(tokens: tokens, inputs: 40, outputs: 20), isInt8: path.isOfInt8, seed: 9)
    #expect(operands.product(suited) == operands.product(path))
  }

  @Test func everyProcessorHasThePortablePaths() {
    #expect(ProductPath.available.contains(.bf16Portable))
    #expect(ProductPath.available.contains(.int8Portable))
    #expect(ProductPath.available.contains(.f32Portable))
    #expect(ProductPath.bestOfBF16.nativeWeights == .bf16 && ProductPath.bestOfInt8.isOfInt8)
    #expect(!ProductPath.bf16Portable.isFast && !ProductPath.int8Portable.isFast)
    #if arch(arm64)
      #expect(ProductPath.bestOfF32 == .f32Portable)
    #else
      #expect(!ProductPath.f32Portable.isFast && ProductPath.bestOfF32 != .f32Portable)
    #endif
  }
}
