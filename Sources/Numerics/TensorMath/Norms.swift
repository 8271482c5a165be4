import DVLAKernels
public import DVLATensors

/// (x - mean) / √(variance + ε) * weight + bias over the last axis, as `torch.nn.LayerNorm`.
public struct LayerNorm: Sendable {
  public let weight: [Float]
  public let bias: [Float]
  public let epsilon: Double

  /// - Parameters:
  ///   - weight: [D].
  ///   - bias: [D].
  ///   - epsilon: what is added to the variance.
  public init(weight: [Float], bias: [Float], epsilon: Double) {
    precondition(weight.count == bias.count, "a bias for each weight")
    self.weight = weight
    self.bias = bias
    self.epsilon = epsilon
  }

  /// [..., D] -> [..., D].
  public func callAsFunction(_ x: Tensor, on compute: Compute) -> Tensor {
    x.mapRows(columns: weight.count, on: compute) { rows, result in
      RowKernel.layerNorm(
        rows, columns: weight.count, weight: weight.span, bias: bias.span, epsilon: epsilon,
        into: &result)
    }
  }
}

/// x / √(mean(x²) + ε) * (1 + weight) over the last axis: Gemma's norm, whose stored weight is an
/// offset from one.
///
/// Source: transformers `models/gemma/modeling_gemma.py`, `GemmaRMSNorm`.
public struct RMSNorm: Sendable {
  public let weight: [Float]
  public let epsilon: Double

  /// - Parameters:
  ///   - weight: [D], stored less one.
  ///   - epsilon: what is added to the mean of the squares.
  public init(weight: [Float], epsilon: Double) {
    self.weight = weight
    self.epsilon = epsilon
  }

  /// [..., D] -> [..., D].
  public func callAsFunction(_ x: Tensor, on compute: Compute) -> Tensor {
    x.mapRows(columns: weight.count, on: compute) { rows, result in
      RowKernel.rmsNorm(
        rows, columns: weight.count, weight: weight.span, epsilon: epsilon, into: &result)
    }
  }
}

extension Tensor {
  /// A tensor of the same shape, some rows of the last axis at a time.
  func mapRows(
    columns: Int, on compute: Compute,
    _ body: @Sendable (Span<Float>, inout MutableSpan<Float>) -> Void
  ) -> Tensor {
    precondition(shape.dimensions.last == columns, "[..., \(columns)], found \(shape)")
    var result = Tensor(zeros: shape)
    compute.forEachBlock(
      ofRows: columns == 0 ? 0 : shape.elementCount / columns, columns: columns,
      in: &result.values, blockRows: Compute.blockRows(columns: columns)
    ) { rows, target in
      body(values.span.extracting(rows.lowerBound * columns..<rows.upperBound * columns), &target)
    }
    return result
  }
}
