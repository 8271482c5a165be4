public import DVLADiagnostics
public import DVLATensorMath
public import DVLATensors

/// SigLIP's vision transformer without its pooling head.
///
/// Source: Zhai et al., arXiv 2303.15343; transformers `models/siglip/modeling_siglip.py`,
/// `SiglipVisionTransformer`.
public struct SiglipVisionTower: Sendable {
  public let configuration: SiglipConfiguration
  private let patchEmbedding: Linear
  private let positions: Tensor
  private let layers: [Deferred<SiglipLayer>]
  private let finalNorm: LayerNorm

  /// - Throws: `model.tensor-*`; what reading throws.
  public init(
    _ configuration: SiglipConfiguration, weights: WeightScope
  ) throws(WeightsError) {
    let c = configuration
    self.configuration = c
    let embeddings = weights.at("embeddings")
    patchEmbedding = try embeddings.patchEmbedding(
      "patch_embedding", channels: c.channels, patch: c.patch, outputs: c.width)
    let table = [c.patches, c.width]
    positions = Tensor(
      try embeddings.floats("position_embedding.weight", shape: table), shape: Shape(table))
    finalNorm = try weights.layerNorm("post_layernorm", width: c.width, epsilon: c.epsilon)
    var layers: [Deferred<SiglipLayer>] = []
    for index in 0..<c.layers {
      layers.append(
        try weights.at("encoder.layers").at(index).deferred { (weights) throws(WeightsError) in
          try SiglipLayer(c, weights: weights)
        })
    }
    self.layers = layers
  }

  /// Pixels [B, 3, imageSize, imageSize] -> [B, patches, width].
  ///
  /// Stages: `embeddings`, `layer.i.attention`, `layer.i.mlp`, `layer.i`, `last_hidden`.
  ///
  /// - Throws: what the trace, and loading a layer in the background, throw.
  public func callAsFunction(
    _ pixels: Tensor, on compute: Compute, trace: StageTrace
  ) throws(WeightsError) -> Tensor {
    var x = patchEmbedding(pixels.patches(of: configuration.patch), on: compute)
    x.addToEach(positions, on: compute)
    try trace.record("embeddings", x)
    for (index, layer) in layers.enumerated() {
      try layer().update(&x, on: compute, trace: trace.within("layer.\(index)"))
      try trace.record("layer.\(index)", x)
    }
    x = finalNorm(x, on: compute)
    try trace.record("last_hidden", x)
    return x
  }
}
