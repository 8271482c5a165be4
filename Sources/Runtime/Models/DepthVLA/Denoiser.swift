import DVLADiagnostics
import DVLATensorMath
import DVLATensors

/// The velocities of noisy actions under one observation.
///
/// Under the block mask VLM and depth tokens never see the actions: their keys and values are
/// computed once and kept. Under the full mask they do, so everything is computed at every step.
struct Denoiser {
  let model: DepthVLA
  let prefix: DepthVLA.Prefix
  let pattern: AttentionPattern
  let compute: Compute
  private let mask: BlockMask
  /// By layer, the keys and values of VLM and depth tokens; nil until they went through the layers.
  private var kept: [KeyValues]?
  /// Whether VLM and depth tokens go through the layers before the actions do.
  var keepsPrefix: Bool { pattern == .block }
  /// The depth expert's tokens after the final norm; nil until they went through the layers.
  private(set) var depthFinal: Tensor?
  private let wantsDepth: Bool
  /// What an earlier run has computed, and this one keeps.
  private(set) var memory: ForwardMemory

  /// - Parameters:
  ///   - wantsDepth: whether the depth map is wanted, or only what the actions see.
  ///   - memory: of this observation.
  init(
    _ model: DepthVLA, prefix: DepthVLA.Prefix, pattern: AttentionPattern, wantsDepth: Bool,
    memory: ForwardMemory, on compute: Compute
  ) {
    self.model = model
    self.prefix = prefix
    mask = BlockMask(vlm: prefix.vlm.valid, depth: prefix.depth?.valid)
    self.pattern = pattern
    self.wantsDepth = wantsDepth
    self.memory = memory
    self.memory.trim()
    self.compute = compute
  }

  /// Runs VLM and depth tokens through the layers, for all steps. Under the full mask this does
  /// nothing.
  ///
  /// Stages: `vlm.layer.i…`, `vlm.final`, `depth.layer.i…`, `depth.final`.
  mutating func keepPrefix(
    trace: StageTrace = .none, finished: (PolicyPhase) throws(WeightsError) -> Void = { _ in }
  ) throws(WeightsError) {
    guard keepsPrefix else { return }
    let vlm = try prefixKeyValues(
      vlmStream(mask: mask.vlm, trace), memory: \.vlm, known: \.vlmKeyValues, trace)
    try finished(.vlmLayers)
    kept = vlm
    defer { memory.trim() }
    guard let rows = mask.depth, let stream = depthStream(mask: rows, trace) else { return }
    let isUnchanged = memory.depth.start == .unchanged
    let depth = try prefixKeyValues(
      stream, memory: \.depth, known: \.depthKeyValues, trace)
    if isUnchanged { depthFinal = memory.depthFinal }
    if memory.isKeeping { memory.depthFinal = depthFinal }
    kept = zip(vlm, depth).map { KeyValues.joined([$0, $1]) }
  }

  /// The keys and values of tokens that see their own kind alone: those that are known, and those
  /// of the layers that have to be computed again.
  private mutating func prefixKeyValues(
    _ stream: TokenStream, memory path: WritableKeyPath<ForwardMemory, LayerMemory>,
    known: WritableKeyPath<ForwardMemory, [KeyValues]>, _ trace: StageTrace
  ) throws(WeightsError) -> [KeyValues] {
    var layers = memory[keyPath: path]
    if layers.start == .unchanged { return memory[keyPath: known] }
    var stream = stream
    var first = 0
    if let (layer, hidden) = layers.resumption { (first, stream.hidden) = (layer, hidden) }
    let computed = try run([stream], from: first, trace: trace) { layer, streams in
      layers.keep(streams[0].hidden, before: layer)
    }
    let all = memory[keyPath: known].prefix(first) + computed
    guard memory.isKeeping else { return Array(all) }
    memory[keyPath: path] = layers
    memory[keyPath: known] = Array(all)
    return Array(all)
  }

  /// The velocity [B, H, actionDim] of noisy actions [B, H, actionDim] at time t, from 1 for noise
  /// to 0 for actions.
  ///
  /// Stages: `action.embed`, `action.layer.i…`, `action.final`; under the full mask those of the
  /// other experts too.
  mutating func velocity(
    of actions: Tensor, at time: Double, trace: StageTrace
  ) throws(WeightsError) -> Tensor {
    let tokens = model.action.embed(
      state: prefix.state, actions: actions, time: time, on: compute)
    try trace.record("action.embed", tokens)
    var streams: [TokenStream] = []
    switch pattern {
    case .block:
      streams = [actionStream(tokens, mask: mask.suffix(length: tokens.shape[1]))]
    case .full:
      let everyone = mask.full(length: tokens.shape[1])
      streams = [vlmStream(mask: everyone, trace)]
      if let stream = depthStream(mask: everyone, trace) { streams.append(stream) }
      streams.append(actionStream(tokens, mask: everyone))
    }
    var final: Tensor?
    _ = try run(streams, after: kept, trace: trace, last: { final = $0 })
    guard let final else { preconditionFailure("the action stream is always completed") }
    return model.action.velocity(final, on: compute)
  }

  /// Runs streams through the layers and the final norms, and keeps the depth expert's result.
  private mutating func run(
    _ streams: [TokenStream], after past: [KeyValues]? = nil, from first: Int = 0,
    trace: StageTrace, before: (Int, [TokenStream]) -> Void = { _, _ in },
    last: (Tensor) -> Void = { _ in }
  ) throws(WeightsError) -> [KeyValues] {
    var streams = streams
    let offered = try JointLayers.run(
      &streams, after: past, from: first, on: compute, trace: trace, before: before)
    for stream in streams where stream.isCompleted {
      let final = stream.decoder.finalNorm(stream.hidden, on: compute)
      try trace.record("\(stream.name).final", final, validRows: stream.valid)
      if stream.name == "depth" { depthFinal = final }
      last(final)
    }
    return offered
  }

  private func vlmStream(mask: AttentionMask, _ trace: StageTrace) -> TokenStream {
    let (tokens, valid) = prefix.vlm
    return TokenStream(
      model.vlm, name: "vlm", hidden: tokens, valid: valid.flags,
      positions: Positions.counting(valid.flags, length: valid.length), mask: mask,
      isCompleted: trace.isObserved)
  }

  private func depthStream(mask: AttentionMask, _ trace: StageTrace) -> TokenStream? {
    guard let expert = model.depth, let (tokens, valid) = prefix.depth else { return nil }
    return TokenStream(
      expert.decoder, name: "depth", hidden: tokens, valid: valid.flags,
      positions: Positions.counting(valid.flags, length: valid.length), mask: mask,
      isCompleted: wantsDepth && depthFinal == nil || trace.isObserved)
  }

  /// State and actions are positioned behind the VLM's tokens, as if there were no depth.
  private func actionStream(_ tokens: Tensor, mask: AttentionMask) -> TokenStream {
    let length = tokens.shape[1]
    let positions = prefix.vlm.valid.counts.flatMap { start in (0..<length).map { start + $0 } }
    return TokenStream(
      model.action.decoder, name: "action", hidden: tokens,
      valid: [Bool](repeating: true, count: positions.count), positions: positions, mask: mask)
  }
}
