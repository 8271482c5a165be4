import DVLACompression
import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLATensors

/// Where the stored bytes of a chunk are in a buffer that they were read into: all of it, or, for a
/// frame of raw blocks, its content, with what frames it apart.
struct ChunkBytes: Sendable {
  private enum Layout: Sendable {
    /// The stored bytes are the bytes of the buffer.
    case run
    case raw(RawFrame, framing: [UInt8])
  }

  private let layout: Layout

  /// Stored bytes that are in memory as they are.
  static let inMemory = ChunkBytes(layout: .run)

  private init(layout: Layout) { self.layout = layout }

  /// Reads the stored bytes of a chunk as they are.
  ///
  /// - Throws: `file.*`.
  /// - Precondition: the buffer has room for exactly them.
  init(
    reading chunk: ChunkRecord, in file: InputFile, into buffer: inout MutableRawSpan
  ) throws(WeightsError) {
    try file.read(at: chunk.storedRange.lowerBound, into: &buffer)
    self.init(layout: .run)
  }

  /// Reads a frame of raw blocks, which is decoded by reading its content into its place. Nil,
  /// without reading, where the frame is no longer or shorter than one of raw blocks; another of
  /// the same length is told by ``isRawFrame``.
  ///
  /// - Throws: `file.*`.
  init?(
    readingRaw chunk: ChunkRecord, in file: InputFile, into content: inout MutableRawSpan
  ) throws(WeightsError) {
    let frame = RawFrame(contentByteCount: content.byteCount)
    guard chunk.storedRange.count == frame.byteCount else { return nil }
    var framing = frame.framing
    var span = framing.mutableSpan
    var bytes = unsafe span.mutableBytes
    try file.read(
      at: chunk.storedRange.lowerBound, frame.pieces, ofOne: &bytes, andOther: &content)
    self.init(layout: .raw(frame, framing: framing))
  }

  /// Whether what was read is the content of a frame, if it is one of raw blocks.
  var isContent: Bool {
    if case .raw = layout { true } else { false }
  }

  /// Whether the frame is the one that raw blocks of its size make, except for its checksum.
  var isRawFrame: Bool {
    guard case .raw(let frame, let framing) = layout else { return false }
    return frame.matches(framing)
  }

  /// Checks the content of a frame of raw blocks against the checksum in it.
  ///
  /// - Throws: `zstd.checksum`.
  /// - Precondition: ``isRawFrame``.
  func checkFrame(holding content: RawSpan) throws(WeightsError) {
    guard case .raw(let frame, let framing) = layout else { return }
    try frame.check(framing, holding: content)
  }

  /// Holds the stored bytes against a hash of the chunk.
  ///
  /// - Parameters:
  ///   - buffer: what they were read into.
  ///   - digest: their SHA-256 if it is known.
  /// - Throws: `bundle.chunk-checksum`, `bundle.chunk-hash`.
  func hold(
    _ check: ChunkCheck, against chunk: ChunkRecord, in buffer: RawSpan, digest: Digest? = nil
  ) throws(WeightsError) {
    switch (check, layout) {
    case (.checksum, .run): try chunk.expect(XXH3.hash(buffer))
    case (.checksum, .raw(let frame, let framing)):
      try chunk.expect(
        XXH3.hash(frame.pieces, ofOne: unsafe framing.span.bytes, andOther: buffer))
    case (.digest, _): try chunk.expect(digest ?? self.digest(in: buffer))
    }
  }

  private func digest(in buffer: RawSpan) -> Digest {
    guard case .raw(let frame, let framing) = layout else { return SHA256.hash(buffer) }
    var hash = SHA256Stream()
    for (index, range) in frame.pieces.enumerated() {
      hash.update(
        (index.isMultiple(of: 2) ? unsafe framing.span.bytes : buffer).extracting(range))
    }
    return hash.finalize()
  }

  /// SHA-256 of the stored bytes of two chunks, in less time than one after the other.
  ///
  /// - Parameters:
  ///   - aBuffer: what those of `a` were read into.
  ///   - bBuffer: what those of `b` were read into.
  static func digests(
    _ a: ChunkBytes, in aBuffer: RawSpan, _ b: ChunkBytes, in bBuffer: RawSpan
  ) -> (Digest, Digest) {
    switch (a.layout, b.layout) {
    case (.run, .run): return SHA256.hash(aBuffer, bBuffer)
    case (.raw(let frame, let aFraming), .raw(let other, let bFraming)) where frame == other:
      var first = SHA256Stream()
      var second = SHA256Stream()
      for (index, range) in frame.pieces.enumerated() {
        let isFraming = index.isMultiple(of: 2)
        SHA256Stream.update(
          &first, (isFraming ? unsafe aFraming.span.bytes : aBuffer).extracting(range), &second,
          (isFraming ? unsafe bFraming.span.bytes : bBuffer).extracting(range))
      }
      return (first.finalize(), second.finalize())
    default:
      // The last chunk of a tensor, or one beside a tensor of another kind.
      return (a.digest(in: aBuffer), b.digest(in: bBuffer))
    }
  }
}

extension ChunkRecord {
  fileprivate func expect(_ found: UInt64) throws(WeightsError) {
    guard found != xxh3 else { return }
    throw WeightsError(
      .bundleChunkChecksum, .malformed,
      "the bytes are damaged (expected XXH3 \(xxh3.hex), found \(found.hex)); copy or download the "
        + "bundle again")
  }

  fileprivate func expect(_ found: Digest) throws(WeightsError) {
    guard found != sha256 else { return }
    throw WeightsError(
      .bundleChunkHash, .malformed,
      "the bytes are damaged (expected SHA-256 \(sha256), found \(found)); copy or download the "
        + "bundle again")
  }
}

/// Which hash of the stored bytes of a chunk is compared when they are read. Either finds every
/// changed bit.
public enum ChunkCheck: Sendable {
  /// XXH3: finds accidents, at the speed of memory.
  case checksum
  /// SHA-256: also finds changes that were made on purpose, as long as the root hash is known from
  /// elsewhere, such as a signature. Otherwise an attacker can change the table as well as the
  /// chunk, and this is no better than the checksum.
  case digest
}
