import DVLAMatrixProducts
import DVLATensorMath
import DVLATensors
import Testing

struct LinearTests {
  /// Sizes that are cut into tiles in every way.
  struct Sizes: CustomStringConvertible, Sendable {
    let rows, inputs, outputs: Int
    var description: String { "\(rows) x \(inputs) -> \(outputs)" }
  }

  static let sizes = [
    Sizes(rows: 1, inputs: 3, outputs: 1),
    Sizes(rows: 257, inputs: 6, outputs: 63),
    Sizes(rows: 769, inputs: 3, outputs: 300),
    Sizes(rows: 1030, inputs: 9, outputs: 63),
    Sizes(rows: 2, inputs: 48, outputs: 2049),
    // Ten tiles side by side, the last a narrow one.
    Sizes(rows: 1, inputs: 3, outputs: 20485),
    // Rows of weights are widened 64 and 128 at a time, with some left over.
    Sizes(rows: 2, inputs: 2049, outputs: 300),
    Sizes(rows: 1, inputs: 2064, outputs: 300),
    Sizes(rows: 1, inputs: 6000, outputs: 139),
  ]

  static func product(_ x: Tensor, _ weights: [Double], outputs: Int, bias: [Float]?) -> [Double] {
    let inputs = x.shape[x.shape.rank - 1]
    var result: [Double] = []
    for row in 0..<x.values.count / inputs {
      for output in 0..<outputs {
        var sum = bias.map { Double($0[output]) } ?? 0
        for input in 0..<inputs {
          sum += Double(x.values[row * inputs + input]) * weights[output * inputs + input]
        }
        result.append(sum)
      }
    }
    return result
  }

  /// Both ways to multiply in float32; the second is that of processors without FMA.
  static let float32Paths = [ProductPath.bestOfF32, nil]

  /// All products are multiples of 1/4 and all sums below 2^22, so float32 has them exactly.
  @Test(arguments: sizes)
  func theStoredWeightsGiveTheExactSums(_ sizes: Sizes) throws {
    var random = RandomNumbers(seed: 1)
    let x = random.integers([sizes.rows, sizes.inputs], limit: 6)
    let bias = random.integers([sizes.outputs], limit: 1000).values
    for storage in Storage.allCases {
      let weights = try StoredWeights(
        storage, rows: sizes.outputs, columns: sizes.inputs, seed: UInt64(sizes.inputs))
      let plain = Self.product(x, weights.exact, outputs: sizes.outputs, bias: nil)
      let expected = plain.enumerated().map { $1 + Double(bias[$0 % sizes.outputs]) }
      let compute = Compute(threads: 2)
      for path in Self.float32Paths {
        let found = Linear(weights.matrix, bias: nil, path: path)(x, on: compute)
        #expect(found.shape == [sizes.rows, sizes.outputs])
        #expect(found.values.map(Double.init) == plain, "\(storage)")
        let biased = Linear(weights.matrix, bias: bias, path: path)(x, on: compute)
        #expect(biased.values.map(Double.init) == expected, "\(storage)")
      }
    }
  }

  /// No order of k float32 sums is further off than k / 2^24 of the magnitudes summed.
  @Test(arguments: [(1, 300, 63), (257, 63, 300), (3, 2049, 301)], float32Paths)
  func realNumbersAreRoundedAsFloat32SumsAre(
    _ sizes: (rows: Int, inputs: Int, outputs: Int), _ path: ProductPath?
  ) throws {
    let (rows, inputs, outputs) = sizes
    var random = RandomNumbers(seed: 2)
    let x = random.reals([rows, inputs])
    let weights = random.reals([outputs, inputs])
    let bias = random.reals([outputs]).values
    let found = Linear(try WeightMatrix(weights), bias: bias, path: path)(
      x, on: Compute(threads: 2))
    let exact = Self.product(x, weights.values.map(Double.init), outputs: outputs, bias: bias)
    let magnitudes = Self.product(
      Tensor(x.values.map(\.magnitude), shape: x.shape),
      weights.values.map { Double($0.magnitude) }, outputs: outputs, bias: bias.map(\.magnitude))
    let unit = Double(inputs + 2) / Double(1 << 24)
    for index in exact.indices {
      #expect((Double(found.values[index]) - exact[index]).magnitude <= unit * magnitudes[index])
    }
  }

