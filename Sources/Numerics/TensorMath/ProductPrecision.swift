import DVLAMatrixProducts
public import DVLATensors

/// How products with weights that are stored in fewer than 32 bits are computed.
public enum ProductPrecision: String, Sendable, CaseIterable {
  /// In float32, with the activations as they are and the weights widened.
  case exact
  /// In the type of the weights: activations are rounded to bfloat16, or to 16-bit integers where
  /// the weights have 8.
  case native
}

/// How a model's products are computed, by the type of the weights. Those of F32 and F16 are always
/// exact.
public struct ProductChoice: Sendable, Hashable, CustomStringConvertible {
  public var bf16: ProductPrecision
  public var int8: ProductPrecision

  /// The same for both.
  public init(_ precision: ProductPrecision) {
    bf16 = precision
    int8 = precision
  }

  /// The choice for a model.
  ///
  /// Parity checks and pipelines both choose by this, so that parity measures what a run computes.
  ///
  /// - Parameters:
  ///   - requested: the user's choice. By default products are exact where the weights lost
  ///     nothing; otherwise native for the types that this processor then multiplies faster.
  ///   - precisionClass: how much precision the weights lost.
  ///   - tensors: the weights. A type that no matrix has is computed exactly.
  public init(
    _ requested: ProductPrecision?, for precisionClass: PrecisionClass, tensors: [TensorInfo]
  ) {
    self.init(.exact)
    func choice(of path: ProductPath, for dtype: DType) -> ProductPrecision {
      guard tensors.contains(where: { $0.dtype == dtype && $0.shape.rank > 1 }) else {
        return .exact
      }
      return requested ?? (precisionClass != .f32 && path.isFast ? .native : .exact)
    }
    bf16 = choice(of: .bestOfBF16, for: .bf16)
    int8 = choice(of: .bestOfInt8, for: .i8)
  }

  /// `exact`, or the types whose products are native.
  public var description: String {
    switch (bf16, int8) {
    case (.exact, .exact): "exact"
    case (.native, .exact): "native for BF16"
    case (.exact, .native): "native for INT8"
    case (.native, .native): "native for BF16 and INT8"
    }
  }
}
