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
