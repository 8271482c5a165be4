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
  /// Depth Anything V2 Large over one image of 518 x 518 pixels, from pixels to depth.
  case depthAnythingLarge = "depth-anything-large"
  /// One product with the gate_proj of Gemma 2B over 276 tokens: 9.26e9 multiplications.
  case product = "product"

  /// Loads the weights; what it returns runs the pass once.
  func prepare(
    dtype: DType, products: ProductPrecision, on compute: Compute
  ) throws(WeightsError) -> () throws(WeightsError) -> Void {
    let products = ProductChoice(products)
    return switch self {
    case .dinov2Large: try Self.dinov2(dtype, products, compute)
    case .gemmaLayer: try Self.gemma(dtype, products, compute)
    case .depthAnythingLarge: try Self.depthAnything(dtype, products, compute)
    case .product: try Self.product(dtype, products, compute)
    }
  }

  private static func dinov2(
    _ dtype: DType, _ products: ProductChoice, _ compute: Compute
  ) throws(WeightsError) -> () throws(WeightsError) -> Void {
    let encoder = try DINOv2(
      try DINOv2Configuration(try ConfigurationReader(Backbone.configuration)),
      weights: WeightScope(
        SyntheticSource(dtype: dtype, shapes: Backbone.shapes()), products: products, on: compute))
    let pixels = Self.pixels(side: 224)
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

  private static func depthAnything(
    _ dtype: DType, _ products: ProductChoice, _ compute: Compute
  ) throws(WeightsError) -> () throws(WeightsError) -> Void {
    let model = try DepthAnything(
      try ConfigurationReader(Neck.configuration),
      weights: WeightScope(
        SyntheticSource(dtype: dtype, shapes: Neck.shapes()), products: products, on: compute))
    let pixels = Self.pixels(side: 518)
    return { () throws(WeightsError) in _ = try model(pixels, on: compute, trace: .none) }
  }

  private static func product(
    _ dtype: DType, _ products: ProductChoice, _ compute: Compute
  ) throws(WeightsError) -> () throws(WeightsError) -> Void {
    let (tokens, inputs, outputs) = (276, 2048, 16384)
    let weights = WeightScope(
      SyntheticSource(dtype: dtype, shapes: ["gate_proj.weight": [outputs, inputs]]),
      products: products, on: compute)
    let linear = try weights.linear(
      "gate_proj", inputs: inputs, outputs: outputs, hasBias: false)
    let input = Tensor(
      (0..<tokens * inputs).map { Float($0 % 255) / 255 - 0.5 }, shape: [tokens, inputs])
    return { () throws(WeightsError) in _ = linear(input, on: compute) }
  }

  private static func pixels(side: Int) -> Tensor {
    Tensor((0..<3 * side * side).map { Float($0 % 255) / 255 - 0.5 }, shape: [1, 3, side, side])
  }
}
