import DVLADiagnostics
import DVLAJSON
import DVLAModels
import DVLATensorMath
import DVLATensors
import Testing

/// Configurations that are unsound, or that the tensors do not fit: an error, never a wrong number
/// and never a trap.
struct DisagreementTests {
  struct Case: CustomStringConvertible, Sendable {
    let checkpoint: String
    let what: String
    let code: WeightsError.Code
    let words: String
    let spoil: @Sendable (inout EditableModel) -> Void
    var description: String { "\(checkpoint): \(what)" }
  }

  static func setting(
    _ checkpoint: String, _ path: String, _ value: JSONValue?, _ code: WeightsError.Code,
    _ words: String
  ) -> Case {
    Case(
      checkpoint: checkpoint, what: "\(path): \(value.map { "\($0)" } ?? "none")", code: code,
      words: words
    ) { $0.set(path, to: value) }
  }

  static let (paligemma, dinov2, depth) = (
    "paligemma/hf-hub", "dinov2/hf", "depth-anything-v2-metric/hf"
  )

  static let wanted = [
    paligemma: [
      "text": [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_key_value_heads", "head_dim", "rms_norm_eps", "rope_theta", "hidden_act", "vocab_size",
      ],
      "vision": [
        "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_channels", "image_size", "patch_size", "layer_norm_eps", "hidden_act",
      ],
      "": ["text", "vision", "image_token_index"],
    ],
    dinov2: ["": backbone],
    depth: [
      "backbone": backbone,
      "": [
        "backbone", "out_indices", "neck_hidden_sizes", "fusion_hidden_size", "head_hidden_size",
        "depth_estimation_type", "max_depth",
      ],
    ],
  ]

  static let backbone = [
    "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_channels",
    "patch_size", "num_register_tokens", "position_rows", "use_swiglu_ffn", "layer_norm_eps",
    "hidden_act",
  ]

  /// Every key that a model reads, left out, of another type, and negative.
  static let keys = wanted.sorted { $0.key < $1.key }.flatMap { checkpoint, scopes in
    scopes.sorted { $0.key < $1.key }.flatMap { scope, keys in
      keys.flatMap { key -> [Case] in
        let path = scope + "." + key
        return [nil, .null, [[:]], -1, -0.5].map {
          setting(checkpoint, path, $0, .modelConfiguration, key)
        }
      }
    }
  }

  static let settings = [
    setting(paligemma, "text.num_hidden_layers", 4, .modelTensorMissing, "vlm.layers.3."),
    setting(paligemma, "vision.num_hidden_layers", 3, .modelTensorMissing, "encoder.layers.2."),
    setting(dinov2, "num_hidden_layers", 1024, .modelTensorMissing, "encoder.layer.4."),
    setting(dinov2, "num_hidden_layers", 1025, .modelConfiguration, "from 1 to 1024"),
    setting(dinov2, "num_hidden_layers", .integer(1 << 30), .modelConfiguration, "1073741824"),
    setting(paligemma, "text.num_hidden_layers", 1025, .modelConfiguration, "from 1 to 1024"),
    setting(paligemma, "vision.num_hidden_layers", 1025, .modelConfiguration, "from 1 to 1024"),
    setting(paligemma, "text.num_attention_heads", 7, .modelTensorShape, "[42, 44]"),
    setting(paligemma, "text.num_key_value_heads", 3, .modelConfiguration, "do not divide"),
    setting(paligemma, "text.num_key_value_heads", 2, .modelTensorShape, "[12, 44]"),
    setting(paligemma, "text.head_dim", 5, .modelConfiguration, "even"),
    setting(paligemma, "text.vocab_size", 140, .modelTensorShape, "[140, 44]"),
    setting(paligemma, "vision.num_attention_heads", 5, .modelConfiguration, "do not divide"),
    setting(paligemma, "vision.image_size", 43, .modelConfiguration, "do not fill"),
    setting(paligemma, "vision.image_size", 56, .modelTensorShape, "[16, 24]"),
    setting(paligemma, "text.hidden_act", "relu", .modelConfiguration, "gelu_pytorch_tanh"),
    setting(dinov2, "hidden_act", "quick_gelu", .modelConfiguration, "hidden_act"),
    setting(dinov2, "position_resampling", "nearest", .modelConfiguration, "bicubic-offset"),
    setting(dinov2, "num_attention_heads", 3, .modelConfiguration, "do not divide"),
    setting(dinov2, "hidden_size", 24, .modelTensorShape, "[24, 3, 14, 14]"),
    setting(dinov2, "hidden_size", .integer(1 << 40), .modelConfiguration, "hidden_size"),
    setting(dinov2, "patch_size", 7, .modelTensorShape, "[22, 3, 7, 7]"),
    setting(dinov2, "num_channels", 4, .modelTensorShape, "[22, 4, 14, 14]"),
    setting(dinov2, "position_rows", 27, .modelConfiguration, "square"),
    setting(dinov2, "position_rows", 17, .modelTensorShape, "[1, 17, 22]"),
    setting(dinov2, "num_register_tokens", 4, .modelTensorMissing, "register_tokens"),
    setting(dinov2, "use_swiglu_ffn", true, .modelTensorMissing, "weights_in"),
    setting(dinov2, "layer_norm_eps", 0, .modelConfiguration, "positive"),
    setting(depth, "out_indices", [3, 6, 9], .modelConfiguration, "3 out_indices"),
    setting(depth, "out_indices", [3, 9, 6, 12], .modelConfiguration, "rising"),
    setting(depth, "out_indices", [3, 6, 6, 12], .modelConfiguration, "rising"),
    setting(depth, "out_indices", [3, 6, 9, 13], .modelConfiguration, "up to 12"),
    setting(depth, "out_indices", [0, 6, 9, 12], .modelConfiguration, "out_indices"),
    setting(depth, "neck_hidden_sizes", [5, 7, 10, 13, 13], .modelConfiguration, "5 neck"),
    setting(depth, "neck_hidden_sizes", [5, 7, 13, 10], .modelTensorShape, "[13, 16, 1, 1]"),
    setting(depth, "depth_estimation_type", "inverse", .modelConfiguration, "metric"),
    setting(depth, "backbone.num_register_tokens", 4, .modelConfiguration, "register"),
    setting(depth, "fusion_hidden_size", 7, .modelTensorShape, "[7, 5, 3, 3]"),
  ]

