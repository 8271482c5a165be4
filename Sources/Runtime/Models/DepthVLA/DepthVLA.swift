public import DVLADiagnostics
import DVLATensorMath
public import DVLATensors

/// DepthVLA: a VLM, a depth expert and an action expert that share attention; and pi0, which is the
/// same without the depth expert.
///
/// Source: paper arXiv 2510.13375; Black et al., arXiv 2410.24164 (pi0).
public struct DepthVLA: Sendable {
  public private(set) var configuration: DepthVLAConfiguration
  private(set) var vision: VisionEmbedding
  private(set) var embedding: EmbeddingTable
  private(set) var vlm: GemmaDecoder
  private(set) var depth: DepthExpert?
  private(set) var action: ActionExpert

  /// The same weights without the depth expert: pi0.
  public func withoutDepth() -> DepthVLA {
    var result = self
    result.depth = nil
    result.configuration = configuration.withoutDepth()
    return result
  }

  /// - Parameters:
  ///   - weights: all tensors of the layout. Layers are loaded in the order that the forward needs
  ///     them in.
  ///   - kept: the parts of which the layers stay in memory from one forward to the next.
  /// - Throws: `model.tensor-*`; what reading throws.
  public init(
    _ configuration: DepthVLAConfiguration, weights: WeightScope, keeping kept: KeptLayers = .all
  ) throws(WeightsError) {
    let c = configuration
    self.configuration = c
    let own = weights.at("vlm")
    let encoders = kept == .all ? weights : weights.loadingLayersByEachUse
    vision = try VisionEmbedding(c.vision, width: c.text.width, weights: encoders.at("vlm"))
    embedding = try own.embedding(
      "embed_tokens.weight", rows: c.vocabularySize, width: c.text.width)
    // The encoder's layers come before the VLM's, as in the file and in the forward.
    let depthWeights = weights.at("depth")
    let encoder: DINOv2? =
      if let depth = c.depth {
        try DINOv2(depth.encoder, weights: encoders.at("depth").at("encoder"))
      } else { nil }
    vlm = try GemmaDecoder(
      c.text, weights: kept == .experts ? own.loadingLayersByEachUse : own)
    depth =
      if let depth = c.depth, let encoder {
        try DepthExpert(depth, encoder: encoder, weights: depthWeights)
      } else { nil }
    action = try ActionExpert(c.action, weights: weights.at("action"))
  }

  /// The parts of a model whose layers stay in memory; those of others are loaded anew by each
  /// forward, when it comes to them.
  public enum KeptLayers: Sendable {
    case all
    /// All but SigLIP and DINOv2, which take 2 GB in a lossless model of published size.
    case allButEncoders
    /// The depth expert and the action expert. The VLM takes 4 GB; under the block mask a forward
    /// goes through it once.
    case experts
  }

  /// The same model with other weights in some matrices; all others are shared in memory.
  ///
  /// - Parameters:
  ///   - changed: matrices of layers, the projectors between the parts, and the embedding table.
  ///   - weights: all tensors of the layout.
  /// - Throws: `model.tensor-*`; what loading in the background, and reading, throw.
  public func reloading(
    _ changed: Set<TensorName>, from weights: WeightScope
  ) throws(WeightsError) -> DepthVLA {
    var result = self
    let own = weights.at("vlm")
    try result.vision.reload(changed, from: own)
    if changed.contains(Self.embeddingName) {
      result.embedding = try own.embedding(
        "embed_tokens.weight", rows: configuration.vocabularySize, width: configuration.text.width)
    }
    try result.vlm.reload(changed, from: own)
    try result.depth?.reload(changed, from: weights.at("depth"))
    try result.action.reload(changed, from: weights.at("action"))
    return result
  }

  static let embeddingName = TensorName("vlm.embed_tokens.weight")

  /// The tokens of an observation before the first layer.
  struct Prefix: Sendable {
    /// [B, S, D] of the VLM, and which of them carry meaning.
    let vlm: (tokens: Tensor, valid: BatchFlags)
    /// [B, N, D] of the depth expert.
    let depth: (tokens: Tensor, valid: BatchFlags)?
    let state: Tensor
    /// Of the depth expert's images.
    let depthSize: Shape?
  }

  /// Stages: `vision.…`, `projector`, `vlm.embed`, `vlm.valid`, `depth.encoder.…`, `depth.encoder`,
  /// `depth.embed`, `depth.valid`.
  ///
  /// - Parameters:
  ///   - memory: what is known from an earlier run.
  ///   - finished: called when the images of one kind are encoded.
  /// - Throws: what reading embeddings, loading in the background and the trace throw.
  func embed(
    _ observation: PolicyObservation, on compute: Compute, trace: StageTrace,
    memory: inout ForwardMemory,
    finished: (PolicyPhase) throws(WeightsError) -> Void
  ) throws(WeightsError) -> Prefix {
    let (batch, cameras) = (observation.batch, observation.cameraCount)
    let pixels = observation.pixels
    let images = try vision(
      pixels.reshaped(Shape([batch * cameras] + pixels.shape.dimensions.dropFirst(2))),
      on: compute, trace: trace, tower: "vision", memory: &memory.vision)
    let width = configuration.text.width
    let patches = images.shape[1]
    let text = try embedding(observation.ids)
      .reshaped([batch, observation.ids.count / batch, width])
    let tokens = Tensor.joiningTokens(
      [images.reshaped([batch, cameras * patches, width]), text])
    let present = BatchFlags(observation.cameras, batch: batch)
    let valid = BatchFlags.joined(
      [present.repeatingEach(patches), BatchFlags(observation.textMask, batch: batch)])
    try trace.record("vlm.embed", tokens, validRows: valid.flags)
    try trace.record("vlm.valid", valid.tensor)
    try finished(.vision)
    guard let depth, let depthPixels = observation.depthPixels else {
      return Prefix(
        vlm: (tokens, valid), depth: nil, state: observation.state, depthSize: nil)
    }
    let depthTokens = try depth.embed(
      depthPixels, on: compute, trace: trace, memory: &memory.depthEncoder)
    let depthValid = present.repeatingEach(depthTokens.shape[1] / cameras)
    try trace.record("depth.embed", depthTokens, validRows: depthValid.flags)
    try trace.record("depth.valid", depthValid.tensor)
    try finished(.depthEncoder)
    return Prefix(
      vlm: (tokens, valid), depth: (depthTokens, depthValid), state: observation.state,
      depthSize: depthPixels.shape)
  }
}

/// A part of a policy's forward pass, for measuring where the time goes.
public enum PolicyPhase: Sendable, Hashable {
  /// SigLIP and the text embeddings.
  case vision
  /// DINOv2 and the projection into the depth expert.
  case depthEncoder
  /// The VLM's layers.
  case vlmLayers
  /// The depth expert's layers and head.
  case depthLayers
  /// One step of the integration, counted from 0. Under the full mask a step is all experts'
  /// layers.
  case step(Int)
}

/// How actions are sampled.
public struct SamplingOptions: Sendable {
  /// Euler steps from noise to actions; nil: as many as the model was configured with.
  public var steps: Int?
  /// Which tokens attend to which; nil: as the model was trained.
  public var pattern: AttentionPattern?
  /// Whether the depth map is computed.
  public var wantsDepth = true
  /// Whether VLM and depth tokens go through their layers once; false: again at every step, which
  /// gives the same numbers more slowly.
  public var keepsPrefix = true

  public init() {}
}
