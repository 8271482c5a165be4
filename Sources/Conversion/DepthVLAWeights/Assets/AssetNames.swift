import DVLABundles
import DVLAFamilies

/// Which files beside the weights belong to the model, by the names upstream libraries give them.
///
/// Tokenizers and image processors as `transformers` saves them; statistics as
/// `openpi/training/checkpoints.py` (`norm_stats.json`) and `lerobot/processor/pipeline.py`
/// (`policy_preprocessor.json`, with the state of a step in a file of its own) save them.
enum AssetNames {
  static let sentencePiece = "tokenizer.model"
  static let tokenizerJSON = "tokenizer.json"
  static let preprocessor = "preprocessor_config.json"
  static let processor = "processor_config.json"
  /// Nothing here generates text; it travels for the way back.
  static let generation = "generation_config.json"
  /// A robot's document is this project's own.
  static let robot = "robot.json"
  static let normStatistics = "norm_stats.json"
  static let dataSetStatistics = "stats.json"
  /// A step of lerobot's pipelines; its number there varies.
  static let normalizerState = "policy_preprocessor_step_0_normalizer_processor.safetensors"

  private static let roles: [String: BundleAsset.Role] = [
    sentencePiece: .tokenizer, tokenizerJSON: .tokenizer,
    "tokenizer_config.json": .tokenizerConfiguration,
    "special_tokens_map.json": .tokenizerConfiguration,
    "added_tokens.json": .tokenizerConfiguration,
    preprocessor: .preprocessor, processor: .preprocessor,
    "policy_preprocessor.json": .preprocessor, "policy_postprocessor.json": .preprocessor,
    normStatistics: .statistics, dataSetStatistics: .statistics,
    generation: .generation, robot: .robot,
  ]

  /// Folders in the folder of a checkpoint that hold statistics, how deep, and under which name.
  /// openpi has them in `assets/ASSET_ID`, where the id may be a path; a LeRobot data set in
  /// `meta`.
  static let statisticsFolders = [
    (name: "assets", depth: 4, file: normStatistics),
    (name: "meta", depth: 0, file: dataSetStatistics),
  ]

  /// The names that are known in full, and the folders above.
  static let entries = roles.keys.sorted() + statisticsFolders.map(\.name)

  /// What a file of that name beside a checkpoint of the family is for; nil where it is not an
  /// asset.
  /// Models that only see need no tokenizer and no statistics, even where the folder has some, and
  /// only a policy has a robot.
  static func role(of name: String, family: String) -> BundleAsset.Role? {
    guard let role = role(of: name) else { return nil }
    if role == .robot { return Family.isPolicy(family) ? role : nil }
    let readsText = Family(rawValue: family)?.readsText ?? true
    return readsText || role == .preprocessor ? role : nil
  }

  /// What a file of that name is for; nil where it is not an asset.
  static func role(of name: String) -> BundleAsset.Role? {
    roles[name] ?? (isStepState(name) ? .statistics : nil)
  }

  /// Whether lerobot keeps the state of a step of its pipelines under such a name.
  static func isStepState(_ name: String) -> Bool {
    ["policy_preprocessor_step_", "policy_postprocessor_step_"].contains { name.hasPrefix($0) }
      && name.hasSuffix(".safetensors")
  }

  /// Whether it is one of lerobot's pipelines, which name the state files of their steps.
  static func isPipeline(_ name: String) -> Bool {
    name.hasPrefix("policy_") && name.hasSuffix(".json") && role(of: name) == .preprocessor
  }

  /// Whether a file that is given takes the place of one that was found: files that only fit each
  /// other go together.
  static func replaces(_ given: AssetName, _ found: AssetName) -> Bool {
    switch given.role {
    case .tokenizer, .tokenizerConfiguration:
      found.role == .tokenizer || found.role == .tokenizerConfiguration
    case .statistics: found.role == .statistics
    case .generation: found.role == .generation
    case .robot: found.role == .robot
    case .preprocessor:
      found.role == .preprocessor
        && (given.fileName == found.fileName
          || !isPipeline(given.fileName) && !isPipeline(found.fileName))
    }
  }
}

/// What a file is for, and its name in a bundle.
struct AssetName {
  let fileName: String
  let role: BundleAsset.Role
}
