internal import DVLACProducts

/// result[t, o] = sum over i of x[t, i] w[o, i] + bias[o], the weights w as they are stored.
///
/// F32: weights are widened exactly, those of 8 bits multiplied with their scale in float32; sums
/// are float32, in one order for every type of weights.
///
/// BF16: x is rounded to bfloat16; products are exact, and their sums float32.
///
/// INT8: each token x becomes 16-bit integers, its largest magnitude 32639. Sums of products with
/// the weights, -128 included, are exact within a block of up to 512 inputs that share a scale; the
/// scaled blocks add up in float32. A token with a NaN or an infinity gives NaN.
///
/// Several threads share an instance: first all tokens are arranged, then tiles are multiplied. The
/// bits of the result do not depend on which thread computes it.
///
/// Unsafe code. The invariants: `arranged` and `scales` have room for all tokens from `init` to
/// `deinit`. Threads that arrange at the same time have no token in common, so none of their bytes
/// either, and all of them have ended before the first tile. Spans are checked to hold what the
/// kernels read and write; the pointers live only inside the closures.
@safe
public final class StoredProduct: @unchecked Sendable {
  /// Sizes of a product.
  public struct Shape: Sendable {
    public let tokens: Int
    public let inputs: Int
    public let outputs: Int
    /// Inputs that share a scale of the weights.
    public let group: Int

    /// - Parameter group: of INT8 weights; all inputs by default.
    /// - Precondition: sizes are positive; `group` divides `inputs`, and is `inputs` itself or a
    ///   multiple of 16.
    public init(tokens: Int, inputs: Int, outputs: Int, group: Int? = nil) {
      let group = group ?? inputs
      precondition(tokens > 0 && inputs > 0 && outputs > 0 && group > 0, "sizes are positive")
      precondition(group == inputs || inputs.isMultiple(of: group) && group.isMultiple(of: 16))
      self.tokens = tokens
      self.inputs = inputs
      self.outputs = outputs
      self.group = group
    }
  }

  public let path: ProductPath
  public let weightType: ProductPath.WeightType
  public let shape: Shape
  /// A constant of the C target.
  private let kernels: OpaquePointer
  private let arranged: UnsafeMutableRawPointer
  private let scales: UnsafeMutablePointer<Float>

  /// - Precondition: the path is available, and multiplies weights of this type.
  public init(_ path: ProductPath, of weights: ProductPath.WeightType, _ shape: Shape) {
    self.path = path
    self.weightType = weights
    self.shape = shape
    unsafe kernels = path.kernels(for: weights)
    let byteCount = unsafe dvla_arranged_bytes(kernels, shape.inC)
    unsafe arranged = .allocate(byteCount: byteCount, alignment: 64)
    unsafe scales = .allocate(capacity: shape.tokens)
  }

  deinit {
    unsafe arranged.deallocate()
    unsafe scales.deallocate()
  }

  /// Arranges some of the tokens.
  ///
  /// - Parameter x: all tokens [tokens, inputs].
  public func arrange(_ tokens: Range<Int>, of x: Span<Float>) {
    precondition(x.count == shape.tokens * shape.inputs, "all tokens")
    precondition(tokens.lowerBound >= 0 && tokens.upperBound <= shape.tokens, "some of them")
    unsafe x.withUnsafeBufferPointer { x in
      guard let x = x.baseAddress else { return }
      unsafe dvla_arrange_tokens(
        kernels, shape.inC, x, tokens.lowerBound, tokens.count, arranged, scales)
    }
  }

  /// Computes a tile, once all tokens are arranged.
  ///
  /// - Parameters:
  ///   - next: the tile that this thread is likely to compute next. The cache fetches its first
  ///     weights meanwhile; no result depends on it.
  ///   - weights: [outputs, inputs], of ``weightType``.
  ///   - weightScales: [outputs, inputs / group], of INT8: float32 where `hasFloatScales`, else
  ///     bfloat16.
  ///   - bias: [outputs].
  ///   - result: from the tile's first element to its last, rows `outputs` apart. What lies between
  ///     them belongs to other tiles and is not touched.
  public func multiply(
    _ tile: ProductTiles.Tile, before next: ProductTiles.Tile? = nil, weights: RawSpan,
    weightScales: RawSpan?, hasFloatScales: Bool = false, bias: [Float]?,
    into result: inout MutableSpan<Float>
  ) {
    let elements = shape.outputs * shape.inputs
    let isInt8 = weightType == .int8
    precondition(weights.byteCount == elements * weightType.byteWidth, "all weights")
    precondition(
      (weightScales?.byteCount ?? 0)
        == (isInt8 ? elements / shape.group * (hasFloatScales ? 4 : 2) : 0),
      "a scale for each group")
    precondition(bias.map { $0.count == shape.outputs } ?? true, "a bias for each output")
    precondition(tile.fits(shape), "a tile of the result")
    precondition(next.map { $0.fits(shape) } ?? true, "a tile of the result")
    precondition(result.count == tile.elements(stride: shape.outputs).count, "the tile's rows")
    let byteCount = dvla_tile_scratch_bytes(tile.tokens.count, tile.outputs.count)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    defer { unsafe scratch.deallocate() }
    unsafe weights.withUnsafeBytes { weights in
      unsafe weightScales.withAddress { weightScales in
        unsafe bias.withAddress { bias in
          unsafe result.withUnsafeMutableBufferPointer { result in
            guard let weights = weights.baseAddress, let result = result.baseAddress else {
              return
            }
            let operands = unsafe dvla_product_operands(
              arranged: UnsafeRawPointer(arranged), scales: UnsafeRawPointer(scales),
              weights: weights, weight_scales: weightScales,
              float_weight_scales: hasFloatScales, bias: bias)
            unsafe dvla_multiply_tile(
              kernels, shape.inC, operands, tile.inC(before: next, in: shape), scratch, result)
          }
        }
      }
    }
  }
}

extension StoredProduct.Shape {
  fileprivate var inC: dvla_product_shape {
    dvla_product_shape(tokens: tokens, inputs: inputs, outputs: outputs, group: group)
  }
}

extension ProductTiles.Tile {
  fileprivate func inC(before next: Self?, in shape: StoredProduct.Shape) -> dvla_product_tile {
    dvla_product_tile(
      first_token: tokens.lowerBound, tokens: tokens.count,
      first_output: outputs.lowerBound, outputs: outputs.count,
      next_output: next?.outputs.lowerBound ?? shape.outputs)
  }

  fileprivate func fits(_ shape: StoredProduct.Shape) -> Bool {
    (0...shape.tokens).contains(tokens.lowerBound) && tokens.upperBound <= shape.tokens
      && (0...shape.outputs).contains(outputs.lowerBound) && outputs.upperBound <= shape.outputs
      && !tokens.isEmpty && !outputs.isEmpty
  }
}

extension RawSpan? {
  /// Gives `body` where the bytes are, or nil.
  fileprivate func withAddress(_ body: (UnsafeRawPointer?) -> Void) {
    guard let self else { return body(nil) }
    unsafe self.withUnsafeBytes { unsafe body($0.baseAddress) }
  }
}

extension [Float]? {
  /// Gives `body` where the elements are, or nil.
  func withAddress(_ body: (UnsafeRawPointer?) -> Void) {
    guard let self else { return body(nil) }
    unsafe self.withUnsafeBytes { unsafe body($0.baseAddress) }
  }
}
