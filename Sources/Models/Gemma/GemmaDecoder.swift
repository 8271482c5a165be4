public import Diagnostics
public import TensorCore
public import TensorMath

/// The layers of a Gemma decoder and its final norm, over a prefix that sees itself in both
/// directions.
public struct GemmaDecoder: Sendable {
  public let configuration: GemmaConfiguration
  private let layers: [GemmaLayer]
  private let norm: RMSNorm

  /// - Throws: `model.tensor-*`; what reading throws.
  public init(_ configuration: GemmaConfiguration, weights: WeightScope) throws(WeightsError) {
    self.configuration = configuration
    var layers: [GemmaLayer] = []
    for index in 0..<configuration.layers {
      layers.append(try GemmaLayer(configuration, weights: weights.at("layers").at(index)))
    }
    self.layers = layers
    norm = try weights.rmsNorm(
      "norm", width: configuration.width, epsilon: configuration.epsilon)
  }

  /// Embedded tokens [B, S, D] -> [B, S, D] after the final norm.
  ///
  /// Stages: `layer.i.attention`, `layer.i.mlp`, `layer.i`, `final_norm`.
  ///
  /// - Parameter valid: B S flags; false for padding, which nobody sees and which takes no
  ///   position. What comes out for padding itself carries no meaning.
  /// - Throws: what the trace throws.
  public func callAsFunction(
    _ tokens: Tensor, valid: [Bool], on compute: Compute, trace: StageTrace
  ) throws(WeightsError) -> Tensor {
    let c = configuration
    let rotary = RotaryEmbedding(
      positions: Self.positions(valid, length: tokens.shape[1]), headDim: c.headDim,
      theta: c.ropeTheta)
    let attention = Attention(
      heads: c.heads, keyValueHeads: c.keyValueHeads, headDim: c.headDim)
    var x = tokens
    for (index, layer) in layers.enumerated() {
      let projections = layer.projections(of: x, rotary: rotary, on: compute)
      let mixed = attention(
        query: projections.query, key: projections.key, value: projections.value,
        visible: valid, on: compute)
      try layer.update(
        &x, attended: mixed, on: compute, trace: trace.within("layer.\(index)"), validRows: valid)
      try trace.record("layer.\(index)", x, validRows: valid)
    }
    x = norm(x, on: compute)
    try trace.record("final_norm", x, validRows: valid)
    return x
  }

  /// 0, 1, 2, … over the valid tokens of each row; padding repeats the position before it.
  static func positions(_ valid: [Bool], length: Int) -> [Int] {
    var position = -1
    return valid.enumerated().map { index, isValid in
      if index.isMultiple(of: length) { position = -1 }
      if isValid { position += 1 }
      return max(position, 0)
    }
  }
}
