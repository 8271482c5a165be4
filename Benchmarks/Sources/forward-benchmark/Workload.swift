import ArgumentParser
import DVLADiagnostics
import DVLAModels
import DVLAJSON
import DVLATensors
import DVLATensorMath

/// A forward pass of published size.
enum Workload: String, CaseIterable, ExpressibleByArgument {
  /// DINOv2-Large over one image of 224 x 224 pixels: 257 tokens.
  case dinov2Large = "dinov2-large"
  /// One decoder layer of Gemma 2B over 276 tokens, as PaliGemma has them.
  case gemmaLayer = "gemma-2b-layer"

  /// Loads the weights; what it returns runs the pass once.
  func prepare(
    dtype: DType, products: ProductPrecision, on compute: Compute
  ) throws(WeightsError) -> () throws(WeightsError) -> Void {
    let products = ProductChoice(products)
    return switch self {
    case .dinov2Large: try Self.dinov2(dtype, products, compute)
    case .gemmaLayer: try Self.gemma(dtype, products, compute)
    }
  }

  private static func dinov2(
    _ dtype: DType, _ products: ProductChoice, _ compute: Compute
  ) throws(WeightsError) -> () throws(WeightsError) -> Void {
    let width = 1024
    var shapes: [String: Shape] = [
      "embeddings.patch_embeddings.projection.weight": [width, 3, 14, 14],
      "embeddings.patch_embeddings.projection.bias": [width],
      "embeddings.cls_token": [1, 1, width],
      "embeddings.position_embeddings": [1, 1370, width],
      "layernorm.weight": [width], "layernorm.bias": [width],
    ]
    for layer in 0..<24 {
      let prefix = "encoder.layer.\(layer)."
      for (name, rows, columns) in [
        ("attention.attention.query", width, width), ("attention.attention.key", width, width),
        ("attention.attention.value", width, width), ("attention.output.dense", width, width),
        ("mlp.fc1", 4 * width, width), ("mlp.fc2", width, 4 * width),
      ] {
        shapes[prefix + name + ".weight"] = [rows, columns]
        shapes[prefix + name + ".bias"] = [rows]
      }
      for name in [
        "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias", "layer_scale1.lambda1",
        "layer_scale2.lambda1",
      ] { shapes[prefix + name] = [width] }
    }
    let configuration: JSONValue = [
      "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
      "num_attention_heads": 16, "num_channels": 3, "patch_size": 14, "num_register_tokens": 0,
      "position_rows": 1370, "use_swiglu_ffn": false, "layer_norm_eps": 1e-6, "hidden_act": "gelu",
    ]
    let encoder = try DINOv2(
      try DINOv2Configuration(try ConfigurationReader(configuration)),
      weights: WeightScope(
        SyntheticSource(dtype: dtype, shapes: shapes), products: products, on: compute))
    let pixels = Tensor(
      (0..<3 * 224 * 224).map { Float($0 % 255) / 255 - 0.5 }, shape: [1, 3, 224, 224])
    return { () throws(WeightsError) in
      _ = encoder.norm(try encoder.encode(pixels, on: compute, trace: .none), on: compute)
    }
  }

  private static func gemma(
    _ dtype: DType, _ products: ProductChoice, _ compute: Compute
  ) throws(WeightsError) -> () throws(WeightsError) -> Void {
    let (width, mlp, tokens) = (2048, 16384, 276)
    let shapes: [String: Shape] = [
      "input_layernorm.weight": [width], "post_attention_layernorm.weight": [width],
      "self_attn.q_proj.weight": [width, width], "self_attn.k_proj.weight": [256, width],
      "self_attn.v_proj.weight": [256, width], "self_attn.o_proj.weight": [width, width],
      "mlp.gate_proj.weight": [mlp, width], "mlp.up_proj.weight": [mlp, width],
      "mlp.down_proj.weight": [width, mlp],
    ]
    let configuration: JSONValue = [
      "hidden_size": 2048, "intermediate_size": 16384, "num_hidden_layers": 1,
      "num_attention_heads": 8, "num_key_value_heads": 1, "head_dim": 256, "rms_norm_eps": 1e-6,
      "rope_theta": 10000.0, "hidden_act": "gelu_pytorch_tanh",
    ]
    let c = try GemmaConfiguration(try ConfigurationReader(configuration))
    let layer = try GemmaLayer(
      c,
      weights: WeightScope(
        SyntheticSource(dtype: dtype, shapes: shapes), products: products, on: compute))
    let attention = Attention(heads: 8, keyValueHeads: 1, headDim: 256)
    let rotary = RotaryEmbedding(
      positions: Array(0..<tokens), headDim: c.headDim, theta: c.ropeTheta)
    let input = Tensor(
      (0..<tokens * width).map { Float($0 % 255) / 255 - 0.5 }, shape: [1, tokens, width])
    return { () throws(WeightsError) in
      var x = input
      let projections = layer.projections(of: x, rotary: rotary, on: compute)
      let mixed = attention(
        query: projections.query, key: projections.key, value: projections.value, on: compute)
      try layer.update(&x, attended: mixed, on: compute, trace: .none, validRows: nil)
    }
  }
}
