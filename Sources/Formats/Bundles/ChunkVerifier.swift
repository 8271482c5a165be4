import DVLACompression
import DVLADiagnostics
import DVLAFiles
import DVLAKernels
import DVLATensors

/// Checks chunks by everything there is to check them by, and throws their bytes away: the scratch
/// memory of one thread that verifies a bundle.
struct ChunkVerifier: ~Copyable {
  private let checks: [ChunkCheck]
  private let decompressor: ZstdDecompressor
  private let stored: TensorBytes
  private let content: TensorBytes
  private let merged: TensorBytes

  /// - Throws: `zstd.memory`, `tensor.memory`.
  init(_ checks: [ChunkCheck]) throws(WeightsError) {
    let decompressor = try ZstdDecompressor()
    let stored = try TensorBytes(byteCount: BundleLayout.frameByteCount)
    let content = try TensorBytes(byteCount: BundleLayout.chunkByteCount)
    let merged = try TensorBytes(byteCount: BundleLayout.chunkByteCount)
    // All at once: what cannot be copied may not throw when it is half made.
    (self.checks, self.decompressor) = (checks, decompressor)
    (self.stored, self.content, self.merged) = (stored, content, merged)
  }

  /// Checks the stored bytes of a chunk, its frame, and behind the last chunk the filler.
  ///
  /// - Returns: what is not finite in the chunk; nil for types without any such values.
  /// - Throws: `bundle.chunk-hash`, `bundle.chunk-checksum`, `zstd.*`, `bundle.filler`; `file.*`.
  func check(
    _ index: Int, of tensor: BundleTensor, in file: InputFile
  ) throws(WeightsError) -> FloatScan? {
    let chunk = tensor.chunks[index]
    let isMarked = try check(chunk, tensor.encoding, in: file)
    try tensor.checkFiller(after: index, in: file)
    return scan(0..<chunk.byteRange.count, of: tensor, isMarked: isMarked)
  }

  /// Checks the stored bytes of a chunk and its frame.
  ///
  /// - Returns: whether there is a frame and it is marked: see ``ZstdFrame``.
  /// - Throws: `bundle.chunk-hash`, `bundle.chunk-checksum`, `zstd.*`; `file.*`.
  @discardableResult
  func check(
    _ chunk: ChunkRecord, _ encoding: BundleEncoding, in file: InputFile
  ) throws(WeightsError) -> Bool {
    if encoding == .zstd, try checkRaw(chunk, in: file) { return false }
    var isMarked = false
    try stored.withMutableBytes(in: 0..<chunk.storedRange.count) { (frame) throws(WeightsError) in
      try file.read(at: chunk.storedRange.lowerBound, into: &frame)
      for check in checks { try check.hold(frame.bytes, against: chunk) }
      guard encoding == .zstd else { return }
      let range = 0..<chunk.byteRange.count
      try content.withMutableBytes(in: range) { (content) throws(WeightsError) in
        try decompressor.decompress(frame.bytes, into: &content)
      }
      isMarked = ZstdFrame.startsEmpty(frame.bytes, contentByteCount: range.count)
    }
    return isMarked
  }

  /// Checks a frame of raw blocks, which is decoded by reading it into its places. False where the
  /// frame is another.
  private func checkRaw(_ chunk: ChunkRecord, in file: InputFile) throws(WeightsError) -> Bool {
    let frame = RawFrame(contentByteCount: chunk.byteRange.count)
    guard chunk.storedRange.count == frame.byteCount else { return false }
    var isRaw = false
    let range = 0..<chunk.byteRange.count
    try content.withMutableBytes(in: range) { (content) throws(WeightsError) in
      var framing = frame.framing
      var span = framing.mutableSpan
      var bytes = unsafe span.mutableBytes
      try file.read(
        at: chunk.storedRange.lowerBound, frame.pieces, ofOne: &bytes, andOther: &content)
      for check in checks {
        try check.hold(
          frame.pieces, ofOne: bytes.bytes, andOther: content.bytes, against: chunk)
      }
      isRaw = frame.matches(framing)
      if isRaw { try frame.check(framing, holding: content.bytes) }
    }
    return isRaw
  }

  private func scan(
    _ range: Range<Int>, of tensor: BundleTensor, isMarked: Bool
  ) -> FloatScan? {
    guard let format = FloatScan.Format(tensor.info.dtype) else { return nil }
    switch (tensor.encoding, tensor.planes) {
    case (.plain, _): return stored.withBytes { .scan($0.extracting(range), format) }
    case (.zstd, .none): return content.withBytes { .scan($0.extracting(range), format) }
    case (.zstd, let order):
      return content.withBytes { planes in
        merged.withMutableBytes(in: range) {
          order.merge(planes.extracting(range), isMarked: isMarked, into: &$0)
        }
        return merged.withBytes { .scan($0.extracting(range), format) }
      }
    }
  }
}
