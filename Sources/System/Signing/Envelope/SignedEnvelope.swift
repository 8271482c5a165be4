import DVLABase64
public import DVLADiagnostics
import DVLAHashing
import DVLAJSON

/// A Sigstore bundle (version 0.3) with one DSSE envelope, which holds an in-toto statement that
/// was signed with a key. What the statement is about, its payload says.
///
/// Nothing outside the payload is signed, so nothing there is trusted: the key is one of the
/// caller's, and members that would not be checked are refused. The payload is handed out only
/// after its signature has been verified.
public struct SignedEnvelope: Sendable {
  /// Which key made it, if it says so.
  public let keyFingerprint: String?
  private let payload: [UInt8]
  private let signature: [UInt8]

  static let mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"
  static let payloadType = "application/vnd.in-toto+json"
  /// Most bytes of a file.
  public static let byteCountLimit = 1 << 20

  /// Signs a payload. By an Ed25519 key the same payload gives the same bytes.
  ///
  /// - Throws: `signature.not-made`.
  public init(payload: [UInt8], by key: PrivateKey) throws(WeightsError) {
    keyFingerprint = key.publicKey.fingerprint
    self.payload = payload
    signature = try key.sign(Self.signedBytes(payload))
  }

  /// - Throws: `json.*`, `signature.form`, `signature.kind`.
  public init(_ bytes: [UInt8]) throws(WeightsError) {
    let limits = JSONLimits(
      maximumByteCount: Self.byteCountLimit, maximumDepth: 16, maximumValueCount: 1000)
    let document = JSONReader(try StrictJSON.parse(bytes, limits: limits))
    let mediaType = try document.object().required("mediaType")
    guard try mediaType.string() == Self.mediaType else {
      throw mediaType.failure(
        .signatureKind,
        "expected \(Self.mediaType), the only kind of signature this program reads, found "
          + (try mediaType.string()).quoted)
    }
    let bundle = try document.object(
      allowing: ["mediaType", "verificationMaterial", "dsseEnvelope", "messageSignature"])
    if let other = bundle.optional("messageSignature") {
      throw other.failure(.signatureKind, "expected a DSSE envelope instead")
    }
    keyFingerprint = try Self.keyFingerprint(in: bundle.required("verificationMaterial"))

    let envelope = try bundle.required("dsseEnvelope").object(
      allowing: ["payload", "payloadType", "signatures"])
    let type = try envelope.required("payloadType")
    guard try type.string() == Self.payloadType else {
      throw type.failure(
        .signatureKind, "expected \(Self.payloadType), found \((try type.string()).quoted)")
    }
    let signatures = try envelope.required("signatures")
    let all = try signatures.array()
    guard all.count == 1 else {
      throw signatures.failure(
        .signatureForm, "expected exactly one signature, found \(all.count)")
    }
    let only = try all[0].object(allowing: ["sig", "keyid"])
    if let name = only.optional("keyid"), !name.isNull, try name.string() != "" {
      throw name.failure(.signatureForm, "expected no key name here, since it would not be signed")
    }
    payload = try envelope.required("payload").base64()
    signature = try only.required("sig").base64()
  }

  /// The key that the file names as its signer's.
  private static func keyFingerprint(in material: JSONReader) throws(WeightsError) -> String? {
    let certificates: Set = ["certificate", "x509CertificateChain"]
    let members = try material.object(allowing: certificates.union(["publicKey", "tlogEntries"]))
    for (name, found) in members.members where certificates.contains(name) {
      throw found.failure(.signatureKind, "expected a signature by a key, found a certificate")
    }
    if let log = members.optional("tlogEntries"), !(try log.array()).isEmpty {
      throw log.failure(
        .signatureForm, "expected no log entries for a key, found \((try log.array()).count)")
    }
    let key = try members.required("publicKey").object(
      allowing: ["hint", "rawBytes", "keyDetails"])
    if let hint = key.optional("hint") { return try hint.string() }
    // The tool up to its version 1.0 put the key itself here.
    if let pem = key.optional("rawBytes") { return SHA256.hash(try pem.base64()).hex }
    return nil
  }

  /// What was signed, and by which of the keys.
  ///
  /// - Throws: `signature.key`, `signature.invalid`.
  public func verify(
    trusting keys: [PublicKey]
  ) throws(WeightsError) -> (payload: [UInt8], key: PublicKey) {
    let candidates = keys.filter { keyFingerprint == nil || keyFingerprint == $0.fingerprint }
    guard !candidates.isEmpty else {
      throw WeightsError(
        .signatureKey, .checkFailed,
        "was made with the key \((keyFingerprint ?? "").quoted), which is not among the trusted keys: "
          + keys.map(\.description).joined(separator: ", "))
    }
    let message = Self.signedBytes(payload)
    guard let key = candidates.first(where: { $0.verifies(signature, of: message) }) else {
      throw WeightsError(
        .signatureInvalid, .checkFailed,
        "the signature does not verify with the "
          + candidates.map(\.description).joined(separator: ", ")
          + ": the file was changed, or signed with another key")
    }
    return (payload, key)
  }

  /// What the file says, whoever made it. For people alone: whoever can write the file can write
  /// this.
  public var unverifiedPayload: [UInt8] { payload }

  /// The text of the file.
  public var bytes: [UInt8] {
    let key = keyFingerprint.map { [("hint", JSONValue.string($0))] } ?? []
    let json: JSONValue = [
      "mediaType": .string(Self.mediaType),
      "verificationMaterial": ["publicKey": .object(JSONObject(key)), "tlogEntries": []],
      "dsseEnvelope": [
        "payload": .string(Base64.encode(payload)), "payloadType": .string(Self.payloadType),
        "signatures": [["sig": .string(Base64.encode(signature)), "keyid": ""]],
      ],
    ]
    return Array((json.encoded() + "\n").utf8)
  }

  /// DSSE's pre-authentication encoding (PAE, protocol 1.0): the type and the payload, each behind
  /// its length, so that neither can pass for a part of the other.
  private static func signedBytes(_ payload: [UInt8]) -> [UInt8] {
    Array("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
  }
}

extension JSONReader {
  /// - Throws: `json.type`, `signature.form`.
  fileprivate func base64() throws(WeightsError) -> [UInt8] {
    guard let bytes = Base64.decode(try string()), !bytes.isEmpty else {
      throw failure(.signatureForm, "expected base64 with its padding and without spaces")
    }
    return bytes
  }
}
