/// What the caller can do about an error.
///
/// The library says what would help; the command words it as an option (`--set`, `--force`), a
/// program as an argument or a button.
public enum Remedy: Sendable, Hashable {
  /// Give the configuration values for these keys.
  case set(keys: [String])
  /// Give this value for a key.
  case setValue(key: String, value: String)
  /// Draw the tensors that no source has from a seed.
  case initialiseMissing
  /// Choose which of several copies of a model is meant: one of these prefixes of tensor names.
  case choosePrefix([String])
  /// Choose the source that a component is taken from: one of these families.
  case chooseSource(component: String, families: [String])
  /// Choose which of several families is meant.
  case chooseFamily([String])
  /// Give a manifest that knows these names.
  case giveManifest
  /// Give a file that belongs beside the weights; where a family is named, say that it is of that
  /// one.
  case giveAsset(AssetKind, family: String? = nil)
  /// Leave the files beside the weights out.
  case leaveOutAssets
  /// Give the passphrase of a private key.
  case givePassphrase
  /// Let the output replace what exists.
  case overwrite
  /// Accept NaN and infinite values.
  case allowNonFinite
  /// Convert to floats: one of these precisions.
  case choosePrecision([String])
  /// Export by a naming of the upstream library, in one of these element types if any are named.
  case chooseNaming(dtypes: [String])
  /// Continue later from the work that is done already.
  case resume
  /// Start over, without the work that an earlier run left.
  case startOver
  /// Remove the unknown keys from the document, or do not refuse them.
  case acceptUnknownKeys
  /// Ask clients for a key, listen where only this machine reaches the server, or say that anyone
  /// may be answered.
  case restrictClients

  /// A kind of file that travels with the weights and can be given.
  public enum AssetKind: Sendable, Hashable {
    case tokenizer
    /// An image processor's settings.
    case preprocessor
    /// The statistics of states and actions.
    case statistics
    /// What a robot sends and takes.
    case robot
  }
}
