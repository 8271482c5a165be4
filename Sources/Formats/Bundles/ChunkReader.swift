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
  /// Room for two frames.
  private let stored: [TensorBytes]
  private let planes: TensorBytes
  private let whole: TensorBytes
  /// The chunk that is decoded in `whole`: who reads parts often reads the next one of the same.
  private var held: (tensor: TensorName, index: Int)?

  /// - Throws: `zstd.memory`, `tensor.memory`.
  init(_ check: ChunkCheck) throws(WeightsError) {
    // The bytes of the frame are checked before it is decoded.
    let decompressor = try ZstdDecompressor(checksContent: false)
    let stored = [
      try TensorBytes(byteCount: BundleLayout.frameByteCount),
      try TensorBytes(byteCount: BundleLayout.frameByteCount),
    ]
    let planes = try TensorBytes(byteCount: BundleLayout.chunkByteCount)
    let whole = try TensorBytes(byteCount: BundleLayout.chunkByteCount)
    // All at once: what cannot be copied may not throw when it is half made.
    (self.check, self.decompressor) = (check, decompressor)
    (self.stored, self.planes, self.whole) = (stored, planes, whole)
  }

  /// Fills `destination` with the bytes of the tensor that start at `offset`.
  ///
  /// Whole chunks are checked, however small a part of them is wanted.
  ///
  /// - Throws: `bundle.chunk-checksum`, `bundle.chunk-hash`, `bundle.filler`, `zstd.*`; `file.*`.
  /// - Precondition: the range lies inside the tensor.
  mutating func read(
    _ tensor: BundleTensor, at offset: Int, in file: InputFile,
    into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    var done = 0
    while done < destination.byteCount {
      let index = (offset + done) / BundleLayout.chunkByteCount
      let chunk = tensor.chunks[index].byteRange
      let start = offset + done - chunk.lowerBound
      let count = min(chunk.count - start, destination.byteCount - done)
      guard count == chunk.count else {
        var target = destination._mutatingExtracting(done..<done + count)
        try readPart(index, of: tensor, from: start, in: file, into: &target)
        done += count
        continue
      }
      let end = wholeChunks(from: index, of: tensor, byteCount: destination.byteCount - done)
      let byteCount = tensor.chunks[end - 1].byteRange.upperBound - chunk.lowerBound
      var target = destination._mutatingExtracting(done..<done + byteCount)
      try readWhole(index..<end, of: tensor, in: file, into: &target)
      done += byteCount
    }
  }

  /// Where the chunks end that are read together, of those that `byteCount` bytes hold: two are
  /// hashed by SHA-256 in less time than one after the other.
  private func wholeChunks(from index: Int, of tensor: BundleTensor, byteCount: Int) -> Int {
    let next = index + 1
    guard check == .digest, next < tensor.chunks.count,
      tensor.chunks[next].byteRange.upperBound - tensor.chunks[index].byteRange.lowerBound
        <= byteCount
    else { return next }
    return next + 1
  }

  private mutating func readPart(
    _ index: Int, of tensor: BundleTensor, from offset: Int, in file: InputFile,
    into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    if held?.tensor != tensor.name || held?.index != index {
      held = nil
      let range = 0..<tensor.chunks[index].byteRange.count
      try whole.withMutableBytes(in: range) { (target) throws(WeightsError) in
        try readWhole(index..<index + 1, of: tensor, in: file, into: &target)
      }
      held = (tensor.name, index)
    }
    whole.withBytes {
      destination.copy(from: $0.extracting(offset..<offset + destination.byteCount))
    }
  }

  /// Reads one or two whole chunks.
  private func readWhole(
    _ indices: Range<Int>, of tensor: BundleTensor, in file: InputFile,
    into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    let first = tensor.chunks[indices.lowerBound].byteRange
    let places = tensor.chunks[indices].map { chunk in
      chunk.byteRange.lowerBound - first.lowerBound..<chunk.byteRange.upperBound - first.lowerBound
    }
    var found: [Result<ChunkBytes, WeightsError>] = []
    for (slot, index) in indices.enumerated() {
      var target = destination._mutatingExtracting(places[slot])
      do throws(WeightsError) {
        found.append(.success(try fetch(index, of: tensor, slot, in: file, into: &target)))
      } catch { found.append(.failure(error)) }
    }
    let digests = digests(of: found, indices, of: tensor, places, in: destination.bytes)
    for (slot, index) in indices.enumerated() {
      var target = destination._mutatingExtracting(places[slot])
      do throws(WeightsError) {
        try decode(
          try found[slot].get(), index, of: tensor, slot, in: file, digest: digests?[slot],
          into: &target)
        try tensor.checkFiller(after: index, in: file)
      } catch { throw error.at(chunk: index, of: tensor, in: file.path) }
    }
  }

  /// Reads the stored bytes of a chunk: where they are decoded by that, into its place, else into a
  /// slot.
  private func fetch(
    _ index: Int, of tensor: BundleTensor, _ slot: Int, in file: InputFile,
    into destination: inout MutableRawSpan
  ) throws(WeightsError) -> ChunkBytes {
    let chunk = tensor.chunks[index]
    if tensor.encoding == .plain {
      return try ChunkBytes(reading: chunk, in: file, into: &destination)
    }
    if tensor.planes == .none,
      let bytes = try ChunkBytes(readingRaw: chunk, in: file, into: &destination)
    {
      return bytes
    }
    return try fetchFrame(chunk, slot, in: file)
  }

  private func fetchFrame(
    _ chunk: ChunkRecord, _ slot: Int, in file: InputFile
  ) throws(WeightsError) -> ChunkBytes {
    try stored[slot].withMutableBytes(in: 0..<chunk.storedRange.count) {
      (frame) throws(WeightsError) in
      try ChunkBytes(reading: chunk, in: file, into: &frame)
    }
  }

  /// Gives `body` what the stored bytes of a chunk were read into.
  private func withBuffer<Output, Failure: Error>(
    of bytes: ChunkBytes, _ index: Int, of tensor: BundleTensor, _ slot: Int, _ place: RawSpan,
    _ body: (RawSpan) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    if tensor.encoding == .plain || bytes.isContent { return try body(place) }
    return try stored[slot].withBytes { (frame) throws(Failure) in
      try body(frame.extracting(0..<tensor.chunks[index].storedRange.count))
    }
  }

  /// The SHA-256 of two chunks, if they are to be checked by it and both were read.
  private func digests(
    of found: [Result<ChunkBytes, WeightsError>], _ indices: Range<Int>, of tensor: BundleTensor,
    _ places: [Range<Int>], in destination: RawSpan
  ) -> [Digest]? {
    guard check == .digest, found.count == 2, case .success(let a) = found[0],
      case .success(let b) = found[1]
    else { return nil }
    let (aPlace, bPlace) = (
      destination.extracting(places[0]), destination.extracting(places[1])
    )
    let (first, second) = withBuffer(of: a, indices.lowerBound, of: tensor, 0, aPlace) { aBuffer in
      withBuffer(of: b, indices.lowerBound + 1, of: tensor, 1, bPlace) { bBuffer in
        ChunkBytes.digests(a, in: aBuffer, b, in: bBuffer)
      }
    }
    return [first, second]
  }

  /// Checks the stored bytes of a chunk and decodes them.
  private func decode(
    _ bytes: ChunkBytes, _ index: Int, of tensor: BundleTensor, _ slot: Int, in file: InputFile,
    digest: Digest?, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    let chunk = tensor.chunks[index]
    try withBuffer(of: bytes, index, of: tensor, slot, destination.bytes) {
      (buffer) throws(WeightsError) in
      try bytes.hold(check, against: chunk, in: buffer, digest: digest)
    }
    if tensor.encoding == .plain || bytes.isRawFrame { return }
    guard !bytes.isContent else {
      // It is as long as a frame of raw blocks, and another.
      let again = try fetchFrame(chunk, slot, in: file)
      return try decode(
        again, index, of: tensor, slot, in: file, digest: nil, into: &destination)
    }
    let range = 0..<chunk.byteRange.count
    var isMarked = false
    try stored[slot].withBytes { (stored) throws(WeightsError) in
      let frame = stored.extracting(0..<chunk.storedRange.count)
      guard tensor.planes != .none else {
        return try decompressor.decompress(frame, into: &destination)
      }
      try planes.withMutableBytes(in: range) { (target) throws(WeightsError) in
        try decompressor.decompress(frame, into: &target)
      }
      isMarked = ZstdFrame.startsEmpty(frame, contentByteCount: range.count)
    }
    guard tensor.planes != .none else { return }
    planes.withBytes {
      tensor.planes.merge($0.extracting(range), isMarked: isMarked, into: &destination)
    }
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
