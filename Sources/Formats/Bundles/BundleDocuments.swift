public import DVLAJSON

/// What a bundle says about itself besides its tensors.
public struct BundleDocuments: Sendable, Equatable {
  /// What model it is: `depthvla`, `pi0`, `paligemma`, …
  public var family: String
  /// The model configuration.
  public var configuration: JSONValue
  /// Which tensor is stored in which precision.
  public var recipe: JSONValue
  /// Source files with their SHA-256, tool version, manifest hashes.
  public var provenance: JSONValue
  /// What became of each source tensor.
  public var ledger: JSONValue

  public init(
    family: String, configuration: JSONValue, recipe: JSONValue, provenance: JSONValue,
    ledger: JSONValue
  ) {
    self.family = family
    self.configuration = configuration
    self.recipe = recipe
    self.provenance = provenance
    self.ledger = ledger
  }
}
