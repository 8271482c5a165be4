internal import DVLAKernels

/// How a matrix becomes 8-bit integers: symmetric, values in [-127, 127], bfloat16 scales.
public struct Int8Scheme: Hashable, Sendable {
  /// What shares a scale.
  public enum Granularity: Hashable, Sendable {
    /// A row: an output channel of a linear layer.
    case channel
    /// Neighbours along a row: inputs of one output channel.
    case group(GroupSize)
  }

  /// Elements of a group.
  public enum GroupSize: Int, CaseIterable, Sendable {
    case of32 = 32
    case of64 = 64
    case of128 = 128
  }

  /// How a scale is chosen, always among the bfloat16 numbers.
  public enum Scale: String, CaseIterable, Sendable {
    /// The largest magnitude over 127.
    case absoluteMaximum = "absolute_maximum"
    /// From there, the neighbouring scales with less and less squared error.
    case leastSquares = "least_squares"
  }

  public var granularity: Granularity
  public var scale: Scale

  /// By default the way of the `int8` precision.
  public init(_ granularity: Granularity = .channel, scale: Scale = .absoluteMaximum) {
    self.granularity = granularity
    self.scale = scale
  }

  var method: Int8Kernel.Method {
    switch scale {
    case .absoluteMaximum: .absoluteMaximum
    case .leastSquares: .leastSquares
    }
  }
}
