import DVLAMatrixProducts
import Testing

/// Convolutions on every float32 path of this processor: against the steps that
/// `DVLAConvolutions.h` promises, one number at a time, and against the definition in float64.
@Suite struct StoredConvolutionTests {
  struct Sizes: CustomStringConvertible, Sendable {
    let height, width, channels, outputs: Int
    var padding = 1
    var description: String { "\(height) x \(width) x \(channels) -> \(outputs), \(padding)" }

    var shape: StoredConvolution.Shape {
      StoredConvolution.Shape(
        height: height, width: width, channels: channels, outputs: outputs, padding: padding)
    }
  }

  /// Around vectors of 8 channels and 16 outputs, groups of 64 outputs, stages of 256 channels and
  /// blocks of 96 tiles; results of odd and even sides.
  static let sizes = [
    Sizes(height: 1, width: 1, channels: 1, outputs: 1),
    Sizes(height: 3, width: 3, channels: 7, outputs: 5, padding: 0),
    Sizes(height: 4, width: 5, channels: 8, outputs: 16),
    Sizes(height: 5, width: 4, channels: 9, outputs: 17, padding: 2),
    Sizes(height: 6, width: 3, channels: 33, outputs: 48, padding: 0),
    Sizes(height: 3, width: 2, channels: 12, outputs: 64),
    Sizes(height: 2, width: 3, channels: 5, outputs: 100),
    Sizes(height: 2, width: 2, channels: 256, outputs: 3),
    Sizes(height: 3, width: 4, channels: 300, outputs: 20),
    Sizes(height: 1, width: 193, channels: 3, outputs: 2),
    Sizes(height: 21, width: 19, channels: 4, outputs: 3),
    Sizes(height: 25, width: 16, channels: 2, outputs: 2, padding: 0),
  ]
  static let paths = ProductPath.available.filter { $0.nativeWeights == .f32 }
  static let types: [ProductPath.WeightType] = [.f32, .f16, .bf16]

  /// Images are the tokens, weights those of a product over all 9 C inputs.
  static func operands(_ sizes: Sizes, _ type: ProductPath.WeightType) -> Operands {
    let image = StoredProductTests.Sizes(
      tokens: sizes.height * sizes.width, inputs: sizes.channels, outputs: 1)
    let weights = StoredProductTests.Sizes(
      tokens: 1, inputs: 9 * sizes.channels, outputs: sizes.outputs)
    var result = Operands(weights, of: type, seed: 21)
    result.x = Operands(image, of: .f32, seed: 22).x
    return result
  }

  /// By the path under test, later parts and blocks first, into memory of which it must write every
  /// element.
  static func result(
    _ sizes: Sizes, _ operands: Operands, _ path: ProductPath, hasBias: Bool = true
  ) -> [Float] {
    let shape = sizes.shape
    let convolution = StoredConvolution(path, of: operands.type, shape)
    for part in (0..<convolution.weightParts).reversed() {
      unsafe convolution.arrangeWeights(part: part, of: operands.weights.span.bytes)
    }
    var result = [Float](
      repeating: 123, count: shape.resultHeight * shape.resultWidth * shape.outputs)
    for block in (0..<shape.blocks).reversed() {
      var span = result.mutableSpan
      var part = span._mutatingExtracting(shape.elements(ofBlock: block))
      convolution.multiply(
        block: block, image: operands.x.span, bias: hasBias ? operands.bias : nil, into: &part)
    }
    return result
  }

  static func pixel(
    _ sizes: Sizes, _ operands: Operands, _ row: Int, _ column: Int, _ channel: Int
  ) -> Float {
    let (y, x) = (row - sizes.padding, column - sizes.padding)
    guard (0..<sizes.height).contains(y), (0..<sizes.width).contains(x) else { return 0 }
    return operands.x[(y * sizes.width + x) * sizes.channels + channel]
  }

  typealias Matrix = [[Float]]

  static func transposed(_ m: Matrix) -> Matrix {
    m[0].indices.map { column in m.map { $0[column] } }
  }

  /// Applied to each column, then to each row of what comes out.
  static func twice(_ m: Matrix, _ step: ([Float]) -> [Float]) -> Matrix {
    transposed(transposed(m).map(step)).map(step)
  }

  /// The 16 entries of a filter for one channel.
  static func filter(_ operands: Operands, _ sizes: Sizes, _ output: Int, _ channel: Int) -> Matrix
  {
    let taps = (0..<3).map { y in
      (0..<3).map { Float(operands.weight(output, (y * 3 + $0) * sizes.channels + channel)) }
    }
    return twice(taps) {
      [$0[0], (($0[0] + $0[2]) + $0[1]) * 0.5, (($0[0] + $0[2]) - $0[1]) * 0.5, $0[2]]
    }
  }

