public import DVLADiagnostics
import DVLAJSON

/// A signature file: an envelope whose statement says which file was signed, as OpenSSF Model
/// Signing 1.0 demands for signatures by keys.
///
/// The statement is parsed only after its signature has been verified.
public struct SignatureFile: Sendable {
  private let envelope: SignedEnvelope

  /// Which key made it, if it says so.
  public var keyFingerprint: String? { envelope.keyFingerprint }
  /// The text of the file.
  public var bytes: [UInt8] { envelope.bytes }
  /// Most bytes of a file.
  public static let byteCountLimit = SignedEnvelope.byteCountLimit

  /// - Throws: `signature.not-made`.
  public init(_ statement: SignedStatement, by key: PrivateKey) throws(WeightsError) {
    try self.init(payload: Array(statement.json.encoded().utf8), by: key)
  }

  /// Signs any payload; only a statement will be read again.
  init(payload: [UInt8], by key: PrivateKey) throws(WeightsError) {
    envelope = try SignedEnvelope(payload: payload, by: key)
  }

  /// - Throws: `json.*`, `signature.form`, `signature.kind`.
  public init(_ bytes: [UInt8]) throws(WeightsError) { envelope = try SignedEnvelope(bytes) }

  /// What was signed, and by which of the keys.
  ///
  /// - Throws: `signature.key`, `signature.invalid`; then, of a payload that was signed,
  ///   `json.*`, `signature.kind`, `signature.statement`, `signature.hashing`, `signature.files`.
  public func verify(
    trusting keys: [PublicKey]
  ) throws(WeightsError) -> (statement: SignedStatement, key: PublicKey) {
    let (payload, key) = try envelope.verify(trusting: keys)
    return (try SignedStatement(payload), key)
  }
}