  /// Extents whose product no integer holds.
  static let sizes = [
    (dinov2, ["hidden_size", "num_attention_heads", "patch_size", "num_channels"]),
    (depth, ["fusion_hidden_size", "head_hidden_size", "backbone.patch_size"]),
    (paligemma, ["text.num_attention_heads", "text.head_dim"]),
    (paligemma, ["vision.image_size", "vision.num_channels"]),
  ].map { checkpoint, paths in
    Case(
      checkpoint: checkpoint, what: "\(paths) of 2^30", code: .modelTensorShape,
      words: "requires the shape"
    ) { model in
      for path in paths { model.set(path, to: .integer(1 << 30)) }
      if paths.contains("vision.image_size") { model.set("vision.patch_size", to: 1) }
      if paths.contains("text.head_dim") {
        model.set("text.num_key_value_heads", to: .integer(1 << 30))
      }
    }
  }

  static let matrix = "dinov2.encoder.layer.1.mlp.fc1.weight"

  static func tensor(
    _ what: String, _ name: String, _ code: WeightsError.Code, _ words: String,
    _ spoil: @escaping @Sendable (inout MemorySource) -> Void
  ) -> Case {
    Case(checkpoint: dinov2, what: "\(name): \(what)", code: code, words: words) {
      spoil(&$0.source)
    }
  }

  /// A matrix [88, 22] of 8-bit integers with scales of that shape.
  static func int8(
    _ what: String, _ scales: Shape?, dtype: DType = .bf16, _ code: WeightsError.Code,
    _ words: String
  ) -> Case {
    tensor(what, matrix, code, words) { source in
      source.held[TensorName(matrix)] = .init(
        dtype: .i8, shape: [88, 22], bytes: Array(repeating: 1, count: 88 * 22))
      source.held[TensorName(matrix + "_scale")] = scales.map {
        .init(
          dtype: dtype, shape: $0,
          bytes: Array(repeating: 0x3F, count: $0.byteCount(of: dtype) ?? 0))
      }
    }
  }

  static let tensors = [
    tensor("none", matrix, .modelTensorMissing, "is missing") {
      $0.held[TensorName(matrix)] = nil
    },
    tensor("transposed", matrix, .modelTensorShape, "found [22, 88]") {
      $0.held[TensorName(matrix)]?.shape = [22, 88]
    },
    tensor("float64", matrix, .modelTensorDType, "found F64") {
      $0.held[TensorName(matrix)] = .init(
        dtype: .f64, shape: [88, 22], bytes: Array(repeating: 0, count: 88 * 22 * 8))
    },
    tensor("8-bit", "dinov2.layernorm.bias", .modelTensorDType, "found I8") {
      $0.held["dinov2.layernorm.bias"] = .init(
        dtype: .i8, shape: [22], bytes: Array(repeating: 0, count: 22))
    },
    int8("no scales", nil, .modelTensorMissing, "its scales are missing"),
    int8("scales of rank 1", [88], .modelTensorShape, "found [88]"),
    int8("scales of fewer rows", [87, 1], .modelTensorShape, "found [87, 1]"),
    int8("scales of no groups", [88, 0], .modelTensorShape, "found [88, 0]"),
    int8("groups that do not divide a row", [88, 4], .modelTensorShape, "found [88, 4]"),
    int8("groups of 11", [88, 2], .modelTensorShape, "found [88, 2]"),
    int8("scales of float16", [88, 1], dtype: .f16, .modelTensorDType, "found F16"),
  ]

  @Test(arguments: [
    ("keys", keys), ("settings", settings), ("sizes", sizes), ("tensors", tensors),
  ])
  func isAnErrorThatSaysWhatDisagrees(_ kind: String, _ cases: [Case]) throws {
    var models: [String: EditableModel] = [:]
    for its in cases {
      var model = try models[its.checkpoint] ?? EditableModel(its.checkpoint)
      models[its.checkpoint] = model
      its.spoil(&model)
      let error = refusal { _ = try model.load() }
      #expect(error?.code == its.code, "\(its): \(String(describing: error))")
      #expect(error?.description.contains(its.words) == true, "\(its): \(error?.message ?? "")")
    }
  }

  @Test func soundScalesOf8BitsAreTaken() throws {
    var model = try EditableModel(Self.dinov2)
    Self.int8("", [88, 1], .modelTensorShape, "").spoil(&model)
    _ = try model.load()
  }

  @Test func aFamilyWithoutAForwardPassIsNamed() throws {
    let model = try EditableModel(Self.dinov2)
    let error = refusal {
      _ = try ModelFactory.load(
        family: "pi05", configuration: model.configuration, source: model.source,
        products: ProductChoice(.exact), on: Compute(threads: 1))
    }
    #expect(error?.code == .modelFamily && error?.message.contains("\"pi05\"") == true)
    let noObject = refusal {
      _ = try ModelFactory.load(
        family: "dinov2", configuration: [], source: model.source,
        products: ProductChoice(.exact), on: Compute(threads: 1))
    }
    #expect(noObject?.code == .modelConfiguration)
  }
}
