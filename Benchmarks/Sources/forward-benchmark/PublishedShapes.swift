import DVLAJSON
import DVLATensors

/// DINOv2-Large as transformers publishes it.
enum Backbone {
  static let configuration: JSONValue = [
    "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
    "num_attention_heads": 16, "num_channels": 3, "patch_size": 14, "num_register_tokens": 0,
    "position_rows": 1370, "use_swiglu_ffn": false, "layer_norm_eps": 1e-6, "hidden_act": "gelu",
  ]

  /// Its tensors, the names after a prefix.
  static func shapes(at prefix: String = "") -> [String: Shape] {
    let width = 1024
    var shapes: [String: Shape] = [
      prefix + "embeddings.patch_embeddings.projection.weight": [width, 3, 14, 14],
      prefix + "embeddings.patch_embeddings.projection.bias": [width],
      prefix + "embeddings.cls_token": [1, 1, width],
      prefix + "embeddings.position_embeddings": [1, 1370, width],
      prefix + "layernorm.weight": [width], prefix + "layernorm.bias": [width],
    ]
    for layer in 0..<24 {
      let prefix = prefix + "encoder.layer.\(layer)."
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
    return shapes
  }
}

/// Depth Anything V2 Large: that backbone, and what makes depth of it.
enum Neck {
  static let configuration: JSONValue = [
    "backbone": Backbone.configuration, "out_indices": [5, 12, 18, 24],
    "neck_hidden_sizes": [256, 512, 1024, 1024], "fusion_hidden_size": 256,
    "head_hidden_size": 32, "depth_estimation_type": "relative", "max_depth": 1.0,
  ]

  static func shapes() -> [String: Shape] {
    var shapes = Backbone.shapes(at: "backbone.")
    func add(_ name: String, _ rows: Int, _ columns: Int, kernel: Int, bias: Int? = nil) {
      shapes[name + ".weight"] = [rows, columns, kernel, kernel]
      if let bias { shapes[name + ".bias"] = [bias] }
    }
    let (widths, fusion) = ([256, 512, 1024, 1024], 256)
    let resizes = [4, 2, nil, 3]
    for (index, width) in widths.enumerated() {
      let layer = "neck.reassemble_stage.layers.\(index)."
      add(layer + "projection", width, 1024, kernel: 1, bias: width)
      if let kernel = resizes[index] { add(layer + "resize", width, width, kernel: kernel, bias: width) }
      add("neck.convs.\(index)", fusion, width, kernel: 3)
      let stage = "neck.fusion_stage.layers.\(index)."
      add(stage + "projection", fusion, fusion, kernel: 1, bias: fusion)
      for unit in ["residual_layer1.", "residual_layer2."] {
        for name in ["convolution1", "convolution2"] {
          add(stage + unit + name, fusion, fusion, kernel: 3, bias: fusion)
        }
      }
    }
    add("head.conv1", fusion / 2, fusion, kernel: 3, bias: fusion / 2)
    add("head.conv2", 32, fusion / 2, kernel: 3, bias: 32)
    add("head.conv3", 1, 32, kernel: 1, bias: 1)
    return shapes
  }
}
