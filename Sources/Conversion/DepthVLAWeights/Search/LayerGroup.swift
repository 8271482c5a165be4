import DVLATensors

/// The group that a matrix of a policy belongs to, by its name: matrices that a layer reads one
/// after the other, of the same inputs.
struct LayerGroup: Hashable {
  /// Such as `vlm.layers.3.self_attn.qkv`.
  let name: String
  /// Such as `vlm.layers.self_attn.qkv`.
  let kind: String

  /// Nil for a tensor whose precision a search does not choose.
  init?(_ tensor: TensorName) {
    let name = tensor.string
    guard name.hasSuffix(Self.suffix) else { return nil }
    let stem = String(name.dropLast(Self.suffix.count))
    if Self.alone.contains(stem) {
      (self.name, kind) = (stem, stem)
      return
    }
    guard let scope = Self.scopes.first(where: { stem.hasPrefix($0) }) else { return nil }
    let parts = stem.dropFirst(scope.count).split(separator: ".", maxSplits: 1)
    guard parts.count == 2, let layer = Int(parts[0]), let role = Self.roles[String(parts[1])]
    else { return nil }
    self.name = "\(scope)\(layer).\(role)"
    kind = scope + role
  }

  private static let suffix = ".weight"

  /// What is a group of its own.
  private static let alone: Set<String> = [
    "vlm.embed_tokens", "vlm.multi_modal_projector.linear", "depth.input_proj",
  ]

  private static let scopes = [
    "vlm.layers.", "depth.layers.", "action.layers.", "vlm.vision_tower.encoder.layers.",
    "depth.encoder.encoder.layer.",
  ]

  /// By the name in a layer.
  private static let roles = [
    "self_attn.q_proj": "self_attn.qkv", "self_attn.k_proj": "self_attn.qkv",
    "self_attn.v_proj": "self_attn.qkv", "self_attn.o_proj": "self_attn.o_proj",
    "self_attn.out_proj": "self_attn.out_proj", "mlp.gate_proj": "mlp.gate_up",
    "mlp.up_proj": "mlp.gate_up", "mlp.down_proj": "mlp.down_proj", "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2", "mlp.weights_in": "mlp.weights_in", "mlp.weights_out": "mlp.weights_out",
    "attention.attention.query": "attention.qkv", "attention.attention.key": "attention.qkv",
    "attention.attention.value": "attention.qkv", "attention.output.dense": "attention.output",
  ]
}
