public import DVLADiagnostics
import DVLAKernels
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
  private var layers: [Deferred<SiglipLayer>]
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

  /// Replaces those matrices of layers that are named.
  mutating func reload(
    _ changed: Set<TensorName>, from weights: WeightScope
  ) throws(WeightsError) {
    try weights.at("encoder.layers").reload(&layers, holding: changed) {
      (layer, scope) throws(WeightsError) in try layer.reload(changed, from: scope)
    }
  }

  /// Pixels [B, 3, imageSize, imageSize] -> [B, patches, width].
  ///
  /// Stages: `embeddings`, `layer.i.attention`, `layer.i.mlp`, `layer.i`, `last_hidden`.
  ///
  /// - Throws: what the trace, and loading a layer in the background, throw.
  public func callAsFunction(
    _ pixels: Tensor, on compute: Compute, trace: StageTrace
  ) throws(WeightsError) -> Tensor {
    var memory = LayerMemory()
    return try self(pixels, on: compute, trace: trace, memory: &memory)
  }

  /// The same, from where it has to be computed again.
  func callAsFunction(
    _ pixels: Tensor, on compute: Compute, trace: StageTrace, memory: inout LayerMemory
  ) throws(WeightsError) -> Tensor {
    var (first, x): (Int, Tensor)
    if let resumption = memory.resumption {
      (first, x) = resumption
    } else {
      (first, x) = (0, patchEmbedding(pixels.patches(of: configuration.patch), on: compute))
      x.addToEach(positions, on: compute)
      try trace.record("embeddings", x)
    }
    while first < layers.count {
      memory.keep(x, before: first)
      try layers[first]().update(&x, on: compute, trace: trace.within("layer.\(first)"))
      try trace.record("layer.\(first)", x)
      first += 1
    }
    memory.keep(x, before: layers.count)
    x = finalNorm(x, on: compute)
    try trace.record("last_hidden", x)
    return x
  }
}

/// x += attention(norm1(x)); x += mlp(norm2(x)).
///
/// Source: transformers `models/siglip/modeling_siglip.py`, `SiglipEncoderLayer`.
private struct SiglipLayer: Sendable {
  private let norm1: LayerNorm
  private var attention: SelfAttention
  private let norm2: LayerNorm
  private var mlp: MLP

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

  /// Replaces those matrices that are named.
  mutating func reload(
    _ changed: Set<TensorName>, from weights: WeightScope
  ) throws(WeightsError) {
    let projections = weights.at("self_attn")
    try projections.reload(&attention.query, "q_proj", ifIn: changed)
    try projections.reload(&attention.key, "k_proj", ifIn: changed)
    try projections.reload(&attention.value, "v_proj", ifIn: changed)
    try projections.reload(&attention.output, "out_proj", ifIn: changed)
    try mlp.reload(changed, from: weights.at("mlp"))
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

/// Images as tokens of a decoder: SigLIP's patches, projected to the decoder's width.
///
/// Source: transformers `models/paligemma/modeling_paligemma.py`, `PaliGemmaMultiModalProjector`.
public struct VisionEmbedding: Sendable {
  public private(set) var tower: SiglipVisionTower
  private var projector: Linear

  /// - Parameters:
  ///   - width: of the decoder.
  ///   - weights: the scope of the `vlm.` tensors.
  /// - Throws: `model.tensor-*`; what reading throws.
  public init(
    _ configuration: SiglipConfiguration, width: Int, weights: WeightScope
  ) throws(WeightsError) {
    tower = try SiglipVisionTower(configuration, weights: weights.at("vision_tower"))
    projector = try weights.linear(
      "multi_modal_projector.linear", inputs: configuration.width, outputs: width, hasBias: true)
  }

  /// Replaces those matrices of layers and of the projector that are named.
  mutating func reload(
    _ changed: Set<TensorName>, from weights: WeightScope
  ) throws(WeightsError) {
    try tower.reload(changed, from: weights.at("vision_tower"))
    try weights.reload(&projector, "multi_modal_projector.linear", ifIn: changed)
  }

  /// Images [N, 3, H, W] -> [N, patches, width]. Stages: `TOWER.…`, `projector`.
  ///
  /// - Parameter name: the prefix of the names of the tower's stages.
  /// - Throws: what the trace, and loading a layer in the background, throw.
  public func callAsFunction(
    _ pixels: Tensor, on compute: Compute, trace: StageTrace, tower name: String
  ) throws(WeightsError) -> Tensor {
    var memory = LayerMemory()
    return try self(pixels, on: compute, trace: trace, tower: name, memory: &memory)
  }

  /// The same, from where it has to be computed again.
  func callAsFunction(
    _ pixels: Tensor, on compute: Compute, trace: StageTrace, tower name: String,
    memory: inout LayerMemory
  ) throws(WeightsError) -> Tensor {
    if let result = memory.unchangedResult { return result }
    let features = try tower(pixels, on: compute, trace: trace.within(name), memory: &memory)
    let projected = projector(features, on: compute)
    try trace.record("projector", projected)
    memory.keep(result: projected)
    return projected
  }
}
