import DVLADiagnostics
import DVLAKernels
import DVLATensorMath
import DVLATensors

/// x += attention(norm1(x)); x += mlp(norm2(x)).
///
/// Source: transformers `models/siglip/modeling_siglip.py`, `SiglipEncoderLayer`.
struct SiglipLayer: Sendable {
  private let norm1: LayerNorm
  private let attention: SelfAttention
  private let norm2: LayerNorm
  private let mlp: MLP

  init(_ c: SiglipConfiguration, weights: WeightScope) throws(WeightsError) {
    norm1 = try weights.layerNorm("layer_norm1", width: c.width, epsilon: c.epsilon)
    let projections = weights.at("self_attn")
    func projection(_ name: String) throws(WeightsError) -> Linear {
      try projections.linear(name, inputs: c.width, outputs: c.width, hasBias: true)
    }
    attention = SelfAttention(
      query: try projection("q_proj"), key: try projection("k_proj"),
      value: try projection("v_proj"), output: try projection("out_proj"),
      attention: Attention(
        heads: c.heads, keyValueHeads: c.heads, headDim: c.width / c.heads))
    norm2 = try weights.layerNorm("layer_norm2", width: c.width, epsilon: c.epsilon)
    mlp = try MLP(
      width: c.width, inner: c.mlpWidth, activation: c.activation, weights: weights.at("mlp"))
  }

  func update(_ x: inout Tensor, on compute: Compute, trace: StageTrace) throws(WeightsError) {
    let attended = attention(norm1(x, on: compute), on: compute)
    try trace.record("attention", attended)
    x.add(attended, on: compute)
    let expanded = mlp(norm2(x, on: compute), on: compute)
    try trace.record("mlp", expanded)
    x.add(expanded, on: compute)
  }
}
