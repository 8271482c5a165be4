public import DVLAJSON

/// One family under one naming: how its tensors become layout tensors, and back. Decoded from
/// `Manifests/FAMILY/NAMING.json` by `NamingManifestDecoder`.
public struct NamingManifest: Sendable {
  public let family: String
  public let naming: String
  /// One sentence that says which library or repository uses the naming.
  public let about: String
  /// The file's text, whose hash goes into a bundle's provenance.
  public let text: String
  /// Prefixes that all source names may have, often only the empty one.
  let prefixes: [String]
  var rules: [NamingRule]
  /// The values that the conditions of ``rules`` are assumed to have, as key to "is non-zero";
  /// empty in a manifest without conditions. The shapes of a checkpoint must confirm them.
  var assumptions: [String: Bool] = [:]
  /// How config.json follows from the configuration; nil where the naming's library has none.
  let config: ConfigTemplate?
  /// Configuration values that the naming's library has unless the user or config.json gives
  /// others.
  var ownDefaults: [Default]
  /// The values that `model_type` in config.json may have; empty where it has none.
  let modelTypes: [String]
  /// What the library writes into `__metadata__`.
  public let metadata: MetadataPolicy
  /// Whether the library writes sharded folders.
  public let isSharded: Bool

  /// A configuration value that the naming's library has, for models that meet the condition.
  struct Default: Sendable {
    let key: String
    let value: JSONValue
    let condition: LayoutDefinition.Condition?
  }

  /// The origin of the values in ``defaults``, as a configuration records it.
  var originOfDefaults: String { "the naming \(naming)" }

  /// The values that hold for every model; all of them once the conditions are settled
  /// (``specialised(_:)``).
  var defaults: Configuration {
    var result = Configuration()
    for entry in ownDefaults where entry.condition == nil {
      result.set(entry.key, entry.value, origin: originOfDefaults)
    }
    return result
  }

  /// Whether the libraries of the two namings compute different results from the same tensors.
  func differs(from other: NamingManifest) -> Bool {
    let (mine, others) = (defaults, other.defaults)
    return (mine.keys + others.keys).contains { mine[$0] != others[$0] }
  }

  /// The value that the naming's library has for a model of this configuration; nil where the
  /// naming does not define one.
  public func ownValue(of key: String, under configuration: Configuration) -> JSONValue? {
    specialised(configuration).defaults[key]
  }

  /// Whether the naming's config.json has the key.
  public func states(_ key: String) -> Bool { config?.keys.contains(key) ?? false }

  /// The config.json that this naming's library reads; nil where it has none.
  ///
  /// - Parameter dtype: the main dtype in the library's words, such as `bfloat16`.
  public func configDocument(for configuration: Configuration, dtype: String) -> JSONValue? {
    config?.document(for: configuration, dtype: dtype)
  }

  public var label: String { "\(family) in \(naming) naming" }

  public enum MetadataPolicy: Sendable, Hashable {
    case none
    case fixed([String: String])
  }
}

// MARK: Conditions

extension NamingManifest {
  /// The keys that rules and defaults depend on.
  var conditionKeys: [String] {
    Set((rules.map(\.condition) + ownDefaults.map(\.condition)).compactMap { $0?.key }).sorted()
  }

  /// The manifest once for every combination of its conditions, with the rules that hold then.
  var variants: [NamingManifest] {
    let keys = conditionKeys
    guard !keys.isEmpty else { return [self] }
    return (0..<(1 << keys.count)).map { bits in
      var assumptions: [String: Bool] = [:]
      for (position, key) in keys.enumerated() { assumptions[key] = bits >> position & 1 == 1 }
      return specialised(assumptions)
    }
  }

  /// The manifest with only the rules that hold under a configuration.
  func specialised(_ configuration: Configuration) -> NamingManifest {
    var assumptions: [String: Bool] = [:]
    for key in conditionKeys { assumptions[key] = (configuration.integer(key) ?? 0) != 0 }
    var copy = specialised(assumptions)
    copy.rules = copy.rules.flatMap { $0.separated(configuration) }
    return copy
  }

  private func specialised(_ assumptions: [String: Bool]) -> NamingManifest {
    var copy = self
    copy.assumptions = assumptions
    func holds(_ condition: LayoutDefinition.Condition?) -> Bool {
      condition.map { (assumptions[$0.key] ?? false) != $0.negated } ?? true
    }
    copy.rules = rules.filter { holds($0.condition) }
    copy.ownDefaults = ownDefaults.filter { holds($0.condition) }.map {
      Default(key: $0.key, value: $0.value, condition: nil)
    }
    return copy
  }
}

extension NamingRule {
  /// The rule itself, or one rule for each name of a tie that does not hold.
  fileprivate func separated(_ configuration: Configuration) -> [NamingRule] {
    guard let untied, untied.holds(under: configuration) else { return [self] }
    return zip(sources, targets + [untied.target]).map { source, target in
      NamingRule(
        sources: [source], targets: [target], operations: [], disposition: .map,
        condition: condition, isOptional: isOptional, written: [0], path: path)
    }
  }
}
