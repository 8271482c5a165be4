public import DVLATensors

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
