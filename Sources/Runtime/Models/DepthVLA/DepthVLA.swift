public import DVLADiagnostics
public import DVLATensorMath
public import DVLATensors
import Glibc

/// DepthVLA: a VLM, a depth expert and an action expert that share attention; and pi0, which is the
/// same without the depth expert.
///
/// Source: paper arXiv 2510.13375; Black et al., arXiv 2410.24164 (pi0).
public struct DepthVLA: Sendable {
  public private(set) var configuration: DepthVLAConfiguration
  let vision: VisionEmbedding
  let embedding: EmbeddingTable
  let vlm: GemmaDecoder
  private(set) var depth: DepthExpert?
  let action: ActionExpert

  /// The same weights without the depth expert: pi0.
  public func withoutDepth() -> DepthVLA {
    var result = self
    result.depth = nil
    result.configuration = configuration.withoutDepth()
    return result
  }

  /// - Parameter weights: all tensors of the layout. Layers are loaded in the order that the
  ///   forward needs them in.
  /// - Throws: `model.tensor-*`; what reading throws.
  public init(
    _ configuration: DepthVLAConfiguration, weights: WeightScope
  ) throws(WeightsError) {
    let c = configuration
    self.configuration = c
    let own = weights.at("vlm")
    vision = try VisionEmbedding(c.vision, width: c.text.width, weights: own)
    embedding = try own.embedding(
      "embed_tokens.weight", rows: c.vocabularySize, width: c.text.width)
    // The encoder's layers come before the VLM's, as in the file and in the forward.
    let depthWeights = weights.at("depth")
    let encoder: DINOv2? =
      if let depth = c.depth {
        try DINOv2(depth.encoder, weights: depthWeights.at("encoder"))
      } else { nil }
    vlm = try GemmaDecoder(c.text, weights: own)
    depth =
      if let depth = c.depth, let encoder {
        try DepthExpert(depth, encoder: encoder, weights: depthWeights)
      } else { nil }
    action = try ActionExpert(c.action, weights: weights.at("action"))
  }

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
  /// - Parameter finished: called when the images of one kind are encoded.
  /// - Throws: what reading embeddings, loading in the background and the trace throw.
  func embed(
    _ observation: PolicyObservation, on compute: Compute, trace: StageTrace,
    finished: (PolicyPhase) throws(WeightsError) -> Void
  ) throws(WeightsError) -> Prefix {
    let (batch, cameras) = (observation.batch, observation.cameraCount)
    let pixels = observation.pixels
    let images = try vision(
      pixels.reshaped(Shape([batch * cameras] + pixels.shape.dimensions.dropFirst(2))),
      on: compute, trace: trace, tower: "vision")
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
    let depthTokens = try depth.embed(depthPixels, on: compute, trace: trace)
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

/// What a policy computes from an observation.
public struct PolicyOutput: Sendable {
  /// The chunk [B, H, actionDim], normalised as in training.
  public let actions: Tensor
  /// The logarithm of the depth of every pixel [B, C, H, W]; nil where it was not computed. Under
  /// the full mask it is that of the first step.
  public let logDepth: Tensor?
}

extension DepthVLA {
  /// Integrates the velocity from noise at t = 1 to actions at t = 0.
  ///
  /// Stages: those of the parts, once; `step.k.velocity` for every step; `velocity_t1`, `actions`,
  /// `log_depth`, `depth`; and `loss.…` where there are targets.
  ///
  /// - Parameters:
  ///   - noise: [B, H, actionDim].
  ///   - targets: the targets of the losses; nil: no losses are computed.
  ///   - finished: called when a part of the work is done.
  /// - Throws: what reading embeddings, loading in the background and the trace throw.
  /// - Precondition: the noise has the observation's batch; there is at least one step; and with a
  ///   depth expert the observation has its pictures.
  ///
  /// Source: openpi `models_pytorch/pi0_pytorch.py`, `sample_actions`. Time stays in double
  /// precision: `TimeEmbedding` explains why.
  public func sample(
    _ observation: PolicyObservation, noise: Tensor, options: SamplingOptions = SamplingOptions(),
    targets: PolicyTargets? = nil, on compute: Compute, trace: StageTrace = .none,
    finished: (PolicyPhase) throws(WeightsError) -> Void = { _ in }
  ) throws(WeightsError) -> PolicyOutput {
    precondition(noise.shape.rank == 3 && noise.shape[0] == observation.batch, "noise [B, H, A]")
    precondition(depth == nil || observation.depthPixels != nil, "pictures for the depth expert")
    let steps = options.steps ?? configuration.action.steps
    precondition(steps > 0, "at least one step")
    var denoiser = Denoiser(
      self, prefix: try embed(observation, on: compute, trace: trace, finished: finished),
      pattern: options.pattern ?? configuration.pattern, wantsDepth: options.wantsDepth,
      on: compute)
    try denoiser.keepPrefix(trace: trace, finished: finished)
    var logDepth = try self.logDepth(denoiser, observation, on: compute, trace: trace)
    if denoiser.keepsPrefix, denoiser.prefix.depth != nil { try finished(.depthLayers) }
    var actions = noise
    var time = 1.0
    let interval = -1 / Double(steps)
    for step in 0..<steps {
      if step > 0, !options.keepsPrefix {
        try denoiser.keepPrefix()
      }
      let velocity = try denoiser.velocity(
        of: actions, at: time, trace: step == 0 ? trace : .none)
      if step == 0 {
        try trace.record("velocity_t1", velocity)
        // Under the full mask depth depends on the actions: the map is that of the first step.
        if logDepth == nil {
          logDepth = try self.logDepth(denoiser, observation, on: compute, trace: trace)
        }
      }
      try trace.record("step.\(step).velocity", velocity)
      for index in actions.values.indices {
        actions.values[index] = Float(
          Double(actions.values[index]) + interval * Double(velocity.values[index]))
      }
      time += interval
      try finished(.step(step))
    }
    try trace.record("actions", actions)
    if let targets {
      try record(targets, noise: noise, logDepth: logDepth, observation, &denoiser, trace: trace)
    }
    return PolicyOutput(actions: actions, logDepth: logDepth)
  }

  private func logDepth(
    _ denoiser: Denoiser, _ observation: PolicyObservation, on compute: Compute, trace: StageTrace
  ) throws(WeightsError) -> Tensor? {
    guard let depth, let size = denoiser.prefix.depthSize, let final = denoiser.depthFinal else {
      return nil
    }
    let logDepth = depth.logDepth(final, of: size, on: compute)
    try trace.record("log_depth", logDepth, validRows: observation.cameras)
    if trace.wants("depth") {
      try trace.record(
        "depth", Tensor(logDepth.values.map(exp), shape: logDepth.shape),
        validRows: observation.cameras)
    }
    return logDepth
  }

  /// Stages: `loss.flow`, `loss.si`, `loss.si_per_camera`, `loss.total`.
  private func record(
    _ targets: PolicyTargets, noise: Tensor, logDepth: Tensor?, _ observation: PolicyObservation,
    _ denoiser: inout Denoiser, trace: StageTrace
  ) throws(WeightsError) {
    guard ["loss.flow", "loss.si", "loss.si_per_camera", "loss.total"].contains(where: trace.wants)
    else { return }
    let noisy = FlowMatchingLoss.noisyActions(
      actions: targets.actions, noise: noise, time: targets.time)
    let velocity = try denoiser.velocity(of: noisy, at: targets.time, trace: .none)
    let flow = FlowMatchingLoss.value(velocity: velocity, actions: targets.actions, noise: noise)
    try trace.record("loss.flow", Tensor([Float(flow)], shape: []))
    guard let logDepth, let target = targets.depth, let c = configuration.depth else { return }
    let loss = ScaleInvariantLoss(lambda: c.lossLambda)
    let seen = target.hidingMissing(observation.cameras)
    if let value = loss.value(logDepth: logDepth, target: seen) {
      try trace.record("loss.si", Tensor([Float(value)], shape: []))
      try trace.record("loss.total", Tensor([Float(flow + c.lossWeight * value)], shape: []))
    }
    let perCamera = loss.valuePerCamera(logDepth: logDepth, target: seen).map(Float.init)
    if !perCamera.isEmpty {
      try trace.record("loss.si_per_camera", Tensor(perCamera, shape: [perCamera.count]))
    }
  }
}
