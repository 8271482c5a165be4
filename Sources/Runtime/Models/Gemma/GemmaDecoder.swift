public import DVLADiagnostics
public import DVLATensorMath
public import DVLATensors

/// The layers of a Gemma decoder and its final norm: PaliGemma's, and those of each expert of
/// DepthVLA.
public struct GemmaDecoder: Sendable {
  public let configuration: GemmaConfiguration
  private var layers: [Deferred<GemmaLayer>]
  private let norm: RMSNorm

  /// - Throws: `model.tensor-*`; what reading throws.
  public init(_ configuration: GemmaConfiguration, weights: WeightScope) throws(WeightsError) {
    self.configuration = configuration
    norm = try weights.rmsNorm(
      "norm", width: configuration.width, epsilon: configuration.epsilon)
    var layers: [Deferred<GemmaLayer>] = []
    for index in 0..<configuration.layers {
      layers.append(
        try weights.at("layers").at(index).deferred { (weights) throws(WeightsError) in
          try GemmaLayer(configuration, weights: weights)
        })
    }
    self.layers = layers
  }

  /// Replaces those matrices of layers that are named.
  ///
  /// - Throws: `model.tensor-*`; what loading a layer in the background, and reading, throw.
  mutating func reload(
    _ changed: Set<TensorName>, from weights: WeightScope
  ) throws(WeightsError) {
    try weights.at("layers").reload(&layers, holding: changed) {
      (layer, scope) throws(WeightsError) in try layer.reload(changed, from: scope)
    }
  }

  /// - Throws: what loading the layer throws, where it is loaded in the background.
  func layer(_ index: Int) throws(WeightsError) -> GemmaLayer { try layers[index]() }

  /// [B, S, D] -> [B, S, D].
  func finalNorm(_ x: Tensor, on compute: Compute) -> Tensor { norm(x, on: compute) }

  /// Embedded tokens [B, S, D] -> [B, S, D] after the final norm, over a prefix that sees itself in
  /// both directions.
  ///
  /// Stages: `layer.i.attention`, `layer.i.mlp`, `layer.i`, `final_norm`.
  ///
  /// - Parameter valid: B S flags; false for padding, which no token sees and which has no
  ///   position. The result for padding itself carries no meaning.
  /// - Throws: what the trace throws.
  public func callAsFunction(
    _ tokens: Tensor, valid: [Bool], on compute: Compute, trace: StageTrace
  ) throws(WeightsError) -> Tensor {
    var streams = [
      TokenStream(
        self, hidden: tokens, valid: valid,
        positions: Positions.counting(valid, length: tokens.shape[1]), mask: .keys(valid))
    ]
    try JointLayers.run(&streams, on: compute, trace: trace)
    let final = norm(streams[0].hidden, on: compute)
    try trace.record("final_norm", final, validRows: valid)
    return final
  }
}
