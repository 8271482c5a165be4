public import DVLADiagnostics
import DVLAFiles

/// A key that signs.
public struct PrivateKey: Sendable {
  public let publicKey: PublicKey

  private let key: CryptoKey

  /// Reads a PEM file with one private key, as `openssl genpkey` writes it.
  ///
  /// - Parameter passphraseFile: a file whose first line is the passphrase of an encrypted key. It
  ///   is never asked for interactively.
  /// - Throws: `key.form` for anything else; `key.encrypted` where a passphrase is needed and none
  ///   is given, `key.passphrase` where it is the wrong one; `key.unsupported` for a key of another
  ///   kind; `file.*`.
  public init(path: String, passphraseFile: String? = nil) throws(WeightsError) {
    let bytes = try readWholeFile(path: path, limit: PEMText.byteCountLimit)
    let passphrase = try passphraseFile.map { (path) throws(WeightsError) in
      Array(
        try readWholeFile(path: path, limit: 4096).prefix { $0 != 0x0A && $0 != 0x0D })
    }
    self = try inFile(path) { () throws(WeightsError) in
      try PrivateKey(pem: bytes, passphrase: passphrase)
    }
  }

  /// - Throws: `key.form`, `key.encrypted`, `key.passphrase`, `key.unsupported`.
  public init(pem: [UInt8], passphrase: [UInt8]? = nil) throws(WeightsError) {
    let text = PEMText(pem)
    // openssl ecparam writes the curve before the key.
    guard text.labels.filter({ $0 != "EC PARAMETERS" }).count == 1,
      text.labels.contains(where: { $0.hasSuffix("PRIVATE KEY") })
    else {
      throw WeightsError(
        .keyForm, "expected one private key as PEM (\"PRIVATE KEY\"), found \(text.summary)")
    }
    key = try CryptoKey(privateKey: text, passphrase: passphrase)
    publicKey = PublicKey(key)
    // Checked now, so that a wrong key does not show at the end of a long conversion.
    let message = Array("a trial".utf8)
    guard key.verifies(try key.sign(message), of: message) else {
      throw WeightsError(.keyForm, "the stored public key does not match the private key")
    }
  }

  /// - Throws: `signature.not-made`, also when the signature does not verify: a fault of the
  ///   machine must not be published.
  func sign(_ message: [UInt8]) throws(WeightsError) -> [UInt8] {
    let signature = try key.sign(message)
    guard key.verifies(signature, of: message) else {
      throw WeightsError(
        .signatureNotMade, .unavailable, "libcrypto made a signature that does not verify")
    }
    return signature
  }
}
