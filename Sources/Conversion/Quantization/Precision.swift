internal import DVLAKernels

/// The precisions in which a whole model can be stored.
public enum Precision: String, CaseIterable, Sendable {
  /// The precision of the source.
  case source
  case f32
  case bf16
  /// 8-bit integers with bfloat16 scales for matrices, bfloat16 for the rest.
  case int8
}

/// The precision of one tensor.
public enum TensorPrecision: Hashable, Sendable {
  /// The precision of the source.
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

/// How a matrix is quantized to INT8: symmetrically, with values in [-127, 127] and bfloat16
/// scales.
public struct Int8Scheme: Hashable, Sendable {
  /// Which elements share a scale.
  public enum Granularity: Hashable, Sendable {
    /// Those of a row, which is an output channel of a linear layer.
    case channel
    /// Those of a group: adjacent elements of a row, which are inputs of one output channel.
    case group(GroupSize)
  }

  /// The number of elements in a group.
  public enum GroupSize: Int, CaseIterable, Sendable {
    case of32 = 32
    case of64 = 64
    case of128 = 128
  }

  /// How a scale is chosen among the bfloat16 numbers.
  public enum Scale: String, CaseIterable, Sendable {
    /// The largest magnitude over 127.
    case absoluteMaximum = "absolute_maximum"
    /// From there, adjacent scales as long as the squared error decreases.
    case leastSquares = "least_squares"
  }

  /// How values are rounded.
  public enum Rounding: String, CaseIterable, Sendable {
    /// Each to the nearest.
    case nearest
    /// So that errors of a row make up for each other: ``CompensationFactors``.
    case compensated
  }

  public var granularity: Granularity
  public var scale: Scale
  public var rounding: Rounding
  /// The largest magnitude of a value, from 15 to 127: fewer levels are coarser and compress
  /// better. Other than 127 only with compensated rounding.
  public var levels: Int

  /// The levels that there may be.
  public static let levelRange = 15...127

  /// By default the scheme of the precision `int8`.
  ///
  /// - Precondition: the levels are in ``levelRange``, and 127 where values are rounded to the
  ///   nearest.
  public init(
    _ granularity: Granularity = .channel, scale: Scale = .absoluteMaximum,
    rounding: Rounding = .nearest, levels: Int = 127
  ) {
    precondition(Self.levelRange.contains(levels) && (levels == 127 || rounding == .compensated))
    self.granularity = granularity
    self.scale = scale
    self.rounding = rounding
    self.levels = levels
  }

  var method: Int8Kernel.Method {
    switch scale {
    case .absoluteMaximum: .absoluteMaximum
    case .leastSquares: .leastSquares
    }
  }
}
