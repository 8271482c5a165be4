import DVLABase64
public import DVLADiagnostics
import DVLAFiles
import DVLAHashing

/// A key that verifies signatures.
public struct PublicKey: Sendable, Equatable, CustomStringConvertible {
  public var algorithm: KeyAlgorithm { key.algorithm }
  /// SHA-256 of the key as PEM, 64 hexadecimal digits: how a signature says which key made it, as
  /// the OpenSSF tool writes it. It is what `sha256sum` says of the file that
  /// `openssl pkey -pubout` writes.
  public let fingerprint: String

  private let key: CryptoKey

  init(_ key: CryptoKey) {
    self.key = key
    fingerprint = SHA256.hash(Array(Self.pem(key.publicDER).utf8)).hex
  }

  /// Reads a PEM file with one public key.
  ///
  /// - Throws: `key.form` for anything else, a private key too; `key.unsupported` for a key of
  ///   another kind; `file.*`.
  public init(path: String) throws(WeightsError) {
    let bytes = try readWholeFile(path: path, limit: PEMText.byteCountLimit)
    self = try inFile(path) { () throws(WeightsError) in try PublicKey(pem: bytes) }
  }

  /// - Throws: `key.form`, `key.unsupported`.
  public init(pem: [UInt8]) throws(WeightsError) {
    let text = PEMText(pem)
    guard text.labels == ["PUBLIC KEY"] else {
      var hint = ""
      if text.labels.contains(where: { $0.hasSuffix("PRIVATE KEY") }) {
        hint = "; openssl pkey -in KEY.pem -pubout writes the public key of a private one"
      }
      throw WeightsError(
        .keyForm, "expected one public key as PEM (\"PUBLIC KEY\"), found \(text.summary)\(hint)")
    }
    self.init(try CryptoKey(publicKey: text))
  }

  public var description: String { "\(algorithm.rawValue) key \(fingerprint)" }

  public static func == (a: Self, b: Self) -> Bool { a.fingerprint == b.fingerprint }

  func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    key.verifies(signature, of: message)
  }

  private static func pem(_ der: [UInt8]) -> String {
    var text = "-----BEGIN PUBLIC KEY-----\n"
    var rest = Base64.encode(der)[...]
    while !rest.isEmpty {
      text += rest.prefix(64) + "\n"
      rest = rest.dropFirst(64)
    }
    return text + "-----END PUBLIC KEY-----\n"
  }
}

/// The kinds of keys that sign bundles, each with the one hash that goes with it in the OpenSSF
/// Model Signing format: SHA-256, SHA-384 and SHA-512 for the curves of NIST. Ed25519 (RFC 8032)
/// hashes by itself.
public enum KeyAlgorithm: String, Sendable, CaseIterable {
  case ed25519 = "Ed25519"
  case p256 = "ECDSA P-256"
  case p384 = "ECDSA P-384"
  case p521 = "ECDSA P-521"

  /// The group's name as libcrypto has it.
  init?(curve: String) {
    switch curve {
    case "prime256v1": self = .p256
    case "secp384r1": self = .p384
    case "secp521r1": self = .p521
    default: return nil
    }
  }

  static let list = "Ed25519, ECDSA P-256, P-384 or P-521"
}
