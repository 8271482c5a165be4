public import DVLAJSON
import DVLATensors

/// One family under one naming: how its tensors become layout tensors, and back. Read from
/// `Manifests/FAMILY/NAMING.json`.
public struct NamingManifest: Sendable {
  public let family: String
  public let naming: String
  /// One sentence on whose naming it is.
  public let about: String
  /// The file's text, whose hash goes into a bundle's provenance.
  public let text: String
  /// Text that all source names may carry in front.
  let prefixes: [String]
  var rules: [NamingRule]
  /// What the conditions of the rules are taken to be, where the manifest has conditions: key to
  /// "is non-zero". A checkpoint's shapes must bear it out.
  var assumptions: [String: Bool] = [:]
  /// config.json in terms of the configuration; nil where the naming's library has none.
  let config: ConfigTemplate?
  /// What holds for this naming where neither the user nor config.json says otherwise, with or
  /// without a config.json.
  var ownDefaults: [Default]
  /// What config.json's `model_type` may say; empty where it says nothing.
  let modelTypes: [String]
  /// What the library writes into `__metadata__`.
  public let metadata: MetadataPolicy
  /// Whether the library writes sharded folders.
  public let isSharded: Bool

  /// A configuration value that the naming's library has, for models of which the condition holds.
  struct Default: Sendable {
    let key: String
    let value: JSONValue
    let condition: LayoutDefinition.Condition?
  }

  /// The origin of what ``defaults`` gives.
  var originOfDefaults: String { "the naming \(naming)" }

  /// The values that hold whatever the model is; all of them in a manifest whose conditions are
  /// settled.
  var defaults: Configuration {
    var result = Configuration()
    for entry in ownDefaults where entry.condition == nil {
      result.set(entry.key, entry.value, origin: originOfDefaults)
    }
    return result
  }

  /// Whether the two libraries compute otherwise of the same tensors.
  func differs(from other: NamingManifest) -> Bool {
    let (mine, others) = (defaults, other.defaults)
    return (mine.keys + others.keys).contains { mine[$0] != others[$0] }
  }

  /// The value that a model of this configuration has in the naming's library, where the naming
  /// says one.
  public func ownValue(of key: String, under configuration: Configuration) -> JSONValue? {
    specialised(configuration).defaults[key]
  }

  /// Whether the naming's config.json says the key.
  public func states(_ key: String) -> Bool { config?.keys.contains(key) ?? false }

  public var label: String { "\(family) in \(naming) naming" }

  public enum MetadataPolicy: Sendable, Hashable {
    case none
    case fixed([String: String])
  }
}
