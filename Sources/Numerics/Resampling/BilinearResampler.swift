/// Bilinear resampling of channels-last values, as
/// `torch.nn.functional.interpolate(mode="bilinear")`.
///
/// The tables are made once; any number of threads may then compute rows of the result at once.
/// Weights are derived in double precision and rounded to float; the sums are in float.
///
/// Source: PyTorch, `ATen/native/UpSample.h`: `area_pixel_compute_scale`,
/// `area_pixel_compute_source_index`.
public struct BilinearResampler: Sendable {
  public let height, width: Int
  public let toHeight, toWidth: Int

  private let rowPairs, columnPairs: [Pair]

  /// Two neighbouring input samples and the weights of both.
  private struct Pair {
    var lower, upper: Int
    var lowerWeight, upperWeight: Float
  }

  /// - Parameters:
  ///   - height: extents of the input, at least 1 each.
  ///   - toHeight: extents of the result, at least 1 each.
  ///   - alignCorners: whether the centres of the outermost samples of input and result coincide,
  ///     or else the outer edges of those samples.
  public init(height: Int, width: Int, toHeight: Int, toWidth: Int, alignCorners: Bool) {
    precondition(min(height, width, toHeight, toWidth) > 0, "no extent 0")
    (self.height, self.width, self.toHeight, self.toWidth) = (height, width, toHeight, toWidth)
    rowPairs = Self.pairs(input: height, output: toHeight, alignCorners: alignCorners)
    columnPairs = Self.pairs(input: width, output: toWidth, alignCorners: alignCorners)
  }

  private static func pairs(input: Int, output: Int, alignCorners: Bool) -> [Pair] {
    (0..<output).map { index in
      let position: Double
      if alignCorners {
        position = output == 1 ? 0 : Double(index) * (Double(input - 1) / Double(output - 1))
      } else {
        position = max(0, (Double(index) + 0.5) * (Double(input) / Double(output)) - 0.5)
      }
      let lower = min(Int(position), input - 1)
      let fraction = min(max(position - Double(lower), 0), 1)
      return Pair(
        lower: lower, upper: min(lower + 1, input - 1),
        lowerWeight: Float(1 - fraction), upperWeight: Float(fraction))
    }
  }

  /// Computes some rows of the result.
  ///
  /// - Parameters:
  ///   - range: which rows, in 0 ..< `toHeight`.
  ///   - input: [height, width, channels].
  ///   - result: [range.count, toWidth, channels], those rows alone.
  public func rows(
    _ range: Range<Int>, of input: Span<Float>, channels: Int,
    into result: inout MutableSpan<Float>
  ) {
    precondition(input.count == height * width * channels, "input of [height, width, channels]")
    precondition(
      result.count == range.count * toWidth * channels, "room for [rows, toWidth, channels]")
    let rowCount = width * channels
    var output = 0
    for row in range {
      let rows = rowPairs[row]
      let lower = input.extracting(rows.lower * rowCount..<(rows.lower + 1) * rowCount)
      let upper = input.extracting(rows.upper * rowCount..<(rows.upper + 1) * rowCount)
      for columns in columnPairs {
        let left = columns.lower * channels..<(columns.lower + 1) * channels
        let right = columns.upper * channels..<(columns.upper + 1) * channels
        var pixel = result._mutatingExtracting(output..<output + channels)
        mix(
          lower.extracting(left), lower.extracting(right),
          upper.extracting(left), upper.extracting(right),
          (rows.lowerWeight, rows.upperWeight), (columns.lowerWeight, columns.upperWeight),
          into: &pixel)
        output += channels
      }
    }
  }
}

/// The weighted sum of four pixels, first along the row as PyTorch does it.
private func mix(
  _ topLeft: Span<Float>, _ topRight: Span<Float>, _ bottomLeft: Span<Float>,
  _ bottomRight: Span<Float>, _ vertical: (Float, Float), _ horizontal: (Float, Float),
  into pixel: inout MutableSpan<Float>
) {
  let count = pixel.count
  precondition(
    topLeft.count == count && topRight.count == count && bottomLeft.count == count
      && bottomRight.count == count, "pixels of as many channels")
  for channel in 0..<count {
    let top = horizontal.0 * topLeft[channel] + horizontal.1 * topRight[channel]
    let bottom = horizontal.0 * bottomLeft[channel] + horizontal.1 * bottomRight[channel]
    pixel[channel] = vertical.0 * top + vertical.1 * bottom
  }
}