  /// One tile of the result for an output, by the steps as they are promised.
  static func tile(
    _ sizes: Sizes, _ operands: Operands, row: Int, column: Int, output: Int
  ) -> Matrix {
    var sums: [Float] = Array(repeating: 0, count: 16)
    for first in stride(from: 0, to: sizes.channels, by: 128) {
      var totals: [Float] = Array(repeating: 0, count: 16)
      for channel in first..<min(sizes.channels, first + 128) {
        let weights = filter(operands, sizes, output, channel)
        let pixels = (0..<4).map { y in
          (0..<4).map { pixel(sizes, operands, row + y, column + $0, channel) }
        }
        let entries = twice(pixels) {
          [$0[0] - $0[2], $0[1] + $0[2], $0[2] - $0[1], $0[1] - $0[3]]
        }
        for entry in 0..<16 {
          totals[entry].addProduct(entries[entry / 4][entry % 4], weights[entry / 4][entry % 4])
        }
      }
      for entry in 0..<16 { sums[entry] = first == 0 ? totals[entry] : sums[entry] + totals[entry] }
    }
    let results = twice((0..<4).map { Array(sums[$0 * 4..<$0 * 4 + 4]) }) {
      [($0[0] + $0[1]) + $0[2], ($0[1] - $0[2]) - $0[3]]
    }
    return results.map { $0.map { $0 + operands.bias[output] } }
  }

  @Test(arguments: sizes, paths)
  func everyPathGivesTheBitsOfThePromisedSteps(_ sizes: Sizes, _ path: ProductPath) {
    for type in Self.types {
      let operands = Self.operands(sizes, type)
      let found = Self.result(sizes, operands, path)
      let (height, width) = (sizes.shape.resultHeight, sizes.shape.resultWidth)
      var expected = [Float](repeating: .nan, count: found.count)
      for row in stride(from: 0, to: height, by: 2) {
        for column in stride(from: 0, to: width, by: 2) {
          for output in 0..<sizes.outputs {
            let tile = Self.tile(sizes, operands, row: row, column: column, output: output)
            for (y, x) in [(0, 0), (0, 1), (1, 0), (1, 1)]
            where row + y < height && column + x < width {
              expected[((row + y) * width + column + x) * sizes.outputs + output] = tile[y][x]
            }
          }
        }
      }
      #expect(found.map(\.bitPattern) == expected.map(\.bitPattern), "\(type)")
    }
  }

  /// A result is nine sums over the channels, of which each term is off by 2^-24 of itself for each
  /// addition of a part of 128, and for the transforms and the rest. A term is at most four times
  /// the largest of the tile's pixels and 9/4 times the largest weight, channel by channel.
  @Test(arguments: sizes, paths)
  func theResultIsTheSumOverTheNeighbourhood(_ sizes: Sizes, _ path: ProductPath) {
    for hasBias in [true, false] {
      let operands = Self.operands(sizes, .f32)
      let found = Self.result(sizes, operands, path, hasBias: hasBias)
      let (height, width) = (sizes.shape.resultHeight, sizes.shape.resultWidth)
      for row in 0..<height {
        for column in 0..<width {
          for output in 0..<sizes.outputs {
            var sum = hasBias ? Double(operands.bias[output]) : 0
            var magnitudes = 0.0
            let (top, left) = (row / 2 * 2, column / 2 * 2)
            for channel in 0..<sizes.channels {
              var (largestPixel, largestWeight) = (0.0, 0.0)
              for place in 0..<16 {
                let pixel = Self.pixel(
                  sizes, operands, top + place / 4, left + place % 4, channel)
                largestPixel = max(largestPixel, Double(pixel.magnitude))
              }
              for tap in 0..<9 {
                let weight = operands.weight(output, tap * sizes.channels + channel)
                largestWeight = max(largestWeight, weight.magnitude)
                sum +=
                  Double(Self.pixel(sizes, operands, row + tap / 3, column + tap % 3, channel))
                  * weight
              }
              magnitudes += largestPixel * 4 * largestWeight * 9 / 4
            }
            let steps = Double(min(sizes.channels, 128) + 14)
            let bound = 9 * magnitudes * steps * 0x1p-24 + 0x1p-22
            let value = Double(found[(row * width + column) * sizes.outputs + output])
            #expect((value - sum).magnitude <= bound, "\(row), \(column), \(output)")
          }
        }
      }
    }
  }

  @Test func onlyFloat32PathsHaveConvolutions() {
    for path in ProductPath.available where path.nativeWeights != .f32 {
      for type in ProductPath.WeightType.allCases {
        #expect(!StoredConvolution.isAvailable(path, of: type))
      }
    }
    for path in Self.paths {
      #expect(!StoredConvolution.isAvailable(path, of: .int8))
      for type in Self.types { #expect(StoredConvolution.isAvailable(path, of: type)) }
    }
  }
}
