import DVLAJSON
import DVLATestSupport

/// What a published layout must be recognised as, from the name of its inventory alone.
struct PublishedModel {
  let family: String
  let naming: String
  let variant: String

  init?(file: String) {
    let words = file.dropLast(".json".count)
    guard let dot = words.firstIndex(of: ".") else { return nil }
    let model = String(words[..<dot])
    let naming = String(words[words.index(after: dot)...])
    let families = ["depth-anything-v2", "paligemma", "dinov2", "pi0"]
    guard let family = families.first(where: model.hasPrefix) else { return nil }
    self.family = family
    let names = [
      "hf": "hub", "hf-hub": "hub", "original": "original", "timm": "timm", "openpi": "openpi",
      "transformers-5.4-to-5.5-save": "save-5.4",
      "transformers-5.6-to-5.23-fresh-save": "save-5.6",
      "state-dict-4.52-to-5.5": "state-dict-4.52", "state-dict-5.6-to-5.23": "state-dict-5.6",
      "state-dict-5.18-to-5.23": "state-dict-5.18",
      "lerobot-2025-02": "lerobot-2025-02", "lerobot-2025-10": "lerobot-2025-10",
      "lerobot-save-transformers-5.4-to-5.5": "lerobot-save-5.4",
      "lerobot-save-transformers-5.6-on": "lerobot-save-5.6",
      "transformers-native-state-dict-5.23": "transformers-state-dict",
      "transformers-5.23-fresh-save": "transformers-save",
    ]
    guard let known = names[naming] else { return nil }
    self.naming = known
    variant =
      switch family {
      case "paligemma": String(model.dropFirst("paligemma-".count)).replacing("pt-", with: "")
      case "pi0": "base"
      default: String(model.dropFirst(family.count + 1))
      }
  }

  /// What the tensors do not show: the original's files have no config.json, and relative and
  /// metric have the same tensors.
  var given: KeyValuePairs<String, JSONValue> {
    family == "depth-anything-v2" ? ["depth_estimation_type": "relative", "version": 2] : [:]
  }

  var hasNoConfig: Bool {
    naming == "timm" || (naming == "original" && family != "paligemma")
  }

  /// The second name of the embedding, in files that store both.
  var tied: String? {
    switch (family, naming) {
    case ("paligemma", "state-dict-4.52"), ("paligemma", "state-dict-5.6"): "lm_head.weight"
    case ("pi0", "lerobot-save-5.4"), ("pi0", "lerobot-save-5.6"):
      "model.paligemma_with_expert.paligemma.lm_head.weight"
    default: nil
    }
  }

  /// Tensors of the file that the layout has no place for, in the file's order.
  var leftOut: [String] {
    switch (family, naming) {
    case ("pi0", "openpi"), ("pi0", "transformers-save"):
      ["paligemma_with_expert.gemma_expert.lm_head.weight"]
    case ("pi0", "transformers-state-dict"): ["model.dit.embed_tokens.weight"]
    case ("pi0", "lerobot-2025-02"), ("pi0", "lerobot-2025-10"):
      ["model.paligemma_with_expert.gemma_expert.lm_head.weight"]
    case ("pi0", _):
      [
        "model.paligemma_with_expert.paligemma.lm_head.weight",
        "model.paligemma_with_expert.gemma_expert.lm_head.weight",
      ]
    case ("paligemma", "state-dict-4.52"), ("paligemma", "state-dict-5.6"): ["lm_head.weight"]
    default: []
    }
  }

  /// How many values of the inventory's `config` the layout has under a key of its own.
  var comparableKeys: Int {
    switch family {
    case "paligemma": 20
    case "pi0": 26
    default: 9
    }
  }
}

/// The values an inventory's `config` states, under our keys.
struct InventoryConfiguration {
  private(set) var values: [(key: String, value: JSONValue)] = []

  init(_ document: JSONValue) throws {
    guard let config = document.object?["config"] else { return }
    if let vlm = config.object?["vlm"] {
      take(vlm.object?["vision_config"], "vision.")
      take(vlm.object?["text_config"], "text.")
      take(config.object?["expert"], "action.")
      take(
        config, "",
        renamed: [
          "action_dim": "action.action_dim", "state_dim": "action.state_dim",
          "action_horizon": "action.horizon", "paligemma_variant": "text.variant",
          "action_expert_variant": "action.variant", "num_inference_steps": "action.num_steps",
        ])
    } else if config.object?["text_config"] != nil {
      take(config.object?["vision_config"], "vision.")
      take(config.object?["text_config"], "text.")
      take(config, "", without: ["vocab_size", "hidden_size"])
    } else if let backbone = config.object?["backbone_config"] ?? config.object?["backbone"] {
      take(
        backbone, "backbone.",
        renamed: [
          "out_indices": "out_indices", "apply_layernorm": "apply_layernorm",
          "reshape_hidden_states": "reshape_hidden_states",
        ])
      take(
        config, "", renamed: ["features": "fusion_hidden_size", "head_hidden": "head_hidden_size"])
    } else {
      take(config, "")
    }
    guard document.object?["naming"]?.string == "timm",
      config.object?["num_register_tokens"]?.integer != 0,
      let position = values.firstIndex(where: { $0.key == "position_rows" }),
      let rows = values[position].value.integer
    else { return }
    // timm folds the class row into the class token; the layout has it.
    values[position].value = .integer(Int64(rows) + 1)
  }

  private mutating func take(
    _ object: JSONValue?, _ scope: String, renamed: [String: String] = [:],
    without left: Set<String> = []
  ) {
    let common = ["hidden_activation": "hidden_act", "mlp_hidden": "intermediate_size"]
    for (name, value) in object?.object?.members ?? [] where !left.contains(name) {
      guard value.object == nil, value != .null else { continue }
      var value = value
      // The inventories say which gelu it is in words.
      if name == "hidden_act", let text = value.string, text.contains(" ") {
        guard text.hasPrefix("gelu (") else { continue }
        value = "gelu"
      }
      values.append((renamed[name] ?? scope + (common[name] ?? name), value))
    }
  }
}
