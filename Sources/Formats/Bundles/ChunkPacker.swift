import DVLACompression
public import DVLADiagnostics
import DVLAKernels
public import DVLATensors

/// Packs chunks: the scratch memory of one thread that writes a bundle.
///
/// What comes out depends on the arguments alone.
public struct ChunkPacker: ~Copyable {
  private let compressor: ZstdCompressor
  private var planes: [UInt8]

  /// - Throws: `zstd.memory`.
  public init() throws(WeightsError) {
    compressor = try ZstdCompressor()
    planes = [UInt8](repeating: 0, count: BundleLayout.chunkByteCount)
  }

  /// - Parameters:
  ///   - bytes: the bytes of one chunk: 1 to 262 144, whole elements.
  ///   - dtype: the type of the elements.
  /// - Throws: `zstd.memory`, `zstd.compress`.
  public mutating func pack(
    _ bytes: RawSpan, dtype: DType, packing: BundlePacking
  ) throws(WeightsError) -> PackedChunk {
    precondition(
      (1...BundleLayout.chunkByteCount).contains(bytes.byteCount), "a chunk of no valid size")
    var stored: [UInt8] = []
    switch packing {
    case .store:
      stored = [UInt8](copying: bytes)
    case .packed(let smallest):
      let order = packing.planes(for: dtype)
      if order == .none {
        try compressor.compress(bytes, mode: smallest ? .entropy : .raw, appendingTo: &stored)
      } else {
        split(bytes, order)
        try compressor.compress(
          unsafe planes.span.bytes.extracting(0..<bytes.byteCount),
          runByteCount: bytes.byteCount / order.count, mode: .entropy, appendingTo: &stored)
      }
    }
    return PackedChunk(stored: stored, seal: ChunkSeal(stored, byteCount: bytes.byteCount))
  }

  private mutating func split(_ bytes: RawSpan, _ order: PlaneOrder) {
    var span = planes.mutableSpan
    var raw = unsafe span.mutableBytes
    var target = raw._mutatingExtracting(0..<bytes.byteCount)
    BytePlanes.split(bytes, width: order.count, into: &target)
  }
}
