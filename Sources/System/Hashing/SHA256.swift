import DVLACLibCrypto

/// SHA-256 (FIPS 180-4) by libcrypto, which uses the processor's SHA instructions.
///
/// Unsafe code, as in `XXHash.swift` and nowhere else in the module. The invariant: `context` is a
/// live EVP context from `init` to `deinit`, owned by this value alone, since the type is not
/// copyable.
@safe
public struct SHA256: ~Copyable {
  /// The name and version of libcrypto, such as "OpenSSL 3.0.17 1 Jul 2025".
  public static var libraryVersion: String {
    // A constant of the library.
    unsafe String(cString: OpenSSL_version(OPENSSL_VERSION))
  }

  private let context: OpaquePointer

  /// Has libcrypto stay whole at the exit of the process, where it otherwise takes itself apart
  /// under threads that may still hash. Called before anything else of it.
  public static func prepareLibrary() { precondition(isPrepared, "libcrypto cannot be started") }

  private static let isPrepared =
    OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1

  /// The hash of no bytes yet.
  public init() {
    // A libcrypto without memory for a context, or without SHA-256, is a broken machine rather
    // than broken data: like Swift's own allocations it stops the process.
    Self.prepareLibrary()
    guard let context = unsafe EVP_MD_CTX_new(),
      unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
    else { preconditionFailure("libcrypto offers no SHA-256") }
    unsafe self.context = context
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  /// Appends bytes to what is hashed.
  public mutating func update(_ bytes: RawSpan) {
    let done = unsafe bytes.withUnsafeBytes { buffer in
      unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
    }
    precondition(done == 1, "libcrypto refused bytes to hash")
  }

  /// Appends bytes to what is hashed.
  public mutating func update(_ bytes: [UInt8]) { update(unsafe bytes.span.bytes) }

  /// The digest of all bytes, in the order in which they were appended.
  public consuming func finalize() -> Digest {
    var bytes = [UInt8](repeating: 0, count: Digest.byteCount)
    let done = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
    }
    guard done == 1, let digest = Digest(bytes: bytes) else {
      preconditionFailure("libcrypto made no digest")
    }
    return digest
  }

  /// The digest of bytes that are all in memory.
  public static func hash(_ bytes: RawSpan) -> Digest {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finalize()
  }

  /// The digest of bytes that are all in memory.
  public static func hash(_ bytes: [UInt8]) -> Digest { hash(unsafe bytes.span.bytes) }
}
