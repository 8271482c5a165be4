import DVLAMatrixProducts
public import DVLATensors

/// A two-dimensional convolution over channels-last images [B, H, W, C], padded with zeros.
///
/// The weight is a matrix [out, kernel * kernel * C]: the kernel's rows, then its columns, then
/// channels. A pixel's neighbourhood, written out in the same order, makes it one product; kernels
/// of 3 x 3 pixels over larger images are a ``StoredConvolution``, with fewer products.
public struct Convolution: Sendable {
  private let linear: Linear
  private let kernel: Int
  private let stride: Int
  private let padding: Int

  /// - Parameters:
  ///   - linear: the weight as above, and a bias [out].
  ///   - kernel: the side of the square kernel, in pixels.
  ///   - stride: pixels from one neighbourhood to the next, in both directions.
  ///   - padding: zeros added on each of the four sides, in pixels.
  /// - Precondition: the weight has kernel * kernel * C columns.
  public init(_ linear: Linear, kernel: Int, stride: Int, padding: Int) {
    precondition(linear.weight.columns.isMultiple(of: kernel * kernel), "whole neighbourhoods")
    self.linear = linear
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  private var channels: Int { linear.weight.columns / kernel / kernel }

  /// [B, H, W, C] -> [B, (H + 2 padding - kernel) / stride + 1, …, out].
  public func callAsFunction(_ x: Tensor, on compute: Compute) -> Tensor {
    precondition(x.shape.rank == 4 && x.shape[3] == channels, "[B, H, W, \(channels)]")
    if kernel == 1, stride == 1, padding == 0 { return linear(x, on: compute) }
    if let convolution = tiled(x) {
      return multiply(x, by: convolution, on: compute)
    }
    let height = (x.shape[1] + 2 * padding - kernel) / stride + 1
    let width = (x.shape[2] + 2 * padding - kernel) / stride + 1
    let outputs = linear.weight.rows
    var result = Tensor(zeros: [x.shape[0], height, width, outputs])
    // Some rows of pixels at a time: their neighbourhoods take kernel² times their memory.
    let rows = max(1, Self.neighbourhoodLimit / max(1, width * linear.weight.columns))
    for sample in 0..<x.shape[0] {
      for start in Swift.stride(from: 0, to: height, by: rows) {
        let range = start..<min(height, start + rows)
        let part = linear(
          neighbourhoods(of: x, sample: sample, rows: range, width: width, on: compute),
          on: compute)
        let offset = (sample * height + start) * width * outputs
        result.values.replaceSubrange(offset..<offset + part.values.count, with: part.values)
      }
    }
    return result
  }

  /// The same in tiles, where that takes less time: where there are enough of them to make up for
  /// the transformation of the weights.
  private func tiled(_ x: Tensor) -> StoredConvolution? {
    guard kernel == 3, stride == 1, let path = linear.path, linear.recorder == nil,
      StoredConvolution.isAvailable(path, of: linear.weight.type), x.shape.elementCount > 0,
      min(x.shape[1], x.shape[2]) + 2 * padding >= kernel, linear.weight.rows > 0
    else { return nil }
    let shape = StoredConvolution.Shape(
      height: x.shape[1], width: x.shape[2], channels: channels, outputs: linear.weight.rows,
      padding: padding)
    guard x.shape[0] * shape.tiles >= Self.fewestTiles else { return nil }
    return StoredConvolution(path, of: linear.weight.type, shape)
  }

  /// Weights are transformed in about the time that 25 tiles save (Decision-FloatProducts).
  private static let fewestTiles = 32

  private func multiply(
    _ x: Tensor, by convolution: StoredConvolution, on compute: Compute
  ) -> Tensor {
    let shape = convolution.shape
    let results = shape.resultHeight * shape.resultWidth * shape.outputs
    let pixels = shape.height * shape.width * shape.channels
    linear.weight.withStored { weights, _ in
      compute.run(items: convolution.weightParts) {
        convolution.arrangeWeights(part: $0, of: weights)
      }
    }
    return Tensor(
      writing: [x.shape[0], shape.resultHeight, shape.resultWidth, shape.outputs]
    ) { result in
      compute.run(items: x.shape[0] * shape.blocks) { item in
        let (sample, block) = (item / shape.blocks, item % shape.blocks)
        let elements = shape.elements(ofBlock: block)
        let start = sample * results
        result.withSpan(start + elements.lowerBound..<start + elements.upperBound) {
          convolution.multiply(
            block: block, image: x.values.span.extracting(sample * pixels..<(sample + 1) * pixels),
            bias: linear.bias, into: &$0)
        }
      }
    }
  }

  /// Floats of neighbourhoods held at a time: 16 MiB.
  private static let neighbourhoodLimit = 4 << 20

  /// [rows * width, kernel * kernel * C].
  private func neighbourhoods(
    of x: Tensor, sample: Int, rows: Range<Int>, width: Int, on compute: Compute
  ) -> Tensor {
    let (inputHeight, inputWidth, channels) = (x.shape[1], x.shape[2], channels)
    let columns = linear.weight.columns
    var result = Tensor(zeros: [rows.count * width, columns])
    compute.forEachBlock(
      ofRows: rows.count, columns: width * columns, in: &result.values, blockRows: 1
    ) { block, target in
      for y in 0..<kernel {
        let row = (rows.lowerBound + block.lowerBound) * stride + y - padding
        guard (0..<inputHeight).contains(row) else { continue }
        for pixel in 0..<width {
          // The kernel's columns inside the image lie one after the other, there as here.
          let first = pixel * stride - padding
          let (lower, upper) = (max(0, -first), min(kernel, inputWidth - first))
          guard lower < upper else { continue }
          let from = (sample * inputHeight + row) * inputWidth + first + lower
          target.copy(
            x.values.span.extracting(from * channels..<(from + upper - lower) * channels),
            at: pixel * columns + (y * kernel + lower) * channels)
        }
      }
    }
    return result
  }
}

/// A transposed convolution whose stride is its kernel: every pixel becomes a square of its own.
///
/// The weight is a matrix [kernel * kernel * out, C]: the square's rows, then its columns, then
/// outputs.
public struct PixelExpansion: Sendable {
  private let linear: Linear
  private let kernel: Int

  /// - Parameters:
  ///   - linear: the weight as above, and a bias [kernel * kernel * out].
  ///   - kernel: the side of the square that each pixel becomes, which is the stride too.
  /// - Precondition: the weight has kernel * kernel * out rows.
  public init(_ linear: Linear, kernel: Int) {
    precondition(linear.weight.rows.isMultiple(of: kernel * kernel), "whole squares")
    self.linear = linear
    self.kernel = kernel
  }

  /// [B, H, W, C] -> [B, kernel H, kernel W, out].
  public func callAsFunction(_ x: Tensor, on compute: Compute) -> Tensor {
    let squares = linear(x, on: compute)
    let (batch, height, width) = (x.shape[0], x.shape[1], x.shape[2])
    let outputs = linear.weight.rows / kernel / kernel
    var result = Tensor(zeros: [batch, height * kernel, width * kernel, outputs])
    let run = kernel * outputs
    compute.forEachBlock(
      ofRows: batch * height * kernel, columns: width * run, in: &result.values, blockRows: 4
    ) { rows, target in
      for (index, row) in rows.enumerated() {
        let (source, y) = (row / kernel, row % kernel)
        for pixel in 0..<width {
          let from = (source * width + pixel) * kernel * run + y * run
          target.copy(
            squares.values.span.extracting(from..<from + run),
            at: index * width * run + pixel * run)
        }
      }
    }
    return result
  }
}
