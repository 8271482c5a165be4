/// A tiny checkpoint of `Fixtures/checkpoints`, and what `convert` has to be told about it.
public struct FixtureCheckpoint: CustomStringConvertible, Sendable {
  /// The folder of the model, such as `dinov2-swiglu`.
  public let model: String
  /// The folder of the naming, such as `hf-hub`.
  public let folder: String

  public var name: String { model + "/" + folder }
  public var path: String { FixtureFolder.path("checkpoints/" + name) }
  public var description: String { name }

  public init(_ name: String) {
    let parts = name.split(separator: "/").map(String.init)
    (model, folder) = (parts[0], parts[1])
  }

  /// Every checkpoint but the look-alikes.
  public static let all: [FixtureCheckpoint] = FixtureFolder.names(in: "checkpoints")
    .filter { $0 != "look-alikes" }
    .flatMap { model in
      FixtureFolder.names(in: "checkpoints/" + model).map { FixtureCheckpoint("\(model)/\($0)") }
    }

  /// The family, as `--as` and `--family` name it.
  public var family: String {
    model.hasPrefix("dinov2")
      ? "dinov2" : model.hasPrefix("depth-anything") ? "depth-anything-v2" : model
  }

  /// The option that takes it as a source.
  public var option: String { family == "depth-anything-v2" ? "--depth-anything" : "--" + family }

  /// The naming, as `--naming` takes it.
  public var naming: String {
    switch folder {
    case "hf", "hf-hub", "hf-hub-bf16", "hf-hub-f16": "hub"
    case "transformers-5.4-to-5.5-save": "save-5.4"
    case "transformers-5.6-to-5.23-fresh-save": "save-5.6"
    case "state-dict-4.52-to-5.5": "state-dict-4.52"
    case "state-dict-5.6-to-5.23": "state-dict-5.6"
    case "state-dict-5.18-to-5.23": "state-dict-5.18"
    case "lerobot-save-transformers-5.4-to-5.5": "lerobot-save-5.4"
    case "lerobot-save-transformers-5.6-on": "lerobot-save-5.6"
    case "lerobot-2025-02-mixed": "lerobot-2025-02"
    case "transformers-native-state-dict-5.23": "transformers-state-dict"
    case "transformers-5.23-fresh-save": "transformers-save"
    case "plain", "registers": "layout"
    default: folder
    }
  }

  /// Whether its numbers are the model's own: not rounded, and of no fine-tune.
  public var isFullPrecision: Bool {
    !folder.hasSuffix("-bf16") && !folder.hasSuffix("-f16") && !folder.hasSuffix("-mixed")
  }

  /// What its tensors do not tell, as `--set` takes it. The sizes are those the generator chose.
  public var settings: [(key: String, value: String)] {
    switch (model, folder) {
    case ("dinov2", "hf"), ("dinov2-swiglu", "hf"), ("dinov2-with-registers", "hf"): []
    case ("dinov2-with-registers", _): [("num_attention_heads", "5")]
    case ("dinov2", _), ("dinov2-swiglu", _): [("num_attention_heads", "2")]
    case ("depth-anything-v2", "original"):
      [
        ("backbone.num_attention_heads", "3"), ("out_indices", "[3,6,9,12]"),
        ("depth_estimation_type", "relative"), ("max_depth", "1"),
      ]
    case ("depth-anything-v2-metric", "original"):
      [
        ("backbone.num_attention_heads", "2"), ("out_indices", "[3,6,9,12]"),
        ("depth_estimation_type", "metric"), ("max_depth", "20"),
      ]
    case ("paligemma", "state-dict-4.52-to-5.5"), ("paligemma", "state-dict-5.6-to-5.23"):
      [
        ("vision.num_attention_heads", "2"), ("text.num_attention_heads", "8"),
        ("image_token_index", "133"),
      ]
    case ("pi0", "transformers-5.23-fresh-save"): []
    case ("pi0", _): [("vision.num_attention_heads", "2"), ("text.num_attention_heads", "8")]
    default: []
    }
  }
}