  @Test(
    arguments: [(1, 2064, 300), (769, 48, 600), (1030, 9, 63), (2, 12, 20485)],
    ProductPrecision.allCases)
  func anyNumberOfThreadsGivesTheSameBits(
    _ sizes: (rows: Int, inputs: Int, outputs: Int), _ products: ProductPrecision
  ) throws {
    let (rows, inputs, outputs) = sizes
    var random = RandomNumbers(seed: 3)
    let x = random.reals([rows, inputs])
    let bias = random.reals([outputs]).values
    for storage in Storage.allCases {
      let weights = try StoredWeights(storage, rows: outputs, columns: inputs, seed: 4)
      for linear in [
        Linear(weights.matrix, bias: bias, products: ProductChoice(products)),
        Linear(weights.matrix, bias: bias, path: nil),
      ] {
        let alone = linear(x, on: Compute(threads: 1)).values.map(\.bitPattern)
        for threads in [2, 3, 5] {
          let found = linear(x, on: Compute(threads: threads)).values.map(\.bitPattern)
          #expect(found == alone, "\(storage), \(threads) threads")
        }
      }
    }
  }

  /// Whole numbers that bfloat16 holds, with sums that float32 holds, lose nothing by being
  /// multiplied as they are stored.
  @Test(arguments: sizes)
  func storedProductsOfNumbersThatNeedNoRoundingAreExact(_ sizes: Sizes) throws {
    var random = RandomNumbers(seed: 7)
    let x = random.integers([sizes.rows, sizes.inputs], limit: 6)
    let bias = random.integers([sizes.outputs], limit: 1000).values
    let weights = try StoredWeights(
      .bf16, rows: sizes.outputs, columns: sizes.inputs, seed: UInt64(sizes.inputs))
    let linear = Linear(weights.matrix, bias: bias, products: ProductChoice(.native))
    #expect(linear.path == .bestOfBF16)
    let expected = Self.product(x, weights.exact, outputs: sizes.outputs, bias: bias)
    #expect(linear(x, on: Compute(threads: 2)).values.map(Double.init) == expected)
  }

  /// Activations are rounded to 1/32639 of a row's largest.
  @Test(arguments: sizes)
  func storedProductsOfIntegersAreNearTheExactOnes(_ sizes: Sizes) throws {
    var random = RandomNumbers(seed: 8)
    let x = random.reals([sizes.rows, sizes.inputs])
    for storage in [Storage.int8PerChannel, .int8PerGroup] {
      let weights = try StoredWeights(
        storage, rows: sizes.outputs, columns: sizes.inputs, seed: UInt64(sizes.inputs))
      let linear = Linear(weights.matrix, products: ProductChoice(.native))
      #expect(linear.path == .bestOfInt8)
      let found = linear(x, on: Compute(threads: 2)).values
      let expected = Self.product(x, weights.exact, outputs: sizes.outputs, bias: nil)
      // 100 is the largest weight.
      let limit = Double(sizes.inputs) * 100 * (0.51 / 32639 + 0x1p-22)
      let worst = zip(found, expected).map { (Double($0) - $1).magnitude }.max() ?? .infinity
      #expect(worst <= limit, "\(storage)")
    }
  }

  @Test(arguments: [Storage.f32, .f16])
  func wideWeightsAreAlwaysMultipliedInFloat32(_ storage: Storage) throws {
    let weights = try StoredWeights(storage, rows: 3, columns: 48, seed: 9)
    #expect(Linear(weights.matrix, products: ProductChoice(.native)).path == .bestOfF32)
  }

  @Test(arguments: Storage.allCases)
  func exactProductsAreInFloat32WhateverTheStorage(_ storage: Storage) throws {
    let weights = try StoredWeights(storage, rows: 3, columns: 48, seed: 9)
    #expect(Linear(weights.matrix).path == .bestOfF32)
  }

  @Test func leadingAxesAreKept() throws {
    var random = RandomNumbers(seed: 5)
    let weights = try WeightMatrix(random.integers([5, 3], limit: 9))
    let x = random.integers([2, 4, 3], limit: 9)
    let found = Linear(weights)(x, on: Compute(threads: 1))
    #expect(found.shape == [2, 4, 5])
    #expect(found.values == Linear(weights)(x.reshaped([8, 3]), on: Compute(threads: 1)).values)
    #expect(Linear(weights)(Tensor(zeros: [0, 3]), on: Compute(threads: 1)).shape == [0, 5])
  }

  @Test(arguments: Storage.allCases)
  func aMatrixTakesTheMemoryOfItsBytes(_ storage: Storage) throws {
    let matrix = try StoredWeights(storage, rows: 10, columns: 48, seed: 6).matrix
    let expected =
      switch storage {
      case .f32: 480 * 4
      case .bf16, .f16: 480 * 2
      case .int8PerChannel: 480 + 10 * 2
      case .int8PerGroup: 480 + 10 * 3 * 2
      case .int8WithFloatScales: 480 + 10 * 3 * 4
      }
    #expect(matrix.byteCount == expected)
  }
}
