public import DVLADiagnostics
public import DVLATensorMath
public import DVLATensors
import Glibc

/// A policy that has taken in an observation, and samples any number of chunks for it.
///
/// Under the block mask what VLM and depth tokens compute does not depend on the noise: it is
/// computed once for all chunks.
public struct PolicySampler {
  /// The logarithm of the depth of every pixel [B, C, H, W]; nil without a depth expert and where
  /// depth is not wanted. Under the full mask it depends on the actions, and is that of the first
  /// step of the first chunk: nil before.
  public private(set) var logDepth: Tensor?
  /// What a later run for the same observation can begin with, where it was asked to be kept.
  public var memory: ForwardMemory { denoiser.memory }
  private let model: DepthVLA
  private let observation: PolicyObservation
  private let options: SamplingOptions
  private let compute: Compute
  private var denoiser: Denoiser

  /// Stages: those of the encoders, and under the block mask those of VLM and depth layers,
  /// `log_depth` and `depth`.
  ///
  /// - Parameters:
  ///   - memory: one to be filled, or what a run for this observation with the same options has
  ///     filled and ``ForwardMemory/resuming(after:in:)`` gave. With the latter the stages of what
  ///     is not computed again are not shown.
  ///   - finished: called when a part of the work is done.
  /// - Throws: what reading embeddings, loading in the background and the trace throw.
  /// - Precondition: with a depth expert the observation has its pictures.
  public init(
    _ model: DepthVLA, _ observation: PolicyObservation,
    options: SamplingOptions = SamplingOptions(), memory: ForwardMemory = ForwardMemory(),
    on compute: Compute, trace: StageTrace = .none,
    finished: (PolicyPhase) throws(WeightsError) -> Void = { _ in }
  ) throws(WeightsError) {
    precondition(
      model.depth == nil || observation.depthPixels != nil, "pictures for the depth expert")
    (self.model, self.observation, self.options) = (model, observation, options)
    self.compute = compute
    var memory = memory
    let prefix = try model.embed(
      observation, on: compute, trace: trace, memory: &memory, finished: finished)
    denoiser = Denoiser(
      model, prefix: prefix, pattern: options.pattern ?? model.configuration.pattern,
      wantsDepth: options.wantsDepth, memory: memory, on: compute)
    try denoiser.keepPrefix(trace: trace, finished: finished)
    logDepth = try computedLogDepth(trace)
    if denoiser.keepsPrefix, denoiser.prefix.depth != nil { try finished(.depthLayers) }
  }

  /// Integrates the velocity from noise at t = 1 to actions at t = 0.
  ///
  /// Stages: those of the action expert, and under the full mask of the other two, once;
  /// `step.k.velocity` for every step; `velocity_t1`, `actions`.
  ///
  /// - Parameter noise: [B, H, actionDim].
  /// - Returns: the chunk [B, H, actionDim], normalised as in training.
  /// - Throws: what loading in the background and the trace throw.
  /// - Precondition: the noise has the observation's batch; there is at least one step.
  ///
  /// Source: openpi `models_pytorch/pi0_pytorch.py`, `sample_actions`. Time stays in double
  /// precision: `TimeEmbedding` explains why.
  public mutating func actions(
    from noise: Tensor, trace: StageTrace = .none,
    finished: (PolicyPhase) throws(WeightsError) -> Void = { _ in }
  ) throws(WeightsError) -> Tensor {
    precondition(
      noise.shape.rank == 3 && noise.shape[0] == observation.batch, "noise [B, H, A]")
    let steps = options.steps ?? model.configuration.action.steps
    precondition(steps > 0, "at least one step")
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
        if logDepth == nil { logDepth = try computedLogDepth(trace) }
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
    return actions
  }

  /// The flow-matching loss on actions, with that noise at that time (``FlowMatchingLoss``).
  ///
  /// - Parameters:
  ///   - actions: [B, H, actionDim], normalised as in training.
  ///   - noise: of the same shape.
  ///   - time: from 0 (actions) to 1 (noise).
  /// - Throws: what loading in the background throws.
  public mutating func flowLoss(
    on actions: Tensor, noise: Tensor, time: Double
  ) throws(WeightsError) -> Double {
    let noisy = FlowMatchingLoss.noisyActions(actions: actions, noise: noise, time: time)
    let velocity = try denoiser.velocity(of: noisy, at: time, trace: .none)
    return FlowMatchingLoss.value(velocity: velocity, actions: actions, noise: noise)
  }

  private func computedLogDepth(_ trace: StageTrace) throws(WeightsError) -> Tensor? {
    guard let depth = model.depth, let size = denoiser.prefix.depthSize,
      let final = denoiser.depthFinal
    else { return nil }
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
  mutating func record(
    _ targets: PolicyTargets, noise: Tensor, trace: StageTrace
  ) throws(WeightsError) {
    guard ["loss.flow", "loss.si", "loss.si_per_camera", "loss.total"].contains(where: trace.wants)
    else { return }
    let flow = try flowLoss(on: targets.actions, noise: noise, time: targets.time)
    try trace.record("loss.flow", Tensor([Float(flow)], shape: []))
    guard let logDepth, let target = targets.depth, let c = model.configuration.depth else {
      return
    }
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

/// What a policy computes from an observation.
public struct PolicyOutput: Sendable {
  /// The chunk [B, H, actionDim], normalised as in training.
  public let actions: Tensor
  /// The logarithm of the depth of every pixel [B, C, H, W]; nil where it was not computed. Under
  /// the full mask it is that of the first step.
  public let logDepth: Tensor?
}

extension DepthVLA {
  /// Samples one chunk, and computes depth.
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
  public func sample(
    _ observation: PolicyObservation, noise: Tensor, options: SamplingOptions = SamplingOptions(),
    targets: PolicyTargets? = nil, on compute: Compute, trace: StageTrace = .none,
    finished: (PolicyPhase) throws(WeightsError) -> Void = { _ in }
  ) throws(WeightsError) -> PolicyOutput {
    var sampler = try PolicySampler(
      self, observation, options: options, on: compute, trace: trace, finished: finished)
    let actions = try sampler.actions(from: noise, trace: trace, finished: finished)
    if let targets { try sampler.record(targets, noise: noise, trace: trace) }
    return PolicyOutput(actions: actions, logDepth: sampler.logDepth)
  }
}
