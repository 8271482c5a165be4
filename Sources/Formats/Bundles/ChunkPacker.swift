import DVLACompression
public import DVLADiagnostics
public import DVLAHashing
import DVLAKernels
public import DVLATensors

/// A chunk ready to be written: its stored bytes and what they are checked by.
public struct PackedChunk: Sendable {
  /// The frame, or the plain bytes.
  public let stored: [UInt8]
  public let seal: ChunkSeal

  /// SHA-256 of `stored`.
  public var sha256: Digest { seal.sha256 }
  /// XXH3 of `stored`, 64 bits.
  public var xxh3: UInt64 { seal.xxh3 }
  /// Bytes of the tensor that the chunk holds.
  public var byteCount: Int { seal.byteCount }
}

/// What is known of a chunk's stored bytes without the bytes themselves.
public struct ChunkSeal: Sendable, Equatable {
  /// How many are stored.
  public let storedByteCount: Int
  public let sha256: Digest
  /// XXH3, 64 bits.
  public let xxh3: UInt64
  /// Bytes of the tensor that the chunk holds.
  public let byteCount: Int

  public init(storedByteCount: Int, sha256: Digest, xxh3: UInt64, byteCount: Int) {
    self.storedByteCount = storedByteCount
    self.sha256 = sha256
    self.xxh3 = xxh3
    self.byteCount = byteCount
  }

  /// The seal of stored bytes.
  init(_ stored: [UInt8], byteCount: Int) {
    self.init(stored, sha256: SHA256.hash(stored), byteCount: byteCount)
  }

  init(_ stored: [UInt8], sha256: Digest, byteCount: Int) {
    self.init(
      storedByteCount: stored.count, sha256: sha256, xxh3: XXH3.hash(stored),
      byteCount: byteCount)
  }

  /// Whether those are the stored bytes.
  public func fits(_ stored: [UInt8]) -> Bool { self == ChunkSeal(stored, byteCount: byteCount) }
}

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
    let stored = try store(bytes, dtype, packing)
    return PackedChunk(stored: stored, seal: ChunkSeal(stored, byteCount: bytes.byteCount))
  }

  /// The chunks of a run of bytes that starts at a chunk's border, two of them hashed at a time.
  ///
  /// - Throws: `zstd.memory`, `zstd.compress`.
  public mutating func packAll(
    _ bytes: RawSpan, dtype: DType, packing: BundlePacking
  ) throws(WeightsError) -> [PackedChunk] {
    let ranges = (0..<BundleLayout.chunkCount(of: bytes.byteCount)).map {
      BundleLayout.byteRange(ofChunk: $0, byteCount: bytes.byteCount)
    }
    var chunks: [PackedChunk] = []
    for first in stride(from: 0, to: ranges.count, by: 2) {
      guard first + 1 < ranges.count else {
        chunks.append(try pack(bytes.extracting(ranges[first]), dtype: dtype, packing: packing))
        break
      }
      let a = try store(bytes.extracting(ranges[first]), dtype, packing)
      let b = try store(bytes.extracting(ranges[first + 1]), dtype, packing)
      let digests = unsafe SHA256.hash(a.span.bytes, b.span.bytes)
      for (stored, digest, range) in [
        (a, digests.0, ranges[first]), (b, digests.1, ranges[first + 1]),
      ] {
        let seal = ChunkSeal(stored, sha256: digest, byteCount: range.count)
        chunks.append(PackedChunk(stored: stored, seal: seal))
      }
    }
    return chunks
  }

  /// The bytes that are stored for a chunk.
  private mutating func store(
    _ bytes: RawSpan, _ dtype: DType, _ packing: BundlePacking
  ) throws(WeightsError) -> [UInt8] {
    precondition(
      (1...BundleLayout.chunkByteCount).contains(bytes.byteCount), "a chunk of no valid size")
    var stored: [UInt8] = []
    switch packing {
    case .store:
      stored = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
    case .packed(let smallest):
      let order = packing.planes(for: dtype)
      if order == .none {
        try compressor.compress(bytes, mode: smallest ? .entropy : .raw, appendingTo: &stored)
      } else if order.hasWindow {
        stored = try storeSmallest(bytes, order)
      } else {
        planes.split(bytes, order, hasWindow: false)
        try compressor.compress(
          unsafe planes.span.bytes.extracting(0..<bytes.byteCount),
          runs: order.runs(of: bytes.byteCount, hasWindow: false), startsEmpty: false,
          appendingTo: &stored)
      }
    }
    return stored
  }

  /// The smaller of the frames with and without a window.
  private mutating func storeSmallest(
    _ bytes: RawSpan, _ order: PlaneOrder
  ) throws(WeightsError) -> [UInt8] {
    let range = 0..<bytes.byteCount
    var window: [UInt8] = []
    planes.split(bytes, order, hasWindow: true)
    try compressor.compress(
      unsafe planes.span.bytes.extracting(range),
      runs: order.runs(of: range.count, hasWindow: true), startsEmpty: true,
      appendingTo: &window)
    planes.split(bytes, order, hasWindow: false)
    let source = unsafe planes.span.bytes.extracting(range)
    let runs = order.runs(of: range.count, hasWindow: false)
    // Of most weights the other frame need not be made to know that it is larger.
    if window.count < ZstdCompressor.leastByteCount(source, runs: runs) { return window }
    var plain: [UInt8] = []
    try compressor.compress(source, runs: runs, startsEmpty: false, appendingTo: &plain)
    return window.count < plain.count ? window : plain
  }
}

extension [UInt8] {
  /// Fills the start of the array with the planes of those bytes.
  fileprivate mutating func split(_ bytes: RawSpan, _ order: PlaneOrder, hasWindow: Bool) {
    var span = mutableSpan
    var raw = unsafe span.mutableBytes
    var target = raw._mutatingExtracting(0..<bytes.byteCount)
    if hasWindow {
      WindowPlanes.split(bytes, width: order.count, into: &target)
    } else {
      BytePlanes.split(bytes, width: order.count, into: &target)
    }
  }
}
