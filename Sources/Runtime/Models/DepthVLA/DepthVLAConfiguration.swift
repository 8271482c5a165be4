public import DVLADiagnostics

/// Which tokens of the experts attend to which.
///
/// Source: paper arXiv 2510.13375; the full mask is its ablation "remove block-level masking".
public enum AttentionPattern: String, Sendable, CaseIterable {
  /// VLM and depth tokens see their own kind; the state sees both and itself; actions see all.
  case block
  /// All tokens see all tokens.
  case full
}

/// The sizes of DepthVLA, or of pi0, which is the same without the depth expert.
public struct DepthVLAConfiguration: Sendable {
  public let vision: SiglipConfiguration
  public let text: GemmaConfiguration
  public let vocabularySize: Int
  /// Nil for pi0.
  public private(set) var depth: DepthExpertConfiguration?
  public let action: ActionExpertConfiguration
  /// The pattern it was trained with.
  public let pattern: AttentionPattern

  /// - Parameter hasDepth: whether the depth expert is used.
  /// - Throws: `model.configuration`.
  public init(_ scope: ConfigurationReader, hasDepth: Bool) throws(WeightsError) {
    vision = try SiglipConfiguration(try scope.scope("vision"))
    text = try GemmaConfiguration(try scope.scope("text"))
    vocabularySize = try scope.scope("text").integer("vocab_size")
    depth = hasDepth ? try DepthExpertConfiguration(scope) : nil
    action = try ActionExpertConfiguration(try scope.scope("action"))
    pattern =
      scope.has("attention_mask")
      ? try scope.choice(
        "attention_mask",
        of: Dictionary(uniqueKeysWithValues: AttentionPattern.allCases.map { ($0.rawValue, $0) }))
      : .block
    try Self.check(action.decoder, "action", with: text, scope)
    if let depth { try Self.check(depth.decoder, "depth", with: text, scope) }
  }

  func withoutDepth() -> DepthVLAConfiguration {
    var result = self
    result.depth = nil
    return result
  }

  /// Experts share attention: all their sizes but the widths are the same.
  private static func check(
    _ expert: GemmaConfiguration, _ name: String, with text: GemmaConfiguration,
    _ scope: ConfigurationReader
  ) throws(WeightsError) {
    let sizes: [(key: String, KeyPath<GemmaConfiguration, Int>)] = [
      ("num_hidden_layers", \.layers), ("num_attention_heads", \.heads),
      ("num_key_value_heads", \.keyValueHeads), ("head_dim", \.headDim),
    ]
    for (key, size) in sizes where expert[keyPath: size] != text[keyPath: size] {
      throw scope.contradiction(
        "\(name).\(key) is \(expert[keyPath: size]), text.\(key) is \(text[keyPath: size]): experts "
          + "share attention")
    }
    guard expert.ropeTheta == text.ropeTheta else {
      throw scope.contradiction(
        "\(name).rope_theta is \(expert.ropeTheta), text.rope_theta is \(text.ropeTheta): experts "
          + "share attention")
    }
  }
}

/// The sizes of the depth expert and its encoder, and the weights of its losses.
public struct DepthExpertConfiguration: Sendable {
  public let encoder: DINOv2Configuration
  public let decoder: GemmaConfiguration
  /// λ of ``ScaleInvariantLoss``.
  public let lossLambda: Double
  /// The weight of the depth loss beside the flow loss; 0 is an ablation of the paper.
  public let lossWeight: Double

  /// - Throws: `model.configuration`.
  init(_ scope: ConfigurationReader) throws(WeightsError) {
    let depth = try scope.scope("depth")
    encoder = try DINOv2Configuration(try scope.scope("encoder"))
    decoder = try GemmaConfiguration(depth)
    lossLambda = try depth.nonNegativeNumber("loss_lambda")
    lossWeight = try depth.nonNegativeNumber("loss_weight")
  }
}

/// The sizes of the action expert, and how it is sampled.
public struct ActionExpertConfiguration: Sendable {
  public let decoder: GemmaConfiguration
  public let stateDim: Int
  public let actionDim: Int
  /// Actions of a chunk.
  public let horizon: Int
  /// Steps of the Euler integration from noise to actions.
  public let steps: Int
  public let minPeriod: Double
  public let maxPeriod: Double
  /// Most steps, so that a run ends for every value in a file or an option.
  public static let stepLimit = 1000

  /// - Throws: `model.configuration`.
  init(_ scope: ConfigurationReader) throws(WeightsError) {
    decoder = try GemmaConfiguration(scope)
    stateDim = try scope.integer("state_dim")
    actionDim = try scope.integer("action_dim")
    horizon = try scope.integer("horizon", atMost: ModelInputs.tokenLimit)
    steps = try scope.integer("num_steps", atMost: Self.stepLimit)
    minPeriod = try scope.positiveNumber("min_period")
    maxPeriod = try scope.positiveNumber("max_period")
    guard decoder.width.isMultiple(of: 2) else {
      throw scope.contradiction(
        "the embedding of time needs an even hidden_size, found \(decoder.width)")
    }
  }
}
