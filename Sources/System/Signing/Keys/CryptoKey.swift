import DVLACLibCrypto
import DVLADiagnostics
import DVLAHashing

/// A key held by libcrypto, and all that is done with keys.
///
/// This file is the module's only unsafe code. The invariants: `key` is a live EVP_PKEY from `init`
/// to `deinit`, owned by this object, and nothing changes it after `init`, so that threads may
/// share it; contexts and BIOs live inside one call; buffers are lent for one call of libcrypto.
@safe
final class CryptoKey: @unchecked Sendable {
  let algorithm: KeyAlgorithm
  private let key: OpaquePointer

  /// - Throws: `key.form`, `key.encrypted`, `key.passphrase`, `key.unsupported`.
  convenience init(privateKey text: PEMText, passphrase: [UInt8]?) throws(WeightsError) {
    var request = PassphraseRequest(passphrase: passphrase)
    let key = unsafe Self.read(text.bytes) { bio in
      unsafe withUnsafeMutablePointer(to: &request) { request in
        unsafe PEM_read_bio_PrivateKey(bio, nil, answerPassphrase, request)
      }
    }
    guard let key = unsafe key else {
      guard request.wasAsked else {
        throw WeightsError(
          .keyForm, "expected a private key, found \(text.summary) that cannot be read")
      }
      throw passphrase == nil
        ? WeightsError(
          .keyEncrypted, .usage, "is encrypted and needs its passphrase",
          remedies: [.givePassphrase])
        : WeightsError(.keyPassphrase, "cannot be decrypted with this passphrase")
    }
    unsafe try self.init(owning: key)
  }

  /// - Throws: `key.form`, `key.unsupported`.
  convenience init(publicKey text: PEMText) throws(WeightsError) {
    let key = unsafe Self.read(text.bytes) { bio in
      unsafe PEM_read_bio_PUBKEY(bio, nil, answerPassphrase, nil)
    }
    guard let key = unsafe key else {
      throw WeightsError(
        .keyForm, "expected a public key, found \(text.summary) that cannot be read")
    }
    unsafe try self.init(owning: key)
  }

  private init(owning key: OpaquePointer) throws(WeightsError) {
    unsafe self.key = key
    do throws(WeightsError) {
      algorithm = unsafe try Self.algorithm(of: key)
    } catch {
      unsafe EVP_PKEY_free(key)
      throw error
    }
    // One spelling of a point, so that a key has one fingerprint.
    if algorithm != .ed25519 {
      let done = unsafe EVP_PKEY_set_utf8_string_param(
        key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed")
      precondition(done == 1, "libcrypto has no uncompressed points")
    }
  }

  deinit { unsafe EVP_PKEY_free(key) }

  /// The public half as DER (SubjectPublicKeyInfo, RFC 5280).
  var publicDER: [UInt8] {
    let count = unsafe i2d_PUBKEY(key, nil)
    precondition(count > 0, "libcrypto cannot write a key it has read")
    var bytes = [UInt8](repeating: 0, count: Int(count))
    unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      var end = buffer.baseAddress
      unsafe i2d_PUBKEY(key, &end)
    }
    return bytes
  }

  /// Ed25519: 64 bytes (RFC 8032). ECDSA: DER of r and s.
  ///
  /// - Throws: `signature.not-made`.
  func sign(_ message: [UInt8]) throws(WeightsError) -> [UInt8] {
    defer { ERR_clear_error() }
    guard let context = unsafe EVP_MD_CTX_new() else { throw Self.notMade }
    defer { unsafe EVP_MD_CTX_free(context) }
    var count = 0
    guard unsafe EVP_DigestSignInit(context, nil, hash, nil, key) == 1,
      unsafe EVP_DigestSign(context, nil, &count, message, message.count) == 1
    else { throw Self.notMade }
    var signature = [UInt8](repeating: 0, count: count)
    guard unsafe EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else {
      throw Self.notMade
    }
    // For ECDSA the first count is an upper bound, the second the actual size.
    return Array(signature.prefix(count))
  }

