public import DVLADiagnostics

/// Keys.
extension WeightsError.Code {
  /// Not one key as PEM, or the other half of one.
  public static let keyForm = Self("key.form")
  /// A key of a kind that signs no bundles, such as RSA.
  public static let keyUnsupported = Self("key.unsupported")
  /// The private key is encrypted and no passphrase was given.
  public static let keyEncrypted = Self("key.encrypted")
  /// The passphrase does not open the private key.
  public static let keyPassphrase = Self("key.passphrase")
}

/// Signature files. If their JSON is not sound the codes are `json.*`. A sound signature that does
/// not make the bundle trusted under the caller's policy is a failed check.
extension WeightsError.Code {
  /// A signature is required and there is none.
  public static let signatureMissing = Self("signature.missing")
  /// Not what the format demands: base64, number of signatures, anything not covered by them.
  public static let signatureForm = Self("signature.form")
  /// A signature of a kind that is not read, such as one by certificate, or of another format.
  public static let signatureKind = Self("signature.kind")
  /// Made with a key that is not among those trusted.
  public static let signatureKey = Self("signature.key")
  /// The signature does not verify.
  public static let signatureInvalid = Self("signature.invalid")
  /// What was signed is no sound statement of the format.
  public static let signatureStatement = Self("signature.statement")
  /// Files were hashed in a way that is not supported.
  public static let signatureHashing = Self("signature.hashing")
  /// What was signed is not this one file.
  public static let signatureFiles = Self("signature.files")
  /// What was signed is another bundle.
  public static let signatureOtherBundle = Self("signature.other-bundle")
  /// The statement has the right root hash and another hash of the file.
  public static let signatureFileHash = Self("signature.file-hash")
  /// An older release than is asked for.
  public static let signatureRelease = Self("signature.release")
  /// Signing failed.
  public static let signatureNotMade = Self("signature.not-made")
}
