import Compression
import Diagnostics
import FileAccess
import Hashing
import Kernels

/// Reads, checks and decodes chunks: the scratch memory of one thread that reads a bundle.
///
/// With the last chunk of a tensor comes its filler, so that whoever reads a tensor has checked
/// every byte stored for it.
///
/// Not copyable, since copies would share the decompressor.
struct ChunkReader: ~Copyable {
  private let decompressor: ZstdDecompressor
  private var stored = [UInt8](
    repeating: 0,
    count: BundleLayout.chunkByteCount + BundleLayout.frameOverhead + 2 * BundleLayout.alignment)
  private var planes = [UInt8](repeating: 0, count: BundleLayout.chunkByteCount)
  private var whole = [UInt8](repeating: 0, count: BundleLayout.chunkByteCount)

  /// - Throws: `zstd.memory`.
  init() throws(WeightsError) { decompressor = try ZstdDecompressor() }

  /// Fills `destination` with the bytes of the chunk that start at `offset` in it.
  ///
  /// The whole chunk is checked, however small a part of it is wanted.
  mutating func read(
    _ index: Int, of tensor: BundleTensor, in file: InputFile, from offset: Int,
    into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    let count = tensor.chunks[index].byteRange.count
    if destination.byteCount == count {
      try decode(index, of: tensor, in: file, into: &destination)
      return
    }
    // Taken out of `self` for the call, which needs the rest of `self`.
    var buffer: [UInt8] = []
    swap(&buffer, &whole)
    defer { swap(&buffer, &whole) }
    var span = buffer.mutableSpan
    var raw = unsafe span.mutableBytes
    var target = raw._mutatingExtracting(0..<count)
    try decode(index, of: tensor, in: file, into: &target)
    destination.copy(from: target.bytes.extracting(offset..<offset + destination.byteCount))
  }

  /// Checks a chunk as a read does, and throws the bytes away.
  mutating func check(
    _ index: Int, of tensor: BundleTensor, in file: InputFile
  ) throws(WeightsError) {
    try fetch(index, of: tensor, in: file)
    guard tensor.encoding == .zstd else { return }
    try Self.decompress(
      tensor.chunks[index], from: stored, into: &planes, with: decompressor)
  }

  private mutating func decode(
    _ index: Int, of tensor: BundleTensor, in file: InputFile,
    into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    try fetch(index, of: tensor, in: file)
    let chunk = tensor.chunks[index]
    switch (tensor.encoding, tensor.planes) {
    case (.plain, _):
      destination.copy(from: unsafe stored.span.bytes.extracting(0..<chunk.storedRange.count))
    case (.zstd, .none):
      try decompressor.decompress(
        unsafe stored.span.bytes.extracting(0..<chunk.storedRange.count), into: &destination)
    case (.zstd, let order):
      try Self.decompress(chunk, from: stored, into: &planes, with: decompressor)
      BytePlanes.merge(
        unsafe planes.span.bytes.extracting(0..<chunk.byteRange.count), width: order.count,
        into: &destination)
    }
  }

  /// Brings the stored bytes of a chunk into `stored` and checks their hash; behind the last
  /// chunk of a tensor, the filler too.
  private mutating func fetch(
    _ index: Int, of tensor: BundleTensor, in file: InputFile
  ) throws(WeightsError) {
    let chunk = tensor.chunks[index]
    let count = chunk.storedRange.count
    let filler = index == tensor.chunks.count - 1 ? tensor.filler.count : 0
    do {
      var span = stored.mutableSpan
      var raw = unsafe span.mutableBytes
      var target = raw._mutatingExtracting(0..<count + filler)
      try file.read(at: chunk.storedRange.lowerBound, into: &target)
    }
    let bytes = unsafe stored.span.bytes
    let digest = SHA256.hash(bytes.extracting(0..<count))
    guard digest == chunk.sha256 else {
      throw WeightsError(
        .bundleChunkHash, .malformed, "expected SHA-256 \(chunk.sha256), found \(digest)")
    }
    guard filler > 0 else { return }
    let expected = BundleLayout.filler(byteCount: filler, encoding: tensor.encoding)
    guard stored[count..<count + filler].elementsEqual(expected) else {
      throw WeightsError(
        .bundleFiller, .malformed,
        "expected \(filler) filler bytes at file bytes \(tensor.filler) to be "
          + (tensor.encoding == .zstd ? "a skippable frame of zeros" : "zeros")
          + ", found other bytes")
    }
  }

  // Static, so that reading one buffer while writing the other is no access to all of `self`.
  private static func decompress(
    _ chunk: ChunkRecord, from stored: [UInt8], into planes: inout [UInt8],
    with decompressor: ZstdDecompressor
  ) throws(WeightsError) {
    var span = planes.mutableSpan
    var raw = unsafe span.mutableBytes
    var target = raw._mutatingExtracting(0..<chunk.byteRange.count)
    try decompressor.decompress(
      unsafe stored.span.bytes.extracting(0..<chunk.storedRange.count), into: &target)
  }
}
