import DVLABundles
import DVLAHashing
import DVLAKernels
import DVLATensors

/// What a journal says of a block that is written: where, what its chunks are checked by, and what
/// was seen when it was made. Numbers are little-endian, 8 bytes each.
struct JournalRecord: Sendable {
  /// Where its chunks begin in the file.
  let place: Int
  let chunks: [ChunkSeal]
  /// Without its bytes.
  let encoded: EncodedBlock

  /// Chunks of one block, and bytes of its scales, at most: what is read is checked against these
  /// limits before memory is taken.
  private static let largestChunkCount = BlockEncoder.blockByteCount / BundleLayout.chunkByteCount
  private static let largestScaleByteCount = 2 * BlockEncoder.blockByteCount
  static let largestByteCount = 64 * largestChunkCount + largestScaleByteCount + 4096

  init(place: Int, chunks: [ChunkSeal], encoded: EncodedBlock) {
    self.place = place
    self.chunks = chunks
    self.encoded = encoded
  }

  /// Where its chunks end.
  var end: Int { chunks.reduce(place) { $0 + $1.storedByteCount } }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    func add(_ number: Int64) { bytes.append(number, .littleEndian) }
    add(Int64(place))
    add(Int64(chunks.count))
    for chunk in chunks {
      add(Int64(chunk.storedByteCount))
      add(Int64(chunk.byteCount))
      add(Int64(bitPattern: chunk.xxh3))
      bytes += chunk.sha256.bytes
    }
    for word in encoded.errors.words { add(word) }
    add(Int64(encoded.nanCount))
    add(Int64(encoded.infinityCount))
    add(Int64(encoded.overflowCount))
    add(Int64(encoded.firstNonFinite ?? -1))
    add(Int64(encoded.scales.count))
    bytes += encoded.scales
    return bytes
  }

  /// Nil where the bytes are not a record.
  init?(_ bytes: [UInt8]) {
    var rest = bytes[...]
    func number() -> Int64? {
      guard rest.count >= 8 else { return nil }
      defer { rest.removeFirst(8) }
      return Int64(bytes: rest.prefix(8), .littleEndian)
    }
    func count(upTo limit: Int) -> Int? {
      guard let number = number(), 0...Int64(limit) ~= number else { return nil }
      return Int(number)
    }
    guard let place = count(upTo: 1 << 60), let chunkCount = count(upTo: Self.largestChunkCount)
    else { return nil }
    var chunks: [ChunkSeal] = []
    for _ in 0..<chunkCount {
      guard
        let storedByteCount = count(upTo: BundleLayout.chunkByteCount + BundleLayout.frameOverhead),
        let byteCount = count(upTo: BundleLayout.chunkByteCount), let xxh3 = number(),
        let sha256 = Digest(bytes: rest.prefix(Digest.byteCount))
      else { return nil }
      rest.removeFirst(Digest.byteCount)
      chunks.append(
        ChunkSeal(
          storedByteCount: storedByteCount, sha256: sha256, xxh3: UInt64(bitPattern: xxh3),
          byteCount: byteCount))
    }
    var words: [Int64] = []
    for _ in 0..<ErrorSums.wordCount {
      guard let word = number() else { return nil }
      words.append(word)
    }
    guard let errors = ErrorSums(words: words), let nanCount = count(upTo: 1 << 40),
      let infinityCount = count(upTo: 1 << 40), let overflowCount = count(upTo: 1 << 40),
      let first = number(), first >= -1, let scaleCount = count(upTo: Self.largestScaleByteCount),
      rest.count == scaleCount
    else { return nil }
    self.init(
      place: place, chunks: chunks,
      encoded: EncodedBlock(
        bytes: [], scales: Array(rest), errors: errors, nanCount: nanCount,
        infinityCount: infinityCount, overflowCount: overflowCount,
        firstNonFinite: first < 0 ? nil : Int(first)))
  }
}
