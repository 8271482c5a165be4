import DVLADiagnostics
import DVLAKernels
import DVLATensorMath
import DVLATensors

/// x += scale1 * attention(norm1(x)); x += scale2 * mlp(norm2(x)).
///
/// Source: transformers `models/dinov2/modeling_dinov2.py`, `Dinov2Layer`.
struct DINOv2Layer: Sendable {
  private enum FeedForward: Sendable {
    case mlp(MLP)
    case swiGLU(SwiGLU)
  }

  private let norm1: LayerNorm
  private var attention: SelfAttention
  private let scale1: [Float]
  private let norm2: LayerNorm
  private var feedForward: FeedForward
  private let scale2: [Float]

  init(_ c: DINOv2Configuration, weights: WeightScope) throws(WeightsError) {
    norm1 = try weights.layerNorm("norm1", width: c.width, epsilon: c.epsilon)
    func projection(_ name: String) throws(WeightsError) -> Linear {
      try weights.linear("attention." + name, inputs: c.width, outputs: c.width, hasBias: true)
    }
    attention = SelfAttention(
      query: try projection("attention.query"), key: try projection("attention.key"),
      value: try projection("attention.value"), output: try projection("output.dense"),
      attention: Attention(
        heads: c.heads, keyValueHeads: c.heads, headDim: c.width / c.heads))
    scale1 = try weights.vector("layer_scale1.lambda1", count: c.width)
    norm2 = try weights.layerNorm("norm2", width: c.width, epsilon: c.epsilon)
    let mlp = weights.at("mlp")
    feedForward =
      c.usesSwiGLU
      ? .swiGLU(try SwiGLU(width: c.width, inner: c.mlpWidth, weights: mlp))
      : .mlp(
        try MLP(width: c.width, inner: c.mlpWidth, activation: c.activation, weights: mlp))
    scale2 = try weights.vector("layer_scale2.lambda1", count: c.width)
  }

  /// Replaces those matrices that are named.
  mutating func reload(
    _ changed: Set<TensorName>, from weights: WeightScope
  ) throws(WeightsError) {
    try weights.reload(&attention.query, "attention.attention.query", ifIn: changed)
    try weights.reload(&attention.key, "attention.attention.key", ifIn: changed)
    try weights.reload(&attention.value, "attention.attention.value", ifIn: changed)
    try weights.reload(&attention.output, "attention.output.dense", ifIn: changed)
    switch feedForward {
    case .mlp(var mlp):
      try mlp.reload(changed, from: weights.at("mlp"))
      feedForward = .mlp(mlp)
    case .swiGLU(var swiGLU):
      try swiGLU.reload(changed, from: weights.at("mlp"))
      feedForward = .swiGLU(swiGLU)
    }
  }

  func update(_ x: inout Tensor, on compute: Compute, trace: StageTrace) throws(WeightsError) {
    let attended = attention(norm1(x, on: compute), on: compute)
    try trace.record("attention", attended)
    x.add(attended, scaledBy: scale1, on: compute)
    let normed = norm2(x, on: compute)
    let expanded =
      switch feedForward {
      case .mlp(let mlp): mlp(normed, on: compute)
      case .swiGLU(let swiGLU): swiGLU(normed, on: compute)
      }
    try trace.record("mlp", expanded)
    x.add(expanded, scaledBy: scale2, on: compute)
  }
}

/// out(silu(gate) * up), gate and up the halves of one projection.
///
/// Source: transformers `models/dinov2/modeling_dinov2.py`, `Dinov2SwiGLUFFN`; DINOv2 giant.
struct SwiGLU: Sendable {
  private var weightsIn: Linear
  private var weightsOut: Linear

  init(width: Int, inner: Int, weights: WeightScope) throws(WeightsError) {
    weightsIn = try weights.linear(
      "weights_in", inputs: width, outputs: 2 * inner, hasBias: true)
    weightsOut = try weights.linear("weights_out", inputs: inner, outputs: width, hasBias: true)
  }

  /// Replaces those matrices that are named.
  mutating func reload(
    _ changed: Set<TensorName>, from weights: WeightScope
  ) throws(WeightsError) {
    try weights.reload(&weightsIn, "weights_in", ifIn: changed)
    try weights.reload(&weightsOut, "weights_out", ifIn: changed)
  }

  /// [..., D] -> [..., D].
  func callAsFunction(_ x: Tensor, on compute: Compute) -> Tensor {
    var (gate, up) = weightsIn(x, on: compute).halves()
    gate.apply(.silu, multiplyingBy: up, on: compute)
    return weightsOut(gate, on: compute)
  }
}

extension Tensor {
  /// The two halves of the last axis.
  fileprivate func halves() -> (Tensor, Tensor) {
    let width = shape[shape.rank - 1]
    let half = width / 2
    var parts: ([Float], [Float]) = ([], [])
    for start in stride(from: 0, to: values.count, by: width) {
      parts.0 += values[start..<start + half]
      parts.1 += values[start + half..<start + width]
    }
    let shape = Shape(shape.dimensions.dropLast() + [half])
    return (Tensor(parts.0, shape: shape), Tensor(parts.1, shape: shape))
  }
}
