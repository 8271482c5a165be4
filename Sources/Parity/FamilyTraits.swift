/// What parity knows of a family beside what its models show.
struct FamilyTraits: Sendable {
  /// The image processors that make its inputs, as preprocessing goldens name them.
  let processors: [String]
  /// Stages whose last axis is as long as a configuration value says: they tell goldens of models
  /// of other sizes apart.
  var widths: [(stage: String, key: [String])] = []

  /// By family.
  static let all: [String: FamilyTraits] = [
    "paligemma": FamilyTraits(
      processors: ["siglip"],
      widths: [
        ("logits", ["text", "vocab_size"]), ("final_norm", ["text", "hidden_size"]),
        ("siglip.last_hidden", ["vision", "hidden_size"]),
      ]),
    "dinov2": FamilyTraits(processors: [], widths: [("final_norm", ["hidden_size"])]),
    "depth-anything-v2": FamilyTraits(
      processors: ["dpt"], widths: [("feature_map.0", ["backbone", "hidden_size"])]),
    "pi0": FamilyTraits(processors: ["siglip"]),
    "depthvla": FamilyTraits(processors: ["siglip", "dpt"]),
  ]
}
