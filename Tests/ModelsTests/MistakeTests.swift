import DVLAJSON
import DVLAModels
import DVLAParity
import DVLATensors
import DVLATestSupport
import Testing

/// What goes wrong when weights are converted or a runtime is written, and the first stage that is
/// then out of tolerance.
struct MistakeTests {
  struct Mistake: CustomStringConvertible, Sendable {
    let what, checkpoint, golden, firstStage: String
    let make: @Sendable (inout EditableModel) -> Void
    var description: String { what }
  }

  static func paligemma(
    _ what: String, at stage: String, _ make: @escaping @Sendable (inout EditableModel) -> Void
  ) -> Mistake {
    Mistake(
      what: what, checkpoint: "paligemma/hf-hub", golden: "paligemma_pad", firstStage: stage,
      make: make)
  }

  static func dinov2(
    _ what: String, _ model: String = "dinov2", at stage: String,
    _ make: @escaping @Sendable (inout EditableModel) -> Void
  ) -> Mistake {
    Mistake(
      what: "\(what) (\(model))", checkpoint: model + "/hf", golden: model + "_28x70",
      firstStage: stage, make: make)
  }

  static func depth(
    _ what: String, _ model: String = "depth-anything-v2", at stage: String,
    _ make: @escaping @Sendable (inout EditableModel) -> Void
  ) -> Mistake { dinov2(what, model, at: stage, make) }

  static func policy(
    _ what: String, at stage: String, _ make: @escaping @Sendable (inout EditableModel) -> Void
  ) -> Mistake {
    Mistake(
      what: "\(what) (depthvla)", checkpoint: "depthvla/plain", golden: "depthvla_block_2cam_pad",
      firstStage: stage, make: make)
  }

  static let policies = [
    policy("no block mask", at: "vlm.layer.0.attention") {
      $0.set("attention_mask", to: "full")
    },
    policy("the action expert's keys and values swapped", at: "action.layer.1.attention") {
      $0.source.swap(
        "action.layers.1.self_attn.k_proj.weight", "action.layers.1.self_attn.v_proj.weight")
    },
    policy("two layers of the depth expert swapped", at: "depth.layer.0.attention") {
      $0.source.swapScopes("depth.layers.0.", "depth.layers.1.")
    },
    policy("another shortest period of time", at: "action.embed") {
      $0.set("action.min_period", to: 0.005)
    },
    policy("one step fewer", at: "step.1.velocity") { $0.set("action.num_steps", to: 9) },
    policy("the depth head unshifted", at: "log_depth") {
      $0.source.fill("depth.head.bias", with: 0)
    },
    policy("the velocity unshifted", at: "velocity_t1") {
      $0.source.fill("action.action_out_proj.bias", with: 0)
    },
    policy("another lambda", at: "loss.si") { $0.set("depth.loss_lambda", to: 1) },
    policy("another weight of the depth loss", at: "loss.total") {
      $0.set("depth.loss_weight", to: 0)
    },
  ]

  static let swaps = [
    paligemma("keys and values swapped", at: "layer.1.attention") {
      $0.source.swap("vlm.layers.1.self_attn.k_proj.weight", "vlm.layers.1.self_attn.v_proj.weight")
    },
    paligemma("gate and up swapped", at: "layer.2.mlp") {
      $0.source.swap("vlm.layers.2.mlp.gate_proj.weight", "vlm.layers.2.mlp.up_proj.weight")
    },
    paligemma("SigLIP's queries and keys swapped", at: "siglip.layer.1.attention") {
      let attention = "vlm.vision_tower.encoder.layers.1.self_attn."
      $0.source.swapScopes(attention + "q_proj.", attention + "k_proj.")
    },
    paligemma("two layers swapped", at: "layer.0.attention") {
      $0.source.swapScopes("vlm.layers.0.", "vlm.layers.1.")
    },
    dinov2("queries and values swapped", at: "layer.2.attention") {
      let attention = "dinov2.encoder.layer.2.attention."
      let ends = Set($0.source.held.keys.map(\.string).filter { $0.hasPrefix(attention) })
      let query = ends.filter { $0.contains("query") || $0.contains("q_proj") }
      for name in query {
        let value = name.replacing("query", with: "value").replacing("q_proj", with: "v_proj")
        $0.source.swap(TensorName(name), TensorName(value))
      }
    },
    dinov2("layer scales swapped", at: "layer.1.mlp") {
      $0.source.swapScopes(
        "dinov2.encoder.layer.1.layer_scale1.", "dinov2.encoder.layer.1.layer_scale2.")
    },
    depth("fusion layers in the other order", at: "fused.0") {
      let layers = "depth_anything.neck.fusion_stage.layers."
      $0.source.swapScopes(layers + "0.", layers + "3.")
      $0.source.swapScopes(layers + "1.", layers + "2.")
    },
    depth("two fusion layers swapped", "depth-anything-v2-metric", at: "fused.1") {
      let layers = "depth_anything.neck.fusion_stage.layers."
      $0.source.swapScopes(layers + "1.", layers + "2.")
    },
    depth("residual units swapped", at: "fused.2") {
      let layer = "depth_anything.neck.fusion_stage.layers.2."
      $0.source.swapScopes(layer + "residual_layer1.", layer + "residual_layer2.")
    },
  ]

