import DVLACSHA256
import DVLATensors

/// SHA-256 of bytes that come in pieces, two such hashes at a time where the processor's
/// instructions have room for it: one alone waits for itself nearly half of the time.
///
/// The digests are those of ``SHA256``, which computes them where the instructions are missing.
///
/// Unsafe code. The invariant: the pointers handed to C live inside the closures only, and the
/// blocks that are counted lie inside their buffers.
@safe
public struct SHA256Stream: ~Copyable {
  private static let blockByteCount = 64

  /// Nil where libcrypto does the work.
  private var state: dvla_sha256_state?
  private var library = SHA256()
  private var byteCount = 0
  /// What does not fill a block; there is some only at the end.
  private var tail: [UInt8] = []

  /// The hash of no bytes yet.
  public init() { self.init(byLibrary: !dvla_sha256_is_available()) }

  /// - Parameter byLibrary: whether libcrypto does the work, for comparison.
  init(byLibrary: Bool) {
    // FIPS 180-4, section 5.3.3.
    state =
      byLibrary
      ? nil
      : dvla_sha256_state(
        words: (
          0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c,
          0x1f83_d9ab, 0x5be0_cd19
        ))
  }

  /// Appends bytes to what is hashed.
  ///
  /// - Precondition: after a piece that is no multiple of 64 bytes comes none.
  public mutating func update(_ bytes: RawSpan) {
    guard var state else { return library.update(bytes) }
    let count = take(bytes) / Self.blockByteCount
    unsafe bytes.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return }
      unsafe dvla_sha256_add(&state, start, count)
    }
    self.state = state
  }

  /// Appends bytes to each of two hashes.
  ///
  /// - Precondition: as ``update(_:)``, for each.
  public static func update(
    _ a: inout SHA256Stream, _ aBytes: RawSpan, _ b: inout SHA256Stream, _ bBytes: RawSpan
  ) {
    let shared = min(aBytes.byteCount, bBytes.byteCount) / blockByteCount
    guard var aState = a.state, var bState = b.state, shared > 0 else {
      a.update(aBytes)
      b.update(bBytes)
      return
    }
    let start = shared * blockByteCount
    precondition(a.tail.isEmpty && b.tail.isEmpty, "bytes after the end of what is hashed")
    unsafe aBytes.withUnsafeBytes { aBuffer in
      unsafe bBytes.withUnsafeBytes { bBuffer in
        guard let aStart = aBuffer.baseAddress, let bStart = bBuffer.baseAddress
        else { return }
        unsafe dvla_sha256_add_pair(&aState, aStart, &bState, bStart, shared)
      }
    }
    (a.state, b.state) = (aState, bState)
    a.byteCount += start
    b.byteCount += start
    a.update(aBytes.extracting(start..<aBytes.byteCount))
    b.update(bBytes.extracting(start..<bBytes.byteCount))
  }

  /// Counts the bytes, and keeps what does not fill a block.
  ///
  /// - Returns: bytes of the whole blocks.
  private mutating func take(_ bytes: RawSpan) -> Int {
    precondition(tail.isEmpty, "bytes after the end of what is hashed")
    let whole = bytes.byteCount / Self.blockByteCount * Self.blockByteCount
    byteCount += bytes.byteCount
    if whole < bytes.byteCount {
      tail = unsafe bytes.extracting(whole..<bytes.byteCount).withUnsafeBytes {
        unsafe Array($0)
      }
    }
    return whole
  }

  /// The digest of all bytes, in the order in which they were appended.
  public consuming func finalize() -> Digest {
    guard var state else { return library.finalize() }
    // FIPS 180-4, section 5.1.1: a one, zeros, and the count of bits.
    var end = tail + [0x80]
    let free = (end.count + 8) % Self.blockByteCount
    if free > 0 { end += [UInt8](repeating: 0, count: Self.blockByteCount - free) }
    end.append(UInt64(byteCount) * 8, .bigEndian)
    unsafe end.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return }
      unsafe dvla_sha256_add(&state, start, buffer.count / Self.blockByteCount)
    }
    let words = state.words
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Digest.byteCount)
    for word in [
      words.0, words.1, words.2, words.3, words.4, words.5, words.6, words.7,
    ] {
      bytes.append(word, .bigEndian)
    }
    guard let digest = Digest(bytes: bytes) else {
      preconditionFailure("eight words are a digest")
    }
    return digest
  }
}

extension SHA256 {
  /// The digests of two runs of bytes, in less time than one after the other.
  public static func hash(_ a: RawSpan, _ b: RawSpan) -> (Digest, Digest) {
    var first = SHA256Stream()
    var second = SHA256Stream()
    SHA256Stream.update(&first, a, &second, b)
    return (first.finalize(), second.finalize())
  }
}
