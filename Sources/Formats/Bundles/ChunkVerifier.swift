import DVLACompression
import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLAKernels
import DVLATensors

/// Checks chunks by everything there is to check them by, and throws their bytes away: the scratch
/// memory of one thread that verifies a bundle.
struct ChunkVerifier: ~Copyable {
  /// Room for one chunk.
  private struct Slot {
    /// What is stored, unless it is a frame of raw blocks.
    let stored: TensorBytes
    /// What a frame holds.
    let content: TensorBytes

    init() throws(WeightsError) {
      stored = try TensorBytes(byteCount: BundleLayout.frameByteCount)
      content = try TensorBytes(byteCount: BundleLayout.chunkByteCount)
    }
  }

  /// How many chunks are checked together: two are hashed in less time than one after the other.
  static let groupCount = 2

  private let checks: [ChunkCheck]
  private let decompressor: ZstdDecompressor
  private let slots: [Slot]
  private let merged: TensorBytes

  /// - Throws: `zstd.memory`, `tensor.memory`.
  init(_ checks: [ChunkCheck]) throws(WeightsError) {
    let decompressor = try ZstdDecompressor()
    let slots = [try Slot(), try Slot()]
    let merged = try TensorBytes(byteCount: BundleLayout.chunkByteCount)
    // All at once: what cannot be copied may not throw when it is half made.
    (self.checks, self.decompressor, self.slots, self.merged) = (
      checks, decompressor, slots, merged
    )
  }

  /// Checks the stored bytes of one or two chunks, their frames, and behind the last chunk of a
  /// tensor the filler.
  ///
  /// - Returns: for each, what is not finite in it, nil for types without any such values; or what
  ///   is wrong with it: `bundle.chunk-hash`, `bundle.chunk-checksum`, `zstd.*`, `bundle.filler`;
  ///   `file.*`.
  /// - Precondition: there are ``groupCount`` of them at most.
  func check(
    _ chunks: [(index: Int, tensor: BundleTensor)], in file: InputFile
  ) -> [Result<FloatScan?, WeightsError>] {
    let records = chunks.map { $0.tensor.chunks[$0.index] }
    let found = chunks.indices.map { place in
      Result { () throws(WeightsError) in
        try read(records[place], chunks[place].tensor.encoding, in: file, into: slots[place])
      }
    }
    let digests = digests(of: found, records)
    return chunks.indices.map { place in
      Result { () throws(WeightsError) in
        let (index, tensor) = chunks[place]
        let (chunk, slot) = (records[place], slots[place])
        let isMarked = try check(
          try found[place].get(), chunk, tensor.encoding, in: file, slot,
          digest: digests?[place])
        try tensor.checkFiller(after: index, in: file)
        return scan(0..<chunk.byteRange.count, of: tensor, in: slot, isMarked: isMarked)
      }
    }
  }

  /// Checks the stored bytes of a chunk and its frame.
  ///
  /// - Throws: `bundle.chunk-hash`, `bundle.chunk-checksum`, `zstd.*`; `file.*`.
  func check(
    _ chunk: ChunkRecord, _ encoding: BundleEncoding, in file: InputFile
  ) throws(WeightsError) {
    let found = try read(chunk, encoding, in: file, into: slots[0])
    _ = try check(found, chunk, encoding, in: file, slots[0], digest: nil)
  }

  private func read(
    _ chunk: ChunkRecord, _ encoding: BundleEncoding, in file: InputFile, into slot: Slot
  ) throws(WeightsError) -> ChunkBytes {
    if encoding == .zstd {
      let raw = try slot.content.withMutableBytes(in: 0..<chunk.byteRange.count) {
        (content) throws(WeightsError) in
        try ChunkBytes(readingRaw: chunk, in: file, into: &content)
      }
      if let raw { return raw }
    }
    return try readAsIs(chunk, in: file, into: slot)
  }

  private func readAsIs(
    _ chunk: ChunkRecord, in file: InputFile, into slot: Slot
  ) throws(WeightsError) -> ChunkBytes {
    try slot.stored.withMutableBytes(in: 0..<chunk.storedRange.count) {
      (stored) throws(WeightsError) in
      try ChunkBytes(reading: chunk, in: file, into: &stored)
    }
  }

  /// Gives `body` what the stored bytes of a chunk were read into.
  private func withBuffer<Output, Failure: Error>(
    of bytes: ChunkBytes, _ chunk: ChunkRecord, in slot: Slot,
    _ body: (RawSpan) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    let range = 0..<(bytes.isContent ? chunk.byteRange : chunk.storedRange).count
    return try (bytes.isContent ? slot.content : slot.stored).withBytes {
      (buffer) throws(Failure) in
      try body(buffer.extracting(range))
    }
  }

  /// The SHA-256 of two chunks, if they are to be checked by it and both were read.
  private func digests(
    of found: [Result<ChunkBytes, WeightsError>], _ chunks: [ChunkRecord]
  ) -> [Digest]? {
    guard checks.contains(.digest), found.count == Self.groupCount,
      case .success(let a) = found[0], case .success(let b) = found[1]
    else { return nil }
    let (first, second) = withBuffer(of: a, chunks[0], in: slots[0]) { aBuffer in
      withBuffer(of: b, chunks[1], in: slots[1]) { bBuffer in
        ChunkBytes.digests(a, in: aBuffer, b, in: bBuffer)
      }
    }
    return [first, second]
  }

  /// - Returns: whether there is a frame and it is marked: see ``ZstdFrame``.
  private func check(
    _ bytes: ChunkBytes, _ chunk: ChunkRecord, _ encoding: BundleEncoding, in file: InputFile,
    _ slot: Slot, digest: Digest?
  ) throws(WeightsError) -> Bool {
    try withBuffer(of: bytes, chunk, in: slot) { (buffer) throws(WeightsError) in
      for check in checks { try bytes.hold(check, against: chunk, in: buffer, digest: digest) }
      if bytes.isRawFrame { try bytes.checkFrame(holding: buffer) }
    }
    if encoding == .plain || bytes.isRawFrame { return false }
    guard !bytes.isContent else {
      // It is as long as a frame of raw blocks, and another.
      let again = try readAsIs(chunk, in: file, into: slot)
      return try check(again, chunk, encoding, in: file, slot, digest: nil)
    }
    return try slot.stored.withBytes { (stored) throws(WeightsError) in
      let frame = stored.extracting(0..<chunk.storedRange.count)
      let byteCount = chunk.byteRange.count
      try slot.content.withMutableBytes(in: 0..<byteCount) { (content) throws(WeightsError) in
        try decompressor.decompress(frame, into: &content)
      }
      return ZstdFrame.startsEmpty(frame, contentByteCount: byteCount)
    }
  }

  private func scan(
    _ range: Range<Int>, of tensor: BundleTensor, in slot: Slot, isMarked: Bool
  ) -> FloatScan? {
    guard let format = FloatScan.Format(tensor.info.dtype) else { return nil }
    switch (tensor.encoding, tensor.planes) {
    case (.plain, _): return slot.stored.withBytes { .scan($0.extracting(range), format) }
    case (.zstd, .none): return slot.content.withBytes { .scan($0.extracting(range), format) }
    case (.zstd, let order):
      return slot.content.withBytes { planes in
        merged.withMutableBytes(in: range) {
          order.merge(planes.extracting(range), isMarked: isMarked, into: &$0)
        }
        return merged.withBytes { .scan($0.extracting(range), format) }
      }
    }
  }
}
