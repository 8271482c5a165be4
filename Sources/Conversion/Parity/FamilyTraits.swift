import DVLAFamilies

/// The facts about a family that parity checks need beyond what its models report.
struct FamilyTraits: Sendable {
  /// The image processors that make its inputs, as preprocessing goldens name them.
  let processors: [String]
  /// The first parts of the names of its stages; empty where they do not identify the family.
  let stages: Set<String>
  /// Stages whose last axis is as long as a configuration value: they distinguish goldens of models
  /// of different sizes.
  let widths: [(stage: String, key: [String])]

  static let processors = Set(Family.allCases.flatMap { FamilyTraits($0).processors })

  /// Nil for a family that is not known here.
  init?(named name: String) {
    guard let family = Family(rawValue: name) else { return nil }
    self.init(family)
  }

  init(_ family: Family) {
    self =
      switch family {
      case .paligemma:
        FamilyTraits(
          processors: ["siglip"],
          stages: ["siglip", "projector", "embed", "layer", "final_norm", "logits"],
          widths: [
            ("logits", ["text", "vocab_size"]), ("final_norm", ["text", "hidden_size"]),
            ("siglip.last_hidden", ["vision", "hidden_size"]),
          ])
      case .dinov2:
        FamilyTraits(
          processors: [], stages: ["embeddings", "layer", "final_norm"],
          widths: [("final_norm", ["hidden_size"])])
      case .depthAnythingV2:
        FamilyTraits(
          processors: ["dpt"],
          stages: [
            "backbone", "feature_map", "reassembled", "neck", "fused", "head", "predicted_depth",
          ],
          widths: [("feature_map.0", ["backbone", "hidden_size"])])
      case .pi0:
        FamilyTraits(
          processors: ["siglip"], stages: Self.policyStages, widths: Self.policyWidths)
      case .depthvla:
        FamilyTraits(
          processors: ["siglip", "dpt"], stages: Self.policyStages.union(["depth", "log_depth"]),
          widths: Self.policyWidths + [
            ("depth.final", ["depth", "hidden_size"]),
            ("depth.encoder", ["encoder", "hidden_size"]),
          ])
      }
  }

  private init(
    processors: [String], stages: Set<String>, widths: [(stage: String, key: [String])]
  ) {
    (self.processors, self.stages, self.widths) = (processors, stages, widths)
  }

  private static let policyStages: Set<String> = [
    "vision", "projector", "vlm", "action", "velocity_t1", "step", "actions", "loss",
  ]
  private static let policyWidths: [(stage: String, key: [String])] = [
    ("vision.last_hidden", ["vision", "hidden_size"]), ("vlm.final", ["text", "hidden_size"]),
    ("action.final", ["action", "hidden_size"]), ("actions", ["action", "action_dim"]),
  ]
}
