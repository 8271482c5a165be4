import TensorCore

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
  let defaults: Configuration
  /// What config.json's `model_type` may say; empty where it says nothing.
  let modelTypes: [String]
  /// What the library writes into `__metadata__`.
  public let metadata: MetadataPolicy
  /// Whether the library writes sharded folders.
  public let isSharded: Bool

  public var label: String { "\(family) in \(naming) naming" }

  public enum MetadataPolicy: Sendable, Hashable {
    case none
    case fixed([String: String])
  }
}
