import DVLAMatrixProducts

/// A matrix whose rows lie `stride` elements apart, with NaN in between and behind.
struct Matrix {
  let rows, columns, stride: Int
  var elements: [Float]

  init(rows: Int, columns: Int, gap: Int = 0, _ value: (Int, Int) -> Float) {
    self.rows = rows
    self.columns = columns
    stride = columns + gap
    elements = [Float](repeating: .nan, count: rows * stride + 3)
    for row in 0..<rows {
      for column in 0..<columns { elements[row * stride + column] = value(row, column) }
    }
  }

  /// Multiples of 2^-8 between -1 and 1, the same in every run.
  static func random(rows: Int, columns: Int, gap: Int = 0, seed: UInt64) -> Matrix {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return Matrix(rows: rows, columns: columns, gap: gap) { _, _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Float(Int(state >> 40 % 513) - 256) / 256
    }
  }

  subscript(row: Int, column: Int) -> Float { elements[row * stride + column] }

  var transposed: Matrix { Matrix(rows: columns, columns: rows) { self[$1, $0] } }

  /// The elements that belong to no row.
  var surroundings: [UInt32] {
    elements.indices.filter { stride == 0 || $0 / stride >= rows || $0 % stride >= columns }
      .map { elements[$0].bitPattern }
  }
}

/// a b^T by MatrixProduct, added to `initial` or in its place.
func timesTransposed(
  _ a: Matrix, _ b: Matrix, into initial: Matrix, accumulating: Bool = false
) -> Matrix {
  var result = initial
  var span = result.elements.mutableSpan
  MatrixProduct.timesTransposed(
    a.elements.span, stride: a.stride, b.elements.span, stride: b.stride, m: a.rows, n: b.rows,
    k: a.columns, into: &span, stride: initial.stride, accumulating: accumulating)
  return result
}

/// a b by MatrixProduct, added to `initial` or in its place.
func times(
  _ a: Matrix, _ b: Matrix, into initial: Matrix, accumulating: Bool = false
) -> Matrix {
  var result = initial
  var span = result.elements.mutableSpan
  MatrixProduct.times(
    a.elements.span, stride: a.stride, b.elements.span, stride: b.stride, m: a.rows, n: b.columns,
    k: a.columns, into: &span, stride: initial.stride, accumulating: accumulating)
  return result
}