  /// Scale and shift left out, as where a converter takes them for folded into what follows.
  static let norms = [
    paligemma("a layer's norm unweighted", at: "layer.1.attention") {
      $0.source.fill("vlm.layers.1.input_layernorm.weight", with: 0)
    },
    paligemma("one added to the final norm twice", at: "final_norm") {
      let name: TensorName = "vlm.norm.weight"
      let values = $0.source.held[name]?.floats ?? []
      $0.source.held[name] = .init(values.map { $0 + 1 }, shape: [values.count])
    },
    paligemma("SigLIP's last norm unweighted", at: "siglip.last_hidden") {
      $0.source.fill("vlm.vision_tower.post_layernorm.weight", with: 1)
    },
    dinov2("a layer's norm unweighted", "dinov2-swiglu", at: "layer.1.mlp") {
      $0.source.fill("dinov2.encoder.layer.1.norm2.weight", with: 1)
    },
    dinov2("a layer scale left out", at: "layer.3") {
      $0.source.fill("dinov2.encoder.layer.3.layer_scale2.lambda1", with: 1)
    },
    depth("the features' norm unshifted", at: "feature_map.0") {
      $0.source.fill("depth_anything.backbone.layernorm.bias", with: 0)
    },
  ]

  static let settings = [
    paligemma("the other GELU in Gemma", at: "layer.0.mlp") {
      $0.set("text.hidden_act", to: "gelu_python")
    },
    paligemma("the other GELU in SigLIP", at: "siglip.layer.0.mlp") {
      $0.set("vision.hidden_act", to: "gelu")
    },
    paligemma("another rotary base", at: "layer.0.attention") {
      $0.set("text.rope_theta", to: 5000)
    },
    paligemma("another epsilon", at: "layer.0.attention") {
      $0.set("text.rms_norm_eps", to: 0.001)
    },
    dinov2("the other GELU", at: "layer.0.mlp") { $0.set("hidden_act", to: "gelu_pytorch_tanh") },
    dinov2("other heads", at: "layer.0.attention") { $0.set("num_attention_heads", to: 1) },
    dinov2("positions antialiased", at: "embeddings") {
      $0.set("position_resampling", to: "bicubic-antialias")
    },
    dinov2("positions with an offset", at: "embeddings") {
      $0.set("position_resampling", to: "bicubic-offset")
    },
    dinov2("positions not antialiased", "dinov2-with-registers", at: "embeddings") {
      $0.set("position_resampling", to: "bicubic")
    },
    dinov2("positions with an offset", "dinov2-with-registers", at: "embeddings") {
      $0.set("position_resampling", to: "bicubic-offset")
    },
    depth("positions antialiased", at: "backbone.embeddings") {
      $0.set("backbone.position_resampling", to: "bicubic-antialias")
    },
    depth("positions with an offset", "depth-anything-v2-metric", at: "backbone.embeddings") {
      $0.set("backbone.position_resampling", to: "bicubic-offset")
    },
    depth("the other GELU", "depth-anything-v2-metric", at: "backbone.layer.0") {
      $0.set("backbone.hidden_act", to: "gelu_pytorch_tanh")
    },
    depth("other layers", at: "feature_map.1") { $0.set("out_indices", to: [3, 5, 9, 12]) },
    depth("relative for metric", "depth-anything-v2-metric", at: "predicted_depth") {
      $0.set("depth_estimation_type", to: "relative")
    },
    depth("outdoor for indoor", "depth-anything-v2-metric", at: "predicted_depth") {
      $0.set("max_depth", to: 80)
    },
  ]

  @Test(arguments: swaps + norms + settings + policies)
  func failsFirstWhereItWasMade(_ mistake: Mistake) throws {
    var model = try EditableModel(mistake.checkpoint)
    let golden = try Golden(named: mistake.golden)
    #expect(try model.comparison(with: golden).passed)
    mistake.make(&model)
    let first = try model.comparison(with: golden).firstFailure
    #expect(first?.name == mistake.firstStage)
    #expect(first?.errors != nil)
  }
}
