import DVLATensors
import Glibc

extension Tensor {
  /// e to the power of each value.
  var exponentials: Tensor { Tensor(values.map { Float(exp(Double($0))) }, shape: shape) }

  /// A part of a map [H, W].
  func cropped(rows: Range<Int>, columns: Range<Int>) -> Tensor {
    let width = shape[1]
    return Tensor(
      rows.flatMap { row in
        values[row * width + columns.lowerBound..<row * width + columns.upperBound]
      }, shape: [rows.count, columns.count])
  }
}
