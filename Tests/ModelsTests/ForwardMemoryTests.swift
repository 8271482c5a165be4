import DVLADiagnostics
import DVLAModels
import DVLATensorMath
import DVLATensors
import DVLATestSupport
import Testing

/// A forward that begins where other weights change it gives the bits of a whole one.
struct ForwardMemoryTests {
  /// What each case changes, and by which layer the numbers differ.
  static let changes: [[TensorName]] = [
    ["vlm.vision_tower.encoder.layers.0.self_attn.q_proj.weight"],
    ["vlm.vision_tower.encoder.layers.1.mlp.fc2.weight"],
    ["vlm.multi_modal_projector.linear.weight"],
    ["vlm.embed_tokens.weight"],
    ["vlm.layers.0.self_attn.v_proj.weight", "vlm.layers.0.self_attn.k_proj.weight"],
    ["vlm.layers.1.mlp.gate_proj.weight", "vlm.layers.1.mlp.up_proj.weight"],
    ["vlm.layers.0.self_attn.o_proj.weight", "vlm.layers.1.mlp.down_proj.weight"],
    ["action.layers.1.mlp.down_proj.weight"], ["action.layers.0.self_attn.q_proj.weight"],
  ]

  static let depthChanges: [[TensorName]] = [
    ["depth.encoder.encoder.layer.0.attention.attention.value.weight"],
    ["depth.encoder.encoder.layer.1.mlp.fc1.weight"],
    ["depth.encoder.encoder.layer.0.attention.output.dense.weight"],
    ["depth.input_proj.weight"], ["depth.layers.0.self_attn.o_proj.weight"],
    ["depth.layers.1.self_attn.v_proj.weight", "vlm.layers.1.self_attn.k_proj.weight"],
  ]

  struct Policy {
    let model: DepthVLA
    let editable: EditableModel
    let observation: PolicyObservation
    let noise: Tensor
    let compute = Compute(threads: 2)

    init(_ checkpoint: String, golden: String) throws {
      editable = try EditableModel(checkpoint)
      model = try #require(try editable.load() as? PolicyModel).policy
      let inputs = try GoldenFile("goldens/\(golden).safetensors").inputs()
      observation = PolicyObservation(
        pixels: try #require(inputs.floats["pixel_values"]),
        ids: try #require(inputs.integers["input_ids"]).values,
        state: try #require(inputs.floats["state"]),
        depthPixels: inputs.floats["depth_pixel_values"])
      noise = try #require(inputs.floats["noise"])
    }

    /// The same tensors with other numbers in some.
    func source(_ changed: [TensorName]) throws -> MemorySource {
      var source = editable.source
      for name in changed { source.held[name] = try #require(source.held[name]).scaled(by: 1.25) }
      return source
    }

    func whole(_ source: MemorySource, _ options: SamplingOptions) throws -> PolicyOutput {
      var other = editable
      other.source = source
      return try #require(try other.load() as? PolicyModel).policy
        .sample(observation, noise: noise, options: options, on: compute)
    }
  }

  func expectSame(
    _ policy: Policy, _ changes: [[TensorName]], limit: Int = 1 << 30,
    options: SamplingOptions = SamplingOptions()
  ) throws {
    var kept = try PolicySampler(
      policy.model, policy.observation, options: options, memory: ForwardMemory(keeping: limit),
      on: policy.compute)
    let original = try kept.actions(from: policy.noise)
    // What comes to the first layers is always kept.
    #expect(kept.memory.byteCount <= max(limit, 10_000))
    for change in changes {
      let source = try policy.source(change)
      let expected = try policy.whole(source, options)
      let model = try policy.model.reloading(
        Set(change),
        from: WeightScope(source, products: ProductChoice(.exact), on: policy.compute))
      var resumed = try PolicySampler(
        model, policy.observation, options: options,
        memory: kept.memory.resuming(after: Set(change), in: model.configuration),
        on: policy.compute)
      let actions = try resumed.actions(from: policy.noise)
      #expect(actions == expected.actions, "\(change)")
      #expect(resumed.logDepth == expected.logDepth, "\(change)")
      // Under the block mask what the last layer of the VLM makes of its tokens is seen by nobody.
      #expect(actions != original || change[0].string.hasPrefix("vlm.layers.1.mlp"), "\(change)")
    }
  }

  @Test func depthVLAResumesWithTheBitsOfAWholeForward() throws {
    try expectSame(
      Policy("depthvla/plain", golden: "depthvla_block_2cam_pad"),
      Self.changes + Self.depthChanges)
  }

  @Test func piZeroDoesToo() throws {
    try expectSame(Policy("pi0/lerobot-2025-10", golden: "pi0_lerobot_1cam"), Self.changes)
  }

  @Test func underTheFullMaskOnlyTheEncodersAreReused() throws {
    var options = SamplingOptions()
    options.pattern = .full
    try expectSame(
      Policy("depthvla/plain", golden: "depthvla_block_2cam_pad"),
      [Self.changes[1], Self.changes[4], Self.depthChanges[1], Self.depthChanges[4]],
      options: options)
  }

  @Test func withLittleMemoryItBeginsEarlier() throws {
    let policy = try Policy("depthvla/plain", golden: "depthvla_block_2cam_pad")
    for limit in [0, 20_000, 60_000] {
      try expectSame(policy, Self.changes + Self.depthChanges, limit: limit)
    }
  }

  @Test func aTensorOfNoLayerMakesEverythingNew() throws {
    let policy = try Policy("depthvla/plain", golden: "depthvla_block_2cam_pad")
    let kept = try PolicySampler(
      policy.model, policy.observation, memory: ForwardMemory(keeping: 1 << 30),
      on: policy.compute)
    let name: TensorName = "vlm.layers.1.input_layernorm.weight"
    let source = try policy.source([name])
    var other = policy.editable
    other.source = source
    let model = try #require(try other.load() as? PolicyModel).policy
    var resumed = try PolicySampler(
      model, policy.observation,
      memory: kept.memory.resuming(after: [name], in: model.configuration), on: policy.compute)
    #expect(
      try resumed.actions(from: policy.noise) == policy.whole(source, SamplingOptions()).actions)
  }

  /// The order of the forward decides: what lies behind a change is computed again.
  @Test func laterChangesCostLess() throws {
    let policy = try Policy("depthvla/plain", golden: "depthvla_block_2cam_pad")
    let cost = ForwardCost(policy.model.configuration, of: policy.observation, horizon: 8)
    func share(_ name: TensorName, _ pattern: AttentionPattern = .block) -> Double {
      cost.share(after: [name], in: pattern)
    }
    let vision = share("vlm.vision_tower.encoder.layers.0.mlp.fc1.weight")
    let vlm = share("vlm.layers.0.mlp.down_proj.weight")
    let later = share("vlm.layers.1.mlp.down_proj.weight")
    let action = share("action.layers.0.mlp.down_proj.weight")
    #expect(1 > vision && vision > vlm && vlm > later && later > action && action > 0)
    #expect(share("action.layers.0.mlp.down_proj.weight", .full) > vlm)
    #expect(share("head.weight") == 1 && share("head.weight", .full) == 1)
  }
}
