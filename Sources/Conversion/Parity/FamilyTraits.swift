/// What parity knows of a family beside what its models show.
struct FamilyTraits: Sendable {
  /// The image processors that make its inputs, as preprocessing goldens name them.
  let processors: [String]
  /// How the names of its stages begin; empty where this does not tell.
  var stages: Set<String> = []
  /// Stages whose last axis is as long as a configuration value says: they tell goldens of models
  /// of other sizes apart.
  var widths: [(stage: String, key: [String])] = []

  /// By family.
  static let all: [String: FamilyTraits] = [
    "paligemma": FamilyTraits(
      processors: ["siglip"],
      stages: ["siglip", "projector", "embed", "layer", "final_norm", "logits"],
      widths: [
        ("logits", ["text", "vocab_size"]), ("final_norm", ["text", "hidden_size"]),
        ("siglip.last_hidden", ["vision", "hidden_size"]),
      ]),
    "dinov2": FamilyTraits(
      processors: [], stages: ["embeddings", "layer", "final_norm"],
      widths: [("final_norm", ["hidden_size"])]),
    "depth-anything-v2": FamilyTraits(
      processors: ["dpt"],
      stages: [
        "backbone", "feature_map", "reassembled", "neck", "fused", "head", "predicted_depth",
      ],
      widths: [("feature_map.0", ["backbone", "hidden_size"])]),
    "pi0": FamilyTraits(
      processors: ["siglip"], stages: policyStages, widths: policyWidths),
    "depthvla": FamilyTraits(
      processors: ["siglip", "dpt"], stages: policyStages.union(["depth", "log_depth"]),
      widths: policyWidths + [
        ("depth.final", ["depth", "hidden_size"]), ("depth.encoder", ["encoder", "hidden_size"]),
      ]),
  ]

  private static let policyStages: Set<String> = [
    "vision", "projector", "vlm", "action", "velocity_t1", "step", "actions", "loss",
  ]
  private static let policyWidths: [(stage: String, key: [String])] = [
    ("vision.last_hidden", ["vision", "hidden_size"]), ("vlm.final", ["text", "hidden_size"]),
    ("action.final", ["action", "hidden_size"]), ("actions", ["action", "action_dim"]),
  ]
}
