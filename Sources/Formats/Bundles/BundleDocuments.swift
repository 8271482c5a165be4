public import DVLAJSON

/// What a bundle says about itself besides its tensors.
public struct BundleDocuments: Sendable, Equatable {
  /// What model it is: `depthvla`, `pi0`, `paligemma`, …
  public var family: String
  /// The model configuration.
  public var configuration: JSONValue
  /// Which tensor is stored in which precision.
  public var recipe: JSONValue
  /// Source files with their SHA-256, tool version, manifest hashes. Of an opened bundle it is
  /// built at each call.
  public var provenance: JSONValue {
    get { storedProvenance.value }
    set { storedProvenance = .built(newValue) }
  }
  /// What became of each source tensor. Of an opened bundle it is built at each call.
  public var ledger: JSONValue {
    get { storedLedger.value }
    set { storedLedger = .built(newValue) }
  }

  private var storedProvenance: HeaderValue
  private var storedLedger: HeaderValue

  public init(
    family: String, configuration: JSONValue, recipe: JSONValue, provenance: JSONValue,
    ledger: JSONValue
  ) {
    self.init(
      family: family, configuration: configuration, recipe: recipe,
      provenance: .built(provenance), ledger: .built(ledger))
  }

  init(
    family: String, configuration: JSONValue, recipe: JSONValue, provenance: HeaderValue,
    ledger: HeaderValue
  ) {
    self.family = family
    self.configuration = configuration
    self.recipe = recipe
    storedProvenance = provenance
    storedLedger = ledger
  }

  public static func == (a: Self, b: Self) -> Bool {
    a.family == b.family && a.configuration == b.configuration && a.recipe == b.recipe
      && a.provenance == b.provenance && a.ledger == b.ledger
  }
}
