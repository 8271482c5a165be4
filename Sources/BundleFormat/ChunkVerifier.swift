import Compression
import Diagnostics
import FileAccess
import TensorCore

/// Checks chunks by everything there is to check them by, and throws their bytes away: the scratch
/// memory of one thread that verifies a bundle.
struct ChunkVerifier: ~Copyable {
  private let checks: [ChunkCheck]
  private let decompressor: ZstdDecompressor
  private let stored: TensorBytes
  private let content: TensorBytes

  /// - Throws: `zstd.memory`, `tensor.memory`.
  init(_ checks: [ChunkCheck]) throws(WeightsError) {
    let decompressor = try ZstdDecompressor()
    let stored = try TensorBytes(byteCount: BundleLayout.frameByteCount)
    let content = try TensorBytes(byteCount: BundleLayout.chunkByteCount)
    // All at once: what cannot be copied may not throw when it is half made.
    (self.checks, self.decompressor) = (checks, decompressor)
    (self.stored, self.content) = (stored, content)
  }

  /// Checks the stored bytes of a chunk, its frame, and behind the last chunk the filler.
  ///
  /// - Throws: `bundle.chunk-hash`, `bundle.chunk-checksum`, `zstd.*`, `bundle.filler`; `file.*`.
  func check(
    _ index: Int, of tensor: BundleTensor, in file: InputFile
  ) throws(WeightsError) {
    let chunk = tensor.chunks[index]
    let range = 0..<chunk.storedRange.count
    try stored.withMutableBytes(in: range) { (frame) throws(WeightsError) in
      try file.read(at: chunk.storedRange.lowerBound, into: &frame)
      for check in checks { try check.hold(frame.bytes, against: chunk) }
      guard tensor.encoding == .zstd else { return }
      try content.withMutableBytes(in: 0..<chunk.byteRange.count) {
        (content) throws(WeightsError) in
        try decompressor.decompress(frame.bytes, into: &content)
      }
    }
    try tensor.checkFiller(after: index, in: file)
  }
}
