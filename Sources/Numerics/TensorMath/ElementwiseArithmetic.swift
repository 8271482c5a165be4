public import DVLAKernels
public import DVLATensors

extension Tensor {
  /// self += other.
  ///
  /// - Precondition: both have the same shape.
  public mutating func add(_ other: Tensor, on compute: Compute) {
    precondition(shape == other.shape, "\(shape) and \(other.shape) are the same")
    updateRows(columns: 1, on: compute) { rows, target in
      RowKernel.add(other.values.span.extracting(rows), to: &target)
    }
  }

  /// self += other * scale, the scale one factor for each element of the last axis.
  ///
  /// - Precondition: both have the same shape, [..., scale.count].
  public mutating func add(_ other: Tensor, scaledBy scale: [Float], on compute: Compute) {
    precondition(shape == other.shape, "\(shape) and \(other.shape) are the same")
    let columns = scale.count
    updateRows(columns: columns, on: compute) { rows, target in
      RowKernel.addScaled(
        other.values.span.extracting(rows.lowerBound * columns..<rows.upperBound * columns),
        by: scale.span, toRowsOf: &target)
    }
  }

  /// self += row for each row of the last axes, as a position table is added to every sample.
  ///
  /// - Precondition: the extents of `row` are the last ones of this shape.
  public mutating func addToEach(_ row: Tensor, on compute: Compute) {
    precondition(Array(shape.dimensions.suffix(row.shape.rank)) == row.shape.dimensions)
    updateRows(columns: row.values.count, on: compute) { rows, target in
      let count = row.values.count
      for index in 0..<rows.count {
        var part = target._mutatingExtracting(index * count..<(index + 1) * count)
        RowKernel.add(row.values.span, to: &part)
      }
    }
  }

  /// self = f(self), element by element.
  public mutating func apply(_ activation: Activation, on compute: Compute) {
    updateRows(columns: 1, on: compute) { _, target in activation.apply(to: &target) }
  }

  /// self = f(self) * other: the gate of GeGLU and SwiGLU.
  ///
  /// - Precondition: both have the same shape.
  public mutating func apply(
    _ activation: Activation, multiplyingBy other: Tensor, on compute: Compute
  ) {
    precondition(shape == other.shape, "\(shape) and \(other.shape) are the same")
    updateRows(columns: 1, on: compute) { rows, target in
      activation.apply(to: &target, multiplying: other.values.span.extracting(rows))
    }
  }

  /// self *= factor.
  public mutating func multiply(by factor: Float, on compute: Compute) {
    updateRows(columns: 1, on: compute) { _, target in RowKernel.multiply(&target, by: factor) }
  }

  private mutating func updateRows(
    columns: Int, on compute: Compute,
    _ body: @Sendable (Range<Int>, inout MutableSpan<Float>) -> Void
  ) {
    guard columns > 0 else { return }
    precondition(shape.elementCount.isMultiple(of: columns), "whole rows")
    compute.forEachBlock(
      ofRows: shape.elementCount / columns, columns: columns, in: &values,
      blockRows: Compute.blockRows(columns: columns), body)
  }
}
