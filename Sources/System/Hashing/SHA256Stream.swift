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
  /// Nil where the instructions do.
  private var library: SHA256?
  private var byteCount = 0
  /// The bytes behind the last whole block: less than a block.
  private var tail: [UInt8] = []

  /// The hash of no bytes yet.
  public init() { self.init(byLibrary: !dvla_sha256_is_available()) }

  /// - Parameter byLibrary: whether libcrypto does the work, for comparison.
  init(byLibrary: Bool) {
    if byLibrary {
      library = SHA256()
      return
    }
    // FIPS 180-4, section 5.3.3.
    state = dvla_sha256_state(
      words: (
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c,
        0x1f83_d9ab, 0x5be0_cd19
      ))
  }

  /// Appends bytes to what is hashed.
  public mutating func update(_ bytes: RawSpan) {
    if library != nil {
      library?.update(bytes)
    } else {
      addRest(bytes, from: completeTail(bytes))
    }
  }

  /// Appends bytes to each of two hashes.
  public static func update(
    _ a: inout SHA256Stream, _ aBytes: RawSpan, _ b: inout SHA256Stream, _ bBytes: RawSpan
  ) {
    guard a.state != nil, b.state != nil else {
      a.update(aBytes)
      b.update(bBytes)
      return
    }
    let (aStart, bStart) = (a.completeTail(aBytes), b.completeTail(bBytes))
    let shared = min(aBytes.byteCount - aStart, bBytes.byteCount - bStart) / blockByteCount
    let byteCount = shared * blockByteCount
    addPair(
      &a, aBytes.extracting(aStart..<aStart + byteCount), &b,
      bBytes.extracting(bStart..<bStart + byteCount))
    a.addRest(aBytes, from: aStart + byteCount)
    b.addRest(bBytes, from: bStart + byteCount)
  }

  /// Counts the bytes, and fills the block that earlier ones began.
  ///
  /// - Returns: how many of the bytes that took; the tail is empty if it was not all of them.
  private mutating func completeTail(_ bytes: RawSpan) -> Int {
    byteCount += bytes.byteCount
    guard !tail.isEmpty else { return 0 }
    let taken = min(Self.blockByteCount - tail.count, bytes.byteCount)
    tail.append(bytes.extracting(0..<taken))
    if tail.count == Self.blockByteCount {
      let block = tail
      tail = []
      Self.add(unsafe block.span.bytes, to: &state)
    }
    return taken
  }

  /// Adds the whole blocks from `start` on, and keeps what is left.
  private mutating func addRest(_ bytes: RawSpan, from start: Int) {
    let count = (bytes.byteCount - start) / Self.blockByteCount * Self.blockByteCount
    Self.add(bytes.extracting(start..<start + count), to: &state)
    if start + count < bytes.byteCount {
      tail.append(bytes.extracting(start + count..<bytes.byteCount))
    }
  }

  private static func add(_ blocks: RawSpan, to state: inout dvla_sha256_state?) {
    guard var words = state else { return }
    unsafe blocks.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return }
      unsafe dvla_sha256_add(&words, start, buffer.count / blockByteCount)
    }
    state = words
  }

  /// Adds as many whole blocks to each.
  private static func addPair(
    _ a: inout SHA256Stream, _ aBlocks: RawSpan, _ b: inout SHA256Stream, _ bBlocks: RawSpan
  ) {
    guard var aState = a.state, var bState = b.state else { return }
    unsafe aBlocks.withUnsafeBytes { aBuffer in
      unsafe bBlocks.withUnsafeBytes { bBuffer in
        guard let aStart = aBuffer.baseAddress, let bStart = bBuffer.baseAddress else { return }
        let count = min(aBuffer.count, bBuffer.count) / blockByteCount
        unsafe dvla_sha256_add_pair(&aState, aStart, &bState, bStart, count)
      }
    }
    (a.state, b.state) = (aState, bState)
  }

  /// The digest of all bytes, in the order in which they were appended.
  public consuming func finalize() -> Digest {
    if let library = library.take() { return library.finalize() }
    // FIPS 180-4, section 5.1.1: a one, zeros, and the count of bits.
    var end = tail + [0x80]
    let free = (end.count + 8) % Self.blockByteCount
    if free > 0 { end += [UInt8](repeating: 0, count: Self.blockByteCount - free) }
    end.append(UInt64(byteCount) * 8, .bigEndian)
    Self.add(unsafe end.span.bytes, to: &state)
    guard let words = state?.words else { preconditionFailure("the instructions do the work") }
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

extension [UInt8] {
  fileprivate mutating func append(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0) }
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
