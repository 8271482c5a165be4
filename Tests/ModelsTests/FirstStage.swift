/// Where a tensor first shows: the stage of the goldens that computes with it, by the beginnings
/// of names. `{i}` stands for a layer. The first rule that fits counts.
enum FirstStage {
  private static let experts = expert("vlm") + expert("depth") + expert("action")

  private static func expert(_ name: String) -> [(tensor: String, stage: String)] {
    [
      ("\(name).layers.{i}.input_layernorm.", "\(name).layer.{i}.attention"),
      ("\(name).layers.{i}.self_attn.", "\(name).layer.{i}.attention"),
      ("\(name).layers.{i}.", "\(name).layer.{i}.mlp"),
      ("\(name).norm.", "\(name).final"),
    ]
  }

  static let rules: [String: [(tensor: String, stage: String)]] = [
    "paligemma": [
      ("vlm.vision_tower.embeddings.", "siglip.embeddings"),
      ("vlm.vision_tower.encoder.layers.{i}.layer_norm1.", "siglip.layer.{i}.attention"),
      ("vlm.vision_tower.encoder.layers.{i}.self_attn.", "siglip.layer.{i}.attention"),
      ("vlm.vision_tower.encoder.layers.{i}.", "siglip.layer.{i}.mlp"),
      ("vlm.vision_tower.post_layernorm.", "siglip.last_hidden"),
      ("vlm.multi_modal_projector.", "projector"),
      ("vlm.embed_tokens.", "embed"),
      ("vlm.layers.{i}.input_layernorm.", "layer.{i}.attention"),
      ("vlm.layers.{i}.self_attn.", "layer.{i}.attention"),
      ("vlm.layers.{i}.", "layer.{i}.mlp"),
      ("vlm.norm.", "final_norm"),
    ],
    "dinov2": [
      ("dinov2.embeddings.", "embeddings"),
      ("dinov2.encoder.layer.{i}.norm1.", "layer.{i}.attention"),
      ("dinov2.encoder.layer.{i}.attention.", "layer.{i}.attention"),
      // Stages show what a block computes before its scale is applied.
      ("dinov2.encoder.layer.{i}.layer_scale1.", "layer.{i}.mlp"),
      ("dinov2.encoder.layer.{i}.layer_scale2.", "layer.{i}"),
      ("dinov2.encoder.layer.{i}.", "layer.{i}.mlp"),
      ("dinov2.layernorm.", "final_norm"),
    ],
    "depthvla": [
      ("vlm.vision_tower.embeddings.", "vision.embeddings"),
      ("vlm.vision_tower.encoder.layers.{i}.layer_norm1.", "vision.layer.{i}.attention"),
      ("vlm.vision_tower.encoder.layers.{i}.self_attn.", "vision.layer.{i}.attention"),
      ("vlm.vision_tower.encoder.layers.{i}.", "vision.layer.{i}.mlp"),
      ("vlm.vision_tower.post_layernorm.", "vision.last_hidden"),
      ("vlm.multi_modal_projector.", "projector"),
      ("vlm.embed_tokens.", "vlm.embed"),
      ("depth.encoder.embeddings.", "depth.encoder.embeddings"),
      ("depth.encoder.encoder.layer.{i}.norm1.", "depth.encoder.layer.{i}.attention"),
      ("depth.encoder.encoder.layer.{i}.attention.", "depth.encoder.layer.{i}.attention"),
      ("depth.encoder.encoder.layer.{i}.layer_scale1.", "depth.encoder.layer.{i}.mlp"),
      ("depth.encoder.encoder.layer.{i}.layer_scale2.", "depth.encoder.layer.{i}"),
      ("depth.encoder.encoder.layer.{i}.", "depth.encoder.layer.{i}.mlp"),
      ("depth.encoder.layernorm.", "depth.encoder"),
      ("depth.input_proj.", "depth.embed"),
      ("depth.head.", "log_depth"),
      ("action.action_out_proj.", "velocity_t1"),
      ("action.action_", "action.embed"),
      ("action.state_proj.", "action.embed"),
    ] + experts,
    // Its goldens record whole layers of the backbone.
    "depth-anything-v2": [
      ("depth_anything.backbone.embeddings.", "backbone.embeddings"),
      ("depth_anything.backbone.encoder.layer.{i}.", "backbone.layer.{i}"),
      ("depth_anything.backbone.layernorm.", "feature_map.0"),
      ("depth_anything.neck.reassemble_stage.layers.{i}.", "reassembled.{i}"),
      ("depth_anything.neck.convs.{i}.", "neck.{i}"),
      ("depth_anything.neck.fusion_stage.layers.{i}.", "fused.{i}"),
      ("depth_anything.head.conv1.", "head.conv1"),
      ("depth_anything.head.conv2.", "head.conv2"),
      ("depth_anything.head.conv3.", "predicted_depth"),
    ],
  ]

  /// Nil where the table does not know the tensor.
  static func of(_ tensor: String, family: String) -> String? {
    let parts = tensor.split(separator: ".")
    for (pattern, stage) in rules[family] ?? [] {
      var layer = ""
      let wanted = pattern.split(separator: ".")
      guard wanted.count <= parts.count else { continue }
      let fits = zip(wanted, parts).allSatisfy { pattern, part in
        if pattern == "{i}" { layer = String(part) }
        // What ends in the middle of a word, such as `action_`, fits all that begin so.
        return pattern == part || pattern == "{i}"
          || pattern.hasSuffix("_") && part.hasPrefix(pattern)
      }
      guard fits else { continue }
      return stage.split(separator: ".").map { $0 == "{i}" ? layer : String($0) }
        .joined(separator: ".")
    }
    return nil
  }
}