  func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    defer { ERR_clear_error() }
    guard let context = unsafe EVP_MD_CTX_new() else { return false }
    defer { unsafe EVP_MD_CTX_free(context) }
    guard unsafe EVP_DigestVerifyInit(context, nil, hash, nil, key) == 1 else { return false }
    return unsafe EVP_DigestVerify(
      context, signature, signature.count, message, message.count) == 1
  }

  private var hash: OpaquePointer? {
    switch algorithm {
    case .ed25519: nil
    case .p256: unsafe EVP_sha256()
    case .p384: unsafe EVP_sha384()
    case .p521: unsafe EVP_sha512()
    }
  }

  private static let notMade = WeightsError(
    .signatureNotMade, .unavailable, "libcrypto cannot sign with the key")

  private static func read(
    _ bytes: [UInt8], _ body: (OpaquePointer) -> OpaquePointer?
  ) -> OpaquePointer? {
    SHA256.prepareLibrary()
    defer { ERR_clear_error() }
    return unsafe bytes.withUnsafeBytes { buffer in
      guard let bio = unsafe BIO_new_mem_buf(buffer.baseAddress, Int32(buffer.count)) else {
        return nil
      }
      defer { unsafe BIO_free(bio) }
      return unsafe body(bio)
    }
  }

  /// - Throws: `key.unsupported`.
  private static func algorithm(of key: OpaquePointer) throws(WeightsError) -> KeyAlgorithm {
    let kind = unsafe EVP_PKEY_get_base_id(key)
    if kind == EVP_PKEY_ED25519 { return .ed25519 }
    let name = unsafe EVP_PKEY_get0_type_name(key).map { unsafe String(cString: $0) }
    guard kind == EVP_PKEY_EC else { throw unsupported(name ?? "another kind") }
    // A curve given by its numbers could be anything.
    var isExplicit: Int32 = 0
    unsafe EVP_PKEY_get_int_param(
      key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &isExplicit)
    guard isExplicit == 0 else { throw unsupported("a curve given by its parameters") }
    var curve = [CChar](repeating: 0, count: 80)
    guard unsafe EVP_PKEY_get_group_name(key, &curve, curve.count, nil) == 1 else {
      throw unsupported("a curve without a name")
    }
    let curveName = String(
      decoding: curve.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let algorithm = KeyAlgorithm(curve: curveName) else {
      throw unsupported("the curve \(curveName.quoted)")
    }
    return algorithm
  }

  private static func unsupported(_ found: String) -> WeightsError {
    WeightsError(.keyUnsupported, "expected a key of \(KeyAlgorithm.list), found \(found)")
  }
}

/// The answer to libcrypto when a key is encrypted. Without it libcrypto would prompt on the
/// terminal and wait.
private struct PassphraseRequest {
  let passphrase: [UInt8]?
  var wasAsked = false
}

private func answerPassphrase(
  _ target: UnsafeMutablePointer<CChar>?, _ room: Int32, _: Int32,
  _ request: UnsafeMutableRawPointer?
) -> Int32 {
  guard let request = unsafe request?.assumingMemoryBound(to: PassphraseRequest.self) else {
    return -1
  }
  unsafe request.pointee.wasAsked = true
  guard let target = unsafe target, let passphrase = unsafe request.pointee.passphrase,
    passphrase.count <= Int(room)
  else { return -1 }
  for (index, byte) in passphrase.enumerated() { unsafe target[index] = CChar(bitPattern: byte) }
  return Int32(passphrase.count)
}

/// The labels of the blocks in a PEM text (RFC 7468), for messages about files that do not hold the
/// expected key. libcrypto reads the blocks themselves.
struct PEMText {
  let bytes: [UInt8]
  /// Such as `PUBLIC KEY`, in the order of the file.
  let labels: [String]

  static let byteCountLimit = 64 << 10

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    labels = bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).compactMap { line in
      let text = String(decoding: line, as: UTF8.self)
      guard text.hasPrefix("-----BEGIN "), let end = text.dropFirst(11).firstRange(of: "-----")
      else { return nil }
      return String(text.dropFirst(11)[..<end.lowerBound])
    }
  }

  /// What was found, for a message.
  var summary: String {
    switch labels.count {
    case 0: "no PEM text"
    case 1: "a PEM text with \(labels[0].quoted)"
    default: "a PEM text with " + labels.prefix(4).map(\.quoted).joined(separator: ", ")
    }
  }
}
