import DVLAMatrixProducts
import DVLATensorMath
import DVLATensors
import Testing

/// Whole numbers, of which every sum is exact.
struct ConvolutionTests {
  struct Case: CustomStringConvertible, Sendable {
    let shape: Shape
    let outputs, kernel: Int
    var stride = 1
    var padding = 0
    var description: String { "\(shape), \(kernel) by \(stride), padded \(padding)" }

    var height: Int { (shape[1] + 2 * padding - kernel) / stride + 1 }
    var width: Int { (shape[2] + 2 * padding - kernel) / stride + 1 }

    /// One value of the result by the definition.
    func value(
      _ x: Tensor, _ weights: Tensor, _ bias: [Float], at place: (Int, Int, Int, Int)
    ) -> Double {
      let (sample, row, column, output) = place
      var sum = Double(bias[output])
      for y in 0..<kernel {
        for z in 0..<kernel {
          let (from, across) = (row * stride + y - padding, column * stride + z - padding)
          guard (0..<shape[1]).contains(from), (0..<shape[2]).contains(across) else { continue }
          for channel in 0..<shape[3] {
            let pixel = ((sample * shape[1] + from) * shape[2] + across) * shape[3] + channel
            let weight = ((output * kernel + y) * kernel + z) * shape[3] + channel
            sum += Double(x.values[pixel]) * Double(weights.values[weight])
          }
        }
      }
      return sum
    }
  }

  static let cases = [
    Case(shape: [1, 5, 7, 3], outputs: 4, kernel: 3, padding: 1),
    Case(shape: [2, 6, 5, 2], outputs: 3, kernel: 3, stride: 2, padding: 1),
    Case(shape: [2, 5, 6, 2], outputs: 3, kernel: 3, stride: 2, padding: 1),
    Case(shape: [2, 1, 1, 4], outputs: 5, kernel: 3, stride: 2, padding: 1),
    Case(shape: [1, 6, 4, 2], outputs: 2, kernel: 3),
    Case(shape: [1, 4, 4, 3], outputs: 2, kernel: 3, padding: 2),
    Case(shape: [2, 4, 3, 5], outputs: 7, kernel: 1),
    Case(shape: [1, 5, 4, 2], outputs: 3, kernel: 1, stride: 2),
    Case(shape: [1, 8, 8, 2], outputs: 3, kernel: 2, stride: 2),
    // Enough tiles to transform weights for, in one image and in two.
    Case(shape: [1, 15, 18, 5], outputs: 6, kernel: 3, padding: 1),
    Case(shape: [2, 9, 8, 17], outputs: 20, kernel: 3),
    Case(shape: [3, 7, 30, 3], outputs: 2, kernel: 3, padding: 2),
  ]
  /// Both ways to multiply in float32; the second is that of processors without FMA.
  static let float32Paths = [ProductPath.bestOfF32, nil]

  static func compute(
    _ its: Case, path: ProductPath?, threads: Int = 2
  ) throws -> (Tensor, Tensor, Tensor, [Float]) {
    var random = RandomNumbers(seed: 11)
    let x = random.integers(its.shape, limit: 9)
    let weights = random.integers(
      [its.outputs, its.kernel * its.kernel * its.shape[3]], limit: 9)
    let bias = random.integers([its.outputs], limit: 50).values
    let convolution = Convolution(
      Linear(try WeightMatrix(weights), bias: bias, path: path), kernel: its.kernel,
      stride: its.stride, padding: its.padding)
    return (convolution(x, on: Compute(threads: threads)), x, weights, bias)
  }

  @Test(arguments: cases, float32Paths)
  func everyPixelIsTheSumOverItsNeighbourhood(_ its: Case, _ path: ProductPath?) throws {
    let (found, x, weights, bias) = try Self.compute(its, path: path)
    #expect(found.shape == [its.shape[0], its.height, its.width, its.outputs])
    var expected: [Double] = []
    for sample in 0..<its.shape[0] {
      for row in 0..<its.height {
        for column in 0..<its.width {
          for output in 0..<its.outputs {
            expected.append(its.value(x, weights, bias, at: (sample, row, column, output)))
          }
        }
      }
    }
    #expect(found.values.map(Double.init) == expected)
    #expect(try Self.compute(its, path: path, threads: 5).0 == found)
  }

  /// 4 Mi floats of neighbourhoods are 94 rows here: the first part ends after row 93. With FMA and
  /// a stride of 1 there are blocks of tiles instead, which end in the middle of rows.
  @Test(arguments: [1, 2], float32Paths)
  func largeImagesAreTakenInPartsThatMeet(stride: Int, path: ProductPath?) throws {
    let its = Case(
      shape: [1, 100 * stride, 77 * stride, 64], outputs: 3, kernel: 3, stride: stride, padding: 1)
    let (found, x, weights, bias) = try Self.compute(its, path: path)
    #expect(its.height * its.width * 9 * 64 > 4 << 20)
    for row in [0, 1, 92, 93, 94, 95, 99] {
      for column in [0, 1, 38, 76] {
        for output in 0..<3 {
          let place = (row * its.width + column) * 3 + output
          let expected = its.value(x, weights, bias, at: (0, row, column, output))
          #expect(Double(found.values[place]) == expected, "\(row), \(column), \(output)")
        }
      }
    }
  }

  /// Numbers whose sums are not exact: the bits are the same whatever computes which tile.
  @Test func tilesGiveTheSameBitsOnAnyNumberOfThreads() throws {
    var random = RandomNumbers(seed: 13)
    let x = random.reals([2, 31, 40, 24])
    let weights = random.reals([30, 9 * 24])
    let convolution = Convolution(
      Linear(try WeightMatrix(weights)), kernel: 3, stride: 1, padding: 1)
    let alone = convolution(x, on: Compute(threads: 1))
    for threads in [2, 3, 5] { #expect(convolution(x, on: Compute(threads: threads)) == alone) }
  }

  @Test(arguments: [(1, 3), (2, 3), (4, 2)])
  func pixelsExpandIntoSquares(kernel: Int, batch: Int) throws {
    var random = RandomNumbers(seed: 12)
    let (height, width, channels, outputs) = (3, 5, 4, 2)
    let x = random.integers([batch, height, width, channels], limit: 9)
    let weights = random.integers([kernel * kernel * outputs, channels], limit: 9)
    let bias = random.integers([kernel * kernel * outputs], limit: 50).values
    let found = PixelExpansion(
      Linear(try WeightMatrix(weights), bias: bias), kernel: kernel)(x, on: Compute(threads: 3))
    var expected: [Double] = []
    for sample in 0..<batch {
      for row in 0..<height * kernel {
        for column in 0..<width * kernel {
          for output in 0..<outputs {
            let square = row % kernel * kernel + column % kernel
            let weight = square * outputs + output
            let pixel = ((sample * height + row / kernel) * width + column / kernel) * channels
            expected.append(
              (0..<channels).reduce(Double(bias[weight])) {
                $0 + Double(x.values[pixel + $1]) * Double(weights.values[weight * channels + $1])
              })
          }
        }
      }
    }
    #expect(found.shape == [batch, height * kernel, width * kernel, outputs])
    #expect(found.values.map(Double.init) == expected)
  }
}
