public import DVLADiagnostics
import DVLAKernels
public import DVLATensorMath
public import DVLATensors

/// One layer of a Gemma decoder: x += attention(norm(x)); x += mlp(norm(x)), with rotary queries
/// and keys, one key head for several query heads, a gated MLP and no biases.
///
/// Attention is computed between the two halves, so that experts with weights of their own can
/// share it.
///
/// Source: transformers `models/gemma/modeling_gemma.py`, `GemmaDecoderLayer`.
public struct GemmaLayer: Sendable {
  /// Rotated queries [B, S, heads * headDim]; rotated keys, and values,
  /// [B, S, keyValueHeads * headDim].
  public struct Projections: Sendable {
    public let query: Tensor
    public let key: Tensor
    public let value: Tensor
  }

  private let inputNorm: RMSNorm
  private var query: Linear
  private var key: Linear
  private var value: Linear
  private var output: Linear
  private let postAttentionNorm: RMSNorm
  private var gate: Linear
  private var up: Linear
  private var down: Linear
  private let activation: Activation

  /// - Throws: `model.tensor-*`; what reading throws.
  public init(_ c: GemmaConfiguration, weights: WeightScope) throws(WeightsError) {
    func linear(_ name: String, _ inputs: Int, _ outputs: Int) throws(WeightsError) -> Linear {
      try weights.linear(name, inputs: inputs, outputs: outputs, hasBias: false)
    }
    let (queryWidth, keyWidth) = (c.heads * c.headDim, c.keyValueHeads * c.headDim)
    inputNorm = try weights.rmsNorm("input_layernorm", width: c.width, epsilon: c.epsilon)
    query = try linear("self_attn.q_proj", c.width, queryWidth)
    key = try linear("self_attn.k_proj", c.width, keyWidth)
    value = try linear("self_attn.v_proj", c.width, keyWidth)
    output = try linear("self_attn.o_proj", queryWidth, c.width)
    postAttentionNorm = try weights.rmsNorm(
      "post_attention_layernorm", width: c.width, epsilon: c.epsilon)
    gate = try linear("mlp.gate_proj", c.width, c.mlpWidth)
    up = try linear("mlp.up_proj", c.width, c.mlpWidth)
    down = try linear("mlp.down_proj", c.mlpWidth, c.width)
    activation = c.activation
  }

  /// Replaces those matrices that are named.
  ///
  /// - Throws: `model.tensor-*`; what reading throws.
  mutating func reload(
    _ changed: Set<TensorName>, from weights: WeightScope
  ) throws(WeightsError) {
    try weights.reload(&query, "self_attn.q_proj", ifIn: changed)
    try weights.reload(&key, "self_attn.k_proj", ifIn: changed)
    try weights.reload(&value, "self_attn.v_proj", ifIn: changed)
    try weights.reload(&output, "self_attn.o_proj", ifIn: changed)
    try weights.reload(&gate, "mlp.gate_proj", ifIn: changed)
    try weights.reload(&up, "mlp.up_proj", ifIn: changed)
    try weights.reload(&down, "mlp.down_proj", ifIn: changed)
  }

  /// The queries, keys and values of the tokens x [B, S, D].
  public func projections(
    of x: Tensor, rotary: RotaryEmbedding, on compute: Compute
  ) -> Projections {
    let normed = inputNorm(x, on: compute)
    var q = query(normed, on: compute)
    var k = key(normed, on: compute)
    rotary.rotate(&q, on: compute)
    rotary.rotate(&k, on: compute)
    return Projections(query: q, key: k, value: value(normed, on: compute))
  }

  /// The rest of the layer: x += output(mixed); x += down(act(gate(n)) * up(n)), n = norm(x).
  ///
  /// Stages: `attention`, `mlp`.
  ///
  /// - Parameter mixed: what attention gave these tokens, [B, S, heads * headDim].
  /// - Throws: what the trace throws.
  public func update(
    _ x: inout Tensor, attended mixed: Tensor, on compute: Compute, trace: StageTrace,
    validRows: [Bool]?
  ) throws(WeightsError) {
    let attended = output(mixed, on: compute)
    try trace.record("attention", attended, validRows: validRows)
    x.add(attended, on: compute)
    let normed = postAttentionNorm(x, on: compute)
    var gated = gate(normed, on: compute)
    gated.apply(activation, multiplyingBy: up(normed, on: compute), on: compute)
    let expanded = down(gated, on: compute)
    try trace.record("mlp", expanded, validRows: validRows)
    x.add(expanded, on: compute)
  }
}
