public import DVLATensors

/// Bicubic resampling of planes, as `torch.nn.functional.interpolate` with `align_corners=False`.
///
/// Coordinates, weights and sums are in double precision and rounded once, to the float that is
/// returned: within a unit in the last place of what PyTorch computes in float64.
public enum Resampling {
  /// `mode="bicubic"`: kernel parameter -0.75, edges repeated, no antialiasing.
  ///
  /// - Parameters:
  ///   - planes: [C, H, W], no extent 0.
  ///   - size: the extents of the result, each at least 1.
  ///   - scale: what the caller of PyTorch passes as `scale_factor`: the coordinates then advance
  ///     by `1 / scale` for all sizes, as they do while `recompute_scale_factor` is off.
  ///     Nil where it passes `size`: they advance by input extent / output extent.
  /// - Returns: [C, size.height, size.width].
  public static func bicubic(
    _ planes: Tensor, to size: (height: Int, width: Int),
    scale: (height: Double, width: Double)? = nil
  ) -> Tensor {
    resample(planes, to: size, scale: scale, AxisWeights.cubic)
  }

  /// `mode="bicubic", antialias=True`: kernel parameter -0.5, widened along an axis that shrinks,
  /// only samples inside the plane. Parameters and result as for ``bicubic(_:to:scale:)``, except
  /// that an axis that keeps its extent is copied even where a scale is given, as PyTorch does it.
  public static func bicubicAntialiased(
    _ planes: Tensor, to size: (height: Int, width: Int),
    scale: (height: Double, width: Double)? = nil
  ) -> Tensor {
    resample(planes, to: size, scale: scale, AxisWeights.cubicAntialiased)
  }

  private static func resample(
    _ planes: Tensor, to size: (height: Int, width: Int), scale: (height: Double, width: Double)?,
    _ axisWeights: (_ input: Int, _ output: Int, _ step: Double) -> AxisWeights
  ) -> Tensor {
    precondition(
      planes.shape.rank == 3 && planes.shape.dimensions.allSatisfy { $0 > 0 },
      "planes [C, H, W] with no extent 0")
    precondition(size.height > 0 && size.width > 0, "a size of at least 1 x 1")
    precondition(scale.map { $0.height > 0 && $0.width > 0 } ?? true, "positive scale factors")
    let (height, width) = (planes.shape[1], planes.shape[2])
    let rows = axisWeights(
      height, size.height, scale.map { 1 / $0.height } ?? Double(height) / Double(size.height))
    let columns = axisWeights(
      width, size.width, scale.map { 1 / $0.width } ?? Double(width) / Double(size.width))

    var result = [Float]()
    result.reserveCapacity(planes.shape[0] * size.height * size.width)
    var widened = [Double](repeating: 0, count: height * size.width)
    for plane in 0..<planes.shape[0] {
      let start = plane * height * width
      sumColumns(
        planes.values.span.extracting(start..<start + height * width), width: width, columns,
        into: &widened)
      sumRows(widened, width: size.width, rows, appendingTo: &result)
    }
    return Tensor(result, shape: [planes.shape[0], size.height, size.width])
  }

  /// [H, W] -> [H, W'].
  private static func sumColumns(
    _ plane: Span<Float>, width: Int, _ columns: AxisWeights, into widened: inout [Double]
  ) {
    var output = 0
    for start in stride(from: 0, to: plane.count, by: width) {
      for column in 0..<columns.count {
        let first = start + columns.first[column]
        let range = columns.range(column)
        var sum = 0.0
        for tap in range {
          sum += columns.weights[tap] * Double(plane[first + tap - range.lowerBound])
        }
        widened[output] = sum
        output += 1
      }
    }
  }

  /// [H, W'] -> [H', W'].
  private static func sumRows(
    _ plane: [Double], width: Int, _ rows: AxisWeights, appendingTo result: inout [Float]
  ) {
    var sums = [Double](repeating: 0, count: width)
    for row in 0..<rows.count {
      for column in 0..<width { sums[column] = 0 }
      let range = rows.range(row)
      for tap in range {
        let weight = rows.weights[tap]
        let start = (rows.first[row] + tap - range.lowerBound) * width
        let samples = plane.span.extracting(start..<start + width)
        for column in 0..<width { sums[column] += weight * samples[column] }
      }
      for sum in sums { result.append(Float(sum)) }
    }
  }
}

extension Resampling {
  /// `mode="bilinear"` of float32 on a processor with fused multiplication and addition: no
  /// antialiasing, edges repeated.
  ///
  /// Coordinates are float32 as PyTorch's, which puts them up to a few hundred thousandths of a
  /// sample away from where exact ones would be; sums are within rounding of PyTorch's.
  ///
  /// Source: PyTorch 2.15, `ATen/native/UpSample.h`: `area_pixel_compute_scale`,
  /// `area_pixel_compute_source_index`, `guard_index_and_lambda`.
  ///
  /// - Parameters:
  ///   - planes: [C, H, W], no extent 0.
  ///   - size: the extents of the result, each at least 1.
  /// - Returns: [C, size.height, size.width].
  public static func bilinear(_ planes: Tensor, to size: (height: Int, width: Int)) -> Tensor {
    precondition(
      planes.shape.rank == 3 && planes.shape.dimensions.allSatisfy { $0 > 0 },
      "planes [C, H, W] with no extent 0")
    precondition(size.height > 0 && size.width > 0, "a size of at least 1 x 1")
    let (height, width) = (planes.shape[1], planes.shape[2])
    let rows = neighbours(input: height, output: size.height)
    let columns = neighbours(input: width, output: size.width)
    let values = planes.values.span
    var result: [Float] = []
    result.reserveCapacity(planes.shape[0] * size.height * size.width)
    for plane in 0..<planes.shape[0] {
      for row in rows {
        let first = (plane * height + row.lower) * width
        let last = (plane * height + row.upper) * width
        let upper = values.extracting(first..<first + width)
        let lower = values.extracting(last..<last + width)
        for column in columns {
          var sum = upper[column.lower] * (row.lowerWeight * column.lowerWeight)
          sum.addProduct(upper[column.upper], row.lowerWeight * column.upperWeight)
          sum.addProduct(lower[column.lower], row.upperWeight * column.lowerWeight)
          sum.addProduct(lower[column.upper], row.upperWeight * column.upperWeight)
          result.append(sum)
        }
      }
    }
    return Tensor(result, shape: [planes.shape[0], size.height, size.width])
  }

  /// Two samples and the weights of both.
  private struct Neighbours {
    let lower, upper: Int
    let lowerWeight, upperWeight: Float
  }

  private static func neighbours(input: Int, output: Int) -> [Neighbours] {
    let scale = Float(input) / Float(output)
    return (0..<output).map { index in
      let position = max(Float(-0.5).addingProduct(scale, Float(index) + 0.5), 0)
      let lower = min(Int(position), input - 1)
      let weight = min(max(position - Float(lower), 0), 1)
      return Neighbours(
        lower: lower, upper: min(lower + 1, input - 1), lowerWeight: 1 - weight,
        upperWeight: weight)
    }
  }
}
