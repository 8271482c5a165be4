import DVLACompression
import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLATensors

/// Reads, checks and decodes chunks: the scratch memory of one thread that reads a bundle.
///
/// The filler of a tensor is checked with its last chunk, so that reading a whole tensor checks
/// every byte stored for it.
///
/// Not copyable, since copies would share the decompressor and the memory.
struct ChunkReader: ~Copyable {
  private let check: ChunkCheck
  private let decompressor: ZstdDecompressor
  private let stored: TensorBytes
  private let planes: TensorBytes
  private let whole: TensorBytes

  /// - Throws: `zstd.memory`, `tensor.memory`.
  init(_ check: ChunkCheck) throws(WeightsError) {
    // The bytes of the frame are checked before it is decoded.
    let decompressor = try ZstdDecompressor(checksContent: false)
    let stored = try TensorBytes(byteCount: BundleLayout.frameByteCount)
    let planes = try TensorBytes(byteCount: BundleLayout.chunkByteCount)
    let whole = try TensorBytes(byteCount: BundleLayout.chunkByteCount)
    // All at once: what cannot be copied may not throw when it is half made.
    (self.check, self.decompressor) = (check, decompressor)
    (self.stored, self.planes, self.whole) = (stored, planes, whole)
  }

  /// Fills `destination` with the bytes of the chunk that start at `offset` in it.
  ///
  /// The whole chunk is checked, however small a part of it is wanted.
  func read(
    _ index: Int, of tensor: BundleTensor, in file: InputFile, from offset: Int,
    into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    let count = tensor.chunks[index].byteRange.count
    if destination.byteCount == count {
      try decode(index, of: tensor, in: file, into: &destination)
      return
    }
    try whole.withMutableBytes(in: 0..<count) { (target) throws(WeightsError) in
      try decode(index, of: tensor, in: file, into: &target)
    }
    whole.withBytes {
      destination.copy(from: $0.extracting(offset..<offset + destination.byteCount))
    }
  }

  private func decode(
    _ index: Int, of tensor: BundleTensor, in file: InputFile,
    into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    let chunk = tensor.chunks[index]
    switch (tensor.encoding, tensor.planes) {
    case (.plain, _):
      try file.read(at: chunk.storedRange.lowerBound, into: &destination)
      try check.hold(destination.bytes, against: chunk)
    case (.zstd, .none):
      if try !readRaw(chunk, in: file, into: &destination) {
        try decompress(chunk, in: file, into: &destination)
      }
    case (.zstd, let order):
      let range = 0..<chunk.byteRange.count
      var isMarked = false
      try planes.withMutableBytes(in: range) { (target) throws(WeightsError) in
        isMarked = try decompress(chunk, in: file, into: &target)
      }
      planes.withBytes {
        order.merge($0.extracting(range), isMarked: isMarked, into: &destination)
      }
    }
    try tensor.checkFiller(after: index, in: file)
  }

  /// Reads a frame of raw blocks straight into its place. False where the frame is another.
  private func readRaw(
    _ chunk: ChunkRecord, in file: InputFile, into destination: inout MutableRawSpan
  ) throws(WeightsError) -> Bool {
    let frame = RawFrame(contentByteCount: destination.byteCount)
    guard chunk.storedRange.count == frame.byteCount else { return false }
    var framing = frame.framing
    var span = framing.mutableSpan
    var bytes = unsafe span.mutableBytes
    try file.read(
      at: chunk.storedRange.lowerBound, frame.pieces, ofOne: &bytes, andOther: &destination)
    try check.hold(frame.pieces, ofOne: bytes.bytes, andOther: destination.bytes, against: chunk)
    return frame.matches(framing)
  }

  /// - Returns: whether the frame is marked: see ``ZstdFrame``.
  @discardableResult
  private func decompress(
    _ chunk: ChunkRecord, in file: InputFile, into destination: inout MutableRawSpan
  ) throws(WeightsError) -> Bool {
    let range = 0..<chunk.storedRange.count
    var isMarked = false
    try stored.withMutableBytes(in: range) { (frame) throws(WeightsError) in
      try file.read(at: chunk.storedRange.lowerBound, into: &frame)
      try check.hold(frame.bytes, against: chunk)
      try decompressor.decompress(frame.bytes, into: &destination)
      isMarked = ZstdFrame.startsEmpty(frame.bytes, contentByteCount: destination.byteCount)
    }
    return isMarked
  }
}

extension MutableRawSpan {
  /// Replaces all bytes with those of a span of the same size, which the standard library does not
  /// offer yet.
  ///
  /// Unsafe code. The invariant: both spans are alive for the call, and counts are checked first.
  fileprivate mutating func copy(from source: RawSpan) {
    precondition(byteCount == source.byteCount, "spans of the same size")
    unsafe withUnsafeMutableBytes { target in
      unsafe source.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
  }
}

extension ChunkCheck {
  /// - Throws: `bundle.chunk-checksum`, `bundle.chunk-hash`.
  func hold(_ stored: RawSpan, against chunk: ChunkRecord) throws(WeightsError) {
    switch self {
    case .checksum: try chunk.expect(XXH3.hash(stored))
    case .digest: try chunk.expect(SHA256.hash(stored))
    }
  }

  /// The same for bytes that lie in two buffers, as ``XXH3/hash(_:ofOne:andOther:)`` says.
  func hold(
    _ pieces: [Range<Int>], ofOne a: RawSpan, andOther b: RawSpan, against chunk: ChunkRecord
  ) throws(WeightsError) {
    switch self {
    case .checksum: try chunk.expect(XXH3.hash(pieces, ofOne: a, andOther: b))
    case .digest:
      var hash = SHA256()
      for (index, range) in pieces.enumerated() {
        hash.update((index.isMultiple(of: 2) ? a : b).extracting(range))
      }
      try chunk.expect(hash.finalize())
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

extension BundleTensor {
  /// Checks the filler, which comes with the last chunk.
  ///
  /// - Throws: `bundle.filler`; `file.*`.
  func checkFiller(after index: Int, in file: InputFile) throws(WeightsError) {
    guard index == chunks.count - 1 else { return }
    try encoding.checkFiller(filler, in: file)
  }
}

extension BundleEncoding {
  /// Checks what fills the file up behind the last chunk of a tensor.
  ///
  /// - Throws: `bundle.filler`; `file.*`.
  func checkFiller(_ filler: Range<Int>, in file: InputFile) throws(WeightsError) {
    if filler.isEmpty { return }
    let expected = BundleLayout.filler(byteCount: filler.count, encoding: self)
    guard try file.bytes(at: filler.lowerBound, count: filler.count) == expected else {
      throw WeightsError(
        .bundleFiller, .malformed,
        "the \(filler.count) filler bytes at file bytes \(filler) are not "
          + (self == .zstd ? "a skippable frame of zeros" : "zeros"))
    }
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
