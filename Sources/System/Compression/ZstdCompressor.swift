import DVLACZstd
public import DVLADiagnostics
import DVLAHashing

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
    for shift in stride(from: UInt64(0), to: 32, by: 8) {
      output.append(UInt8(truncatingIfNeeded: checksum >> shift))
    }
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
    for shift in [0, 8, 16] { append(UInt8(truncatingIfNeeded: header >> shift)) }
    unsafe content.withUnsafeBytes { unsafe append(contentsOf: $0) }
  }

  /// Appends blocks of which the last says that it is the last, and is not.
  fileprivate mutating func append(blocks: ArraySlice<UInt8>) {
    var header = count
    append(contentsOf: blocks)
    while true {
      let word = Int(self[header]) | Int(self[header + 1]) << 8 | Int(self[header + 2]) << 16
      if word & 1 != 0 { break }
      // A block of type 1 repeats one byte.
      header += 3 + (word >> 1 & 3 == 1 ? 1 : word >> 3)
    }
    self[header] &= 0xFE
  }
}
