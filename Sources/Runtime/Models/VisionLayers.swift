import DVLADiagnostics
import DVLAKernels
import DVLATensorMath
import DVLATensors

/// Attention of every token to every token, with projections in and out: SigLIP's and DINOv2's.
struct SelfAttention: Sendable {
  var query: Linear
  var key: Linear
  var value: Linear
  var output: Linear
  let attention: Attention

  /// [B, S, D] -> [B, S, D].
  func callAsFunction(_ x: Tensor, on compute: Compute) -> Tensor {
    let mixed = attention(
      query: query(x, on: compute), key: key(x, on: compute), value: value(x, on: compute),
      on: compute)
    return output(mixed, on: compute)
  }
}

/// fc2(activation(fc1(x))), with biases: SigLIP's and DINOv2's.
struct MLP: Sendable {
  private var fc1: Linear
  private var fc2: Linear
  private let activation: Activation

  init(
    width: Int, inner: Int, activation: Activation, weights: WeightScope
  ) throws(WeightsError) {
    fc1 = try weights.linear("fc1", inputs: width, outputs: inner, hasBias: true)
    fc2 = try weights.linear("fc2", inputs: inner, outputs: width, hasBias: true)
    self.activation = activation
  }

  /// Replaces those matrices that are named.
  mutating func reload(
    _ changed: Set<TensorName>, from weights: WeightScope
  ) throws(WeightsError) {
    try weights.reload(&fc1, "fc1", ifIn: changed)
    try weights.reload(&fc2, "fc2", ifIn: changed)
  }

  /// [..., D] -> [..., D].
  func callAsFunction(_ x: Tensor, on compute: Compute) -> Tensor {
    var hidden = fc1(x, on: compute)
    hidden.apply(activation, on: compute)
    return fc2(hidden, on: compute)
  }
}
