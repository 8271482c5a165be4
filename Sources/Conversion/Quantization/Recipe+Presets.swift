import DVLATensors

extension Recipe {
  /// The recipe of a precision.
  ///
  /// `int8` quantizes the matrices of linear layers and the token embeddings per channel by
  /// absolute maximum. Everything else is bfloat16: vectors, convolutions, position tables, CLS,
  /// mask and register tokens, and the layers in which the depth and action streams begin and end.
  public static func preset(_ precision: Precision) -> Recipe {
    switch precision {
    case .source: Recipe(rules: [all(.source)])
    case .f32: Recipe(rules: [all(.f32)])
    case .bf16: Recipe(rules: [all(.bf16)])
    case .int8:
      Recipe(
        rules: keptFromInt8.map { Rule(pattern: $0, rank: nil, precision: .bf16) } + [
          Rule(pattern: .everything, rank: 2, precision: .int8(Int8Scheme())), all(.bf16),
        ])
    }
  }

  private static func all(_ precision: TensorPrecision) -> Rule {
    Rule(pattern: .everything, rank: nil, precision: precision)
  }

  /// Matrices that are no weights of linear layers, and those nearest to the inputs and outputs,
  /// where an error is not averaged out.
  private static let keptFromInt8: [DottedPattern] = [
    DottedPattern(below: "vlm", "vision_tower", "embeddings"),
    DottedPattern(below: "depth", "encoder", "embeddings"),
    DottedPattern(below: "dinov2", "embeddings"),
    DottedPattern(below: "depth_anything", "backbone", "embeddings"),
    DottedPattern(below: "depth", "head"),
    DottedPattern(below: "action", "state_proj"),
    DottedPattern(below: "action", "action_in_proj"),
    DottedPattern(below: "action", "action_time_mlp_in"),
    DottedPattern(below: "action", "action_time_mlp_out"),
    DottedPattern(below: "action", "action_out_proj"),
  ]
}
