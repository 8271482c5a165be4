internal import DVLACKernels

/// Arithmetic on the rows of float32 matrices: norms, softmax, sums and rotations.
///
/// A matrix is given as its elements, row-major; vectors over its columns have an element for
/// each. Sums and products are float64 and each result is rounded to float32 once, unless said
/// otherwise. Every instruction set gives the same bits.
///
/// - Precondition: of every function: elements make whole rows, and vectors fit them.
public enum RowKernel {
  /// LayerNorm: (x - mean) / sqrt(variance + epsilon) weight + bias over each row, the variance
  /// being the mean square of what is left after the mean.
  ///
  /// - Parameters:
  ///   - x: [rows, columns].
  ///   - result: [rows, columns].
  ///
  /// Source: Ba, Kiros and Hinton 2016, section 3; `torch.nn.LayerNorm`.
  public static func layerNorm(
    _ x: Span<Float>, columns: Int, weight: Span<Float>, bias: Span<Float>, epsilon: Double,
    into result: inout MutableSpan<Float>, using set: InstructionSet = .best
  ) {
    let shape = matrix(x.count, columns: columns)
    precondition(weight.count == columns && bias.count == columns, "one of each for each column")
    precondition(result.count == x.count, "result holds as many")
    let kernel = unsafe set.kernels.layer_norm
    unsafe result.withElements(x, weight, bias) { unsafe kernel($1, shape, $2, $3, epsilon, $0) }
  }

  /// Gemma's RMSNorm: x / sqrt(mean(x^2) + epsilon) (1 + weight) over each row.
  ///
  /// - Parameters:
  ///   - x: [rows, columns].
  ///   - weight: stored less one, [columns].
  ///   - result: [rows, columns].
  ///
  /// Source: Zhang and Sennrich 2019, equation 4; transformers' `GemmaRMSNorm`.
  public static func rmsNorm(
    _ x: Span<Float>, columns: Int, weight: Span<Float>, epsilon: Double,
    into result: inout MutableSpan<Float>, using set: InstructionSet = .best
  ) {
    let shape = matrix(x.count, columns: columns)
    precondition(weight.count == columns, "a weight for each column")
    precondition(result.count == x.count, "result holds as many")
    let kernel = unsafe set.kernels.rms_norm
    unsafe result.withElements(x, weight) { unsafe kernel($1, shape, $2, epsilon, $0) }
  }

  /// softmax(scale x) over each row, in place. Exponentials are rounded to float32 before they are
  /// divided by their sum.
  ///
  /// -infinity gives 0, and a row of nothing else zeros. A NaN or +infinity makes its row NaN.
  ///
  /// - Precondition: `scale` is positive and finite.
  public static func softmax(
    _ x: inout MutableSpan<Float>, columns: Int, scale: Float = 1, using set: InstructionSet = .best
  ) {
    let shape = matrix(x.count, columns: columns)
    precondition(scale > 0 && scale.isFinite, "a positive scale")
    let kernel = unsafe set.kernels.softmax_rows
    unsafe x.withElements { unsafe kernel($0, shape, scale) }
  }

  /// x[i] += y[i], for a residual.
  public static func add(
    _ y: Span<Float>, to x: inout MutableSpan<Float>, using set: InstructionSet = .best
  ) {
    precondition(y.count == x.count, "an addend for each element")
    let kernel = unsafe set.kernels.add
    let count = x.count
    unsafe x.withElements(y) { unsafe kernel($0, $1, count) }
  }

  /// x[r, c] += y[r, c] scale[c], for a residual with a layer scale.
  ///
  /// Source: Touvron et al. 2021 (CaiT), section 2.
  public static func addScaled(
    _ y: Span<Float>, by scale: Span<Float>, toRowsOf x: inout MutableSpan<Float>,
    using set: InstructionSet = .best
  ) {
    precondition(y.count == x.count, "an addend for each element")
    let shape = matrix(x.count, columns: scale.count)
    let kernel = unsafe set.kernels.add_scaled
    unsafe x.withElements(y, scale) { unsafe kernel($0, shape, $1, $2) }
  }

  /// x[i] *= factor.
  public static func multiply(
    _ x: inout MutableSpan<Float>, by factor: Float, using set: InstructionSet = .best
  ) {
    let kernel = unsafe set.kernels.multiply
    let count = x.count
    unsafe x.withElements { unsafe kernel($0, count, factor) }
  }

  /// Rotary positions on one token's row of heads, in place: of each head's halves a and b, a
  /// becomes a cos - b sin and b becomes b cos + a sin.
  ///
  /// - Parameters:
  ///   - x: [heads, headDim].
  ///   - cos: cosines of the token's angles, [headDim / 2], likewise `sin`.
  /// - Precondition: `headDim` is even.
  ///
  /// Source: Su et al. 2021, equation 34, in the halves of transformers' `rotate_half`.
  public static func rotate(
    _ x: inout MutableSpan<Float>, headDim: Int, cos: Span<Float>, sin: Span<Float>,
    using set: InstructionSet = .best
  ) {
    let heads = matrix(x.count, columns: headDim).rows
    precondition(headDim.isMultiple(of: 2), "a head has two halves")
    let half = headDim / 2
    precondition(cos.count == half && sin.count == half, "an angle for each pair")
    let kernel = unsafe set.kernels.rotate
    unsafe x.withElements(cos, sin) { unsafe kernel($0, heads, half, $1, $2) }
  }

  /// The rows that the elements make.
  private static func matrix(_ count: Int, columns: Int) -> dvla_matrix {
    precondition(columns >= 0, "sizes are not negative")
    guard columns > 0 else {
      precondition(count == 0, "rows without columns have no elements")
      return dvla_matrix(rows: 0, columns: 0)
    }
    precondition(count.isMultiple(of: columns), "elements make whole rows")
    return dvla_matrix(rows: count / columns, columns: columns)
  }
}
