public import DVLATensors

/// A two-dimensional convolution over channels-last images [B, H, W, C], padded with zeros.
///
/// The weight is a matrix [out, kernel * kernel * C]: the kernel's rows, then its columns, then
/// channels. A pixel's neighbourhood, written out in the same order, makes it one product.
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

extension MutableSpan<Float> {
  /// Copies elements to where they belong, as fast as memory allows: neither side is checked again
  /// for each.
  fileprivate mutating func copy(_ source: Span<Float>, at offset: Int) {
    var target = self._mutatingExtracting(offset..<offset + source.count)
    for index in 0..<source.count { target[index] = source[index] }
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
