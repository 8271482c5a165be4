/// The precisions a whole model can be stored in.
public enum Precision: String, CaseIterable, Sendable {
  /// As the source has it.
  case source
  case f32
  case bf16
  /// 8-bit integers with bfloat16 scales for matrices, bfloat16 for the rest.
  case int8
}

/// The precision of one tensor.
public enum TensorPrecision: Hashable, Sendable {
  /// As the source has it.
  case source
  case f32
  case bf16
  case int8(Int8Scheme)

  /// The precision without the details of the scheme.
  public var precision: Precision {
    switch self {
    case .source: .source
    case .f32: .f32
    case .bf16: .bf16
    case .int8: .int8
    }
  }
}
