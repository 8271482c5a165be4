import BundleFormat

/// Which files beside the weights belong to the model, by the names upstream libraries give them.
///
/// Tokenizers and image processors as `transformers` saves them; statistics as
/// `openpi/training/checkpoints.py` (`norm_stats.json`) and `lerobot/processor/pipeline.py`
/// (`policy_preprocessor.json`, with the state of a step in a file of its own) save them.
enum AssetNames {
  private static let roles: [String: BundleAsset.Role] = [
    "tokenizer.model": .tokenizer, "tokenizer.json": .tokenizer,
    "tokenizer_config.json": .tokenizerConfiguration,
    "special_tokens_map.json": .tokenizerConfiguration,
    "added_tokens.json": .tokenizerConfiguration,
    "preprocessor_config.json": .preprocessor, "processor_config.json": .preprocessor,
    "policy_preprocessor.json": .preprocessor, "policy_postprocessor.json": .preprocessor,
    normStatistics: .statistics, "stats.json": .statistics,
  ]
  private static let normStatistics = "norm_stats.json"

  /// Folders in the folder of a checkpoint that hold statistics, how deep, and under which name.
  /// openpi has them in `assets/ASSET_ID`, where the id may be a path; a LeRobot data set in
  /// `meta`.
  static let statisticsFolders = [
    (name: "assets", depth: 4, file: normStatistics), (name: "meta", depth: 0, file: "stats.json"),
  ]

  /// The names that are known in full, and the folders above.
  static let entries = roles.keys.sorted() + statisticsFolders.map(\.name)

  /// What a file of that name beside a checkpoint of the family is for; nil where it is no asset.
  /// Encoders of pictures neither read nor move, whatever else lies in the folder.
  static func role(of name: String, family: String) -> BundleAsset.Role? {
    guard let role = role(of: name) else { return nil }
    return ["dinov2", "depth-anything-v2"].contains(family) && role != .preprocessor ? nil : role
  }

  /// What a file of that name is for; nil where it is no asset.
  static func role(of name: String) -> BundleAsset.Role? {
    if let role = roles[name] { return role }
    let isState = ["policy_preprocessor_step_", "policy_postprocessor_step_"]
      .contains { name.hasPrefix($0) }
    return isState && name.hasSuffix(".safetensors") ? .statistics : nil
  }
}

extension BundleAsset.Role {
  /// The roles whose files only fit each other: giving one replaces what was found for all.
  var replaced: Set<Self> {
    switch self {
    case .tokenizer, .tokenizerConfiguration: [.tokenizer, .tokenizerConfiguration]
    case .preprocessor, .statistics: [self]
    }
  }
}
