import DVLACZstd
public import DVLADiagnostics
import DVLAHashing
import DVLATensors
import Glibc

/// Makes zstd frames whose only modelling is Huffman coding of literals, or none.
///
/// Weights hold no repeated strings, so searching for matches costs time and gains nothing.
/// What gains is a Huffman table fitted to bytes of one meaning: the caller orders its bytes in
/// runs, each run becomes blocks of its own, and each block has its own table. The frames are
/// ordinary ones (RFC 8878): single segment, content size and checksum present, no dictionary.
///
/// Frame header, raw blocks and checksum are put together here; libzstd codes the blocks that a
/// sample says can get smaller.
///
/// The bytes made depend on the arguments alone, not on what was compressed before. An instance
/// belongs to one thread at a time.
public final class ZstdCompressor {
  /// What is done to the bytes of a block.
  public enum Mode: Sendable {
    /// Huffman coding where it saves 1/64 or more, else as they are.
    case entropy
    /// As they are: the frame only frames and checks.
    case raw
  }

  // ZSTD_BLOCKSIZE_MAX.
  static let blockByteCount = 128 << 10

  /// The version of libzstd, on which the bytes of a frame depend.
  public static var libraryVersion: String { unsafe String(cString: ZSTD_versionString()) }

  private let coder: BlockCoder

  /// - Throws: `zstd.memory`.
  public init() throws(WeightsError) { coder = try BlockCoder() }

  /// Appends one frame with the whole of `source` to `output`.
  ///
  /// - Parameters:
  ///   - source: the bytes, runs of `runByteCount` one after the other; the last may be shorter. At
  ///     most 2^32 - 1 bytes.
  ///   - runByteCount: bytes of one run, or nil where all of `source` is one.
  /// - Returns: the byte count of the frame.
  /// - Throws: `zstd.memory`, `zstd.compress`.
  @discardableResult
  public func compress(
    _ source: RawSpan, runByteCount: Int? = nil, mode: Mode, appendingTo output: inout [UInt8]
  ) throws(WeightsError) -> Int {
    let start = output.count
    let blocks = Self.blocks(source.byteCount, runByteCount: runByteCount ?? source.byteCount)
    output.reserveCapacity(start + source.byteCount + 3 * blocks.count + 32)
    output += ZstdFrameHeader.bytes(contentByteCount: source.byteCount)
    var first = 0
    while first < blocks.count {
      let isRaw = mode == .raw || !EntropySample.mayShrink(source.extracting(blocks[first]))
      if isRaw {
        output.append(rawBlock: source.extracting(blocks[first]), isLast: first == blocks.count - 1)
        first += 1
        continue
      }
      // Blocks in a row are coded together, so that a table may serve several.
      var end = first + 1
      while end < blocks.count, EntropySample.mayShrink(source.extracting(blocks[end])) { end += 1 }
      let group = blocks[first].lowerBound..<blocks[end - 1].upperBound
      let coded = try coder.code(
        source.extracting(group), blocks: blocks[first..<end].map(\.count))
      if end == blocks.count { output += coded } else { output.append(blocks: coded) }
      first = end
    }
    if blocks.isEmpty { output.append(rawBlock: source, isLast: true) }
    let checksum = XXH64.hash(source)
    output.append(checksum, .littleEndian, byteCount: RawFrame.checksumByteCount)
    return output.count - start
  }

  /// Where the blocks lie: runs of bytes in pieces that a block can hold.
  private static func blocks(_ byteCount: Int, runByteCount: Int) -> [Range<Int>] {
    var blocks: [Range<Int>] = []
    var start = 0
    var runEnd = 0
    while start < byteCount {
      if start == runEnd { runEnd = min(byteCount, start + max(runByteCount, 1)) }
      let end = min(start + blockByteCount, runEnd)
      blocks.append(start..<end)
      start = end
    }
    return blocks
  }
}

// RFC 8878, section 3.1.1.2: three bytes before each block say in bit 0 whether it is the last, in
// bits 1 and 2 its type, above them its size.
extension [UInt8] {
  fileprivate mutating func append(rawBlock content: RawSpan, isLast: Bool) {
    let header = (isLast ? 1 : 0) | content.byteCount << 3
    append(header, .littleEndian, byteCount: ZstdFrameHeader.blockHeaderByteCount)
    unsafe content.withUnsafeBytes { unsafe append(contentsOf: $0) }
  }

  /// Appends blocks of which the last says that it is the last, and is not.
  fileprivate mutating func append(blocks: ArraySlice<UInt8>) {
    var header = count
    append(contentsOf: blocks)
    while true {
      let start = header + ZstdFrameHeader.blockHeaderByteCount
      let word = Int(bytes: self[header..<start], .littleEndian)
      if word & 1 != 0 { break }
      // A block of type 1 repeats one byte.
      header = start + (word >> 1 & 3 == 1 ? 1 : word >> 3)
    }
    self[header] &= 0xFE
  }
}

/// Estimates from a sample of a block whether Huffman coding can make it smaller.
private enum EntropySample {
  private static let sampleCount = 4096
  /// Bits a byte above which a block is left as it is. Coding pays where it saves 1/64, below 7.875
  /// bits. The entropy of 4096 samples is 255 / (2 · 4096 · ln 2) = 0.045 bits below that of their
  /// source (Miller 1955), within 0.02; blocks near the limit are tried.
  private static let limit = 7.9

  /// Whether coding may pay. Depends on the bytes alone.
  static func mayShrink(_ block: RawSpan) -> Bool {
    guard block.byteCount >= 2 * sampleCount else { return true }
    let step = block.byteCount / sampleCount
    // Four tables, since neighbouring samples are often equal and would wait for each other.
    var counts = [UInt32](repeating: 0, count: 1024)
    unsafe block.withUnsafeBytes { bytes in
      for sample in stride(from: 0, to: sampleCount, by: 4) {
        for table in 0..<4 {
          // In range: 4095 · step is less than the bytes of the block.
          counts[table << 8 | Int(unsafe bytes[(sample + table) * step])] += 1
        }
      }
    }
    var entropy = 12.0  // log2 of the samples
    for value in 0..<256 {
      let count = counts[value] + counts[256 + value] + counts[512 + value] + counts[768 + value]
      if count > 0 { entropy -= Double(count) * log2(Double(count)) / Double(sampleCount) }
    }
    return entropy < limit
  }
}
