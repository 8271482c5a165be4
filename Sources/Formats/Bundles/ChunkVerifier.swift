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
    let storedRange = 0..<chunk.storedRange.count
    let range = 0..<chunk.byteRange.count
    try stored.withMutableBytes(in: storedRange) { (frame) throws(WeightsError) in
      try file.read(at: chunk.storedRange.lowerBound, into: &frame)
      for check in checks { try check.hold(frame.bytes, against: chunk) }
      guard tensor.encoding == .zstd else { return }
      try content.withMutableBytes(in: range) { (content) throws(WeightsError) in
        try decompressor.decompress(frame.bytes, into: &content)
      }
    }
    try tensor.checkFiller(after: index, in: file)
    return scan(range, of: tensor)
  }

  private func scan(_ range: Range<Int>, of tensor: BundleTensor) -> FloatScan? {
    guard let format = FloatScan.Format(tensor.info.dtype) else { return nil }
    switch (tensor.encoding, tensor.planes) {
    case (.plain, _): return stored.withBytes { .scan($0.extracting(range), format) }
    case (.zstd, .none): return content.withBytes { .scan($0.extracting(range), format) }
    case (.zstd, let order):
      return content.withBytes { planes in
        merged.withMutableBytes(in: range) {
          BytePlanes.merge(planes.extracting(range), width: order.count, into: &$0)
        }
        return merged.withBytes { .scan($0.extracting(range), format) }
      }
    }
  }
}
