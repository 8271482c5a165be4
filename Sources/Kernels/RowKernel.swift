import Glibc

/// Arithmetic on the rows of float32 matrices: norms, softmax, biases and rotations.
///
/// A matrix is given as its elements, row-major, and its number of columns. Sums are float64,
/// and each result is rounded to float32 once.
///
/// - Precondition: of every function: matrices are whole rows, and vectors over the columns have
///   one element for each.
public enum RowKernel {
  /// LayerNorm: (x - mean) / sqrt(variance + epsilon) weight + bias, over each row; the variance
  /// is the mean of the squares.
  ///
  /// Source: Ba, Kiros and Hinton 2016, equation 3; `torch.nn.LayerNorm`.
  public static func layerNorm(
    _ x: Span<Float>, columns: Int, weight: Span<Float>, bias: Span<Float>, epsilon: Double,
    into result: inout MutableSpan<Float>, using set: InstructionSet = .best
  ) {
    let rows = rowCount(x.count, columns: columns)
    precondition(result.count == x.count && weight.count == columns && bias.count == columns)
    for row in 0..<rows {
      let start = row * columns
      var sum = 0.0
      for c in 0..<columns { sum += Double(x[start + c]) }
      let mean = sum / Double(columns)
      var squares = 0.0
      for c in 0..<columns {
        let d = Double(x[start + c]) - mean
        squares += d * d
      }
      let inverse = 1 / (squares / Double(columns) + epsilon).squareRoot()
      for c in 0..<columns {
        result[start + c] = Float(
          (Double(x[start + c]) - mean) * inverse * Double(weight[c]) + Double(bias[c]))
      }
    }
  }

  /// Gemma's RMSNorm: x / sqrt(mean(x^2) + epsilon) (1 + weight), over each row.
  ///
  /// Source: Zhang and Sennrich 2019, equation 4, with a weight stored less one as in
  /// transformers' `GemmaRMSNorm`.
  public static func rmsNorm(
    _ x: Span<Float>, columns: Int, weight: Span<Float>, epsilon: Double,
    into result: inout MutableSpan<Float>, using set: InstructionSet = .best
  ) {
    let rows = rowCount(x.count, columns: columns)
    precondition(result.count == x.count && weight.count == columns)
    for row in 0..<rows {
      let start = row * columns
      var squares = 0.0
      for c in 0..<columns { squares += Double(x[start + c]) * Double(x[start + c]) }
      let inverse = 1 / (squares / Double(columns) + epsilon).squareRoot()
      for c in 0..<columns {
        result[start + c] = Float(Double(x[start + c]) * inverse * (1 + Double(weight[c])))
      }
    }
  }

  /// softmax(scale x) of each row, in place. Elements of -infinity give 0, and a row of nothing
  /// else gives zeros; a NaN or +infinity makes its row NaN.
  ///
  /// - Precondition: `scale` is positive and finite.
  public static func softmax(
    _ x: inout MutableSpan<Float>, columns: Int, scale: Float = 1, using set: InstructionSet = .best
  ) {
    let rows = rowCount(x.count, columns: columns)
    precondition(scale > 0 && scale.isFinite)
    for row in 0..<rows {
      let start = row * columns
      var largest = -Float.infinity
      for c in 0..<columns { largest = x[start + c] > largest ? x[start + c] : largest }
      var sum = 0.0
      for c in 0..<columns {
        let e =
          x[start + c] == -.infinity
          ? 0 : exp((Double(x[start + c]) - Double(largest)) * Double(scale))
        x[start + c] = Float(e)
        sum += e
      }
      if sum == 0 { continue }
      for c in 0..<columns { x[start + c] = Float(Double(x[start + c]) / sum) }
    }
  }

  /// x[r, c] += bias[c].
  public static func addBias(
    _ bias: Span<Float>, toRowsOf x: inout MutableSpan<Float>, using set: InstructionSet = .best
  ) {
    let rows = rowCount(x.count, columns: bias.count)
    for row in 0..<rows { for c in bias.indices { x[row * bias.count + c] += bias[c] } }
  }

  /// x[i] += y[i].
  public static func add(
    _ y: Span<Float>, to x: inout MutableSpan<Float>, using set: InstructionSet = .best
  ) {
    precondition(x.count == y.count)
    for index in x.indices { x[index] += y[index] }
  }

  /// x[r, c] += y[r, c] scale[c]: a residual with a layer scale, rounded once.
  public static func addScaled(
    _ y: Span<Float>, by scale: Span<Float>, toRowsOf x: inout MutableSpan<Float>,
    using set: InstructionSet = .best
  ) {
    precondition(x.count == y.count)
    let rows = rowCount(x.count, columns: scale.count)
    for row in 0..<rows {
      for c in scale.indices {
        let index = row * scale.count + c
        x[index] = Float(Double(x[index]) + Double(y[index]) * Double(scale[c]))
      }
    }
  }

  /// x[i] *= factor.
  public static func multiply(
    _ x: inout MutableSpan<Float>, by factor: Float, using set: InstructionSet = .best
  ) {
    for index in x.indices { x[index] *= factor }
  }

  /// Rotary positions, in place, on one token's row of heads: each head of `headDim` elements is
  /// split in halves a and b, which become a cos - b sin and b cos + a sin.
  ///
  /// Source: Su et al. 2021, equation 34, with the halves of transformers' `rotate_half`.
  ///
  /// - Precondition: `x` is whole heads; `cos` and `sin` have `headDim / 2` elements.
  public static func rotate(
    _ x: inout MutableSpan<Float>, headDim: Int, cos: Span<Float>, sin: Span<Float>,
    using set: InstructionSet = .best
  ) {
    let heads = rowCount(x.count, columns: headDim)
    let half = headDim / 2
    precondition(headDim.isMultiple(of: 2) && cos.count == half && sin.count == half)
    for head in 0..<heads {
      for i in 0..<half {
        let a = Double(x[head * headDim + i])
        let b = Double(x[head * headDim + half + i])
        x[head * headDim + i] = Float(a * Double(cos[i]) - b * Double(sin[i]))
        x[head * headDim + half + i] = Float(b * Double(cos[i]) + a * Double(sin[i]))
      }
    }
  }

  /// How many rows the elements make.
  private static func rowCount(_ count: Int, columns: Int) -> Int {
    precondition(columns >= 0, "sizes are not negative")
    guard columns > 0 else {
      precondition(count == 0, "rows without columns have no elements")
      return 0
    }
    precondition(count.isMultiple(of: columns), "elements make whole rows")
    return count / columns
  }
}
