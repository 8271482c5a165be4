import DVLACZstd
public import DVLADiagnostics
import DVLAHashing
import DVLATensors

/// Makes zstd frames whose only modelling is Huffman coding of literals, or none.
///
/// Weights hold no repeated strings, so searching for matches costs time and gains nothing. Only
/// runs that the caller expects to be nearly uniform are searched for bytes that repeat.
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
    let blocks = FrameBlock.blocks(
      FrameRun.equal(of: source.byteCount, each: runByteCount ?? source.byteCount))
    return try compress(source, blocks, mode, startsEmpty: false, appendingTo: &output)
  }

  /// Appends one frame with the whole of `source` to `output`, coded by Huffman where that pays.
  ///
  /// - Parameters:
  ///   - runs: the runs of bytes that make up `source`, of at most 2^32 - 1 bytes.
  ///   - startsEmpty: whether the frame begins with a block without content, as a mark: see
  ///     ``ZstdFrame/startsEmpty(_:contentByteCount:)``.
  /// - Returns: the byte count of the frame.
  /// - Throws: `zstd.memory`, `zstd.compress`.
  @discardableResult
  public func compress(
    _ source: RawSpan, runs: [FrameRun], startsEmpty: Bool, appendingTo output: inout [UInt8]
  ) throws(WeightsError) -> Int {
    precondition(runs.reduce(0) { $0 + $1.byteCount } == source.byteCount, "runs of all bytes")
    return try compress(
      source, FrameBlock.blocks(runs), .entropy, startsEmpty: startsEmpty, appendingTo: &output)
  }

  /// A size that no frame of those bytes goes below: each block is either left as it is, or takes
  /// what the entropy of its bytes demands of any code for single bytes.
  public static func leastByteCount(_ source: RawSpan, runs: [FrameRun]) -> Int {
    var bits = 0.0
    let blocks = FrameBlock.blocks(runs)
    for block in blocks {
      let bytes = source.extracting(block.range)
      bits +=
        EntropySample.mayShrink(bytes) ? Entropy.bits(of: bytes) : Double(8 * block.range.count)
    }
    // Rounding may not put it above the frame.
    return Int((bits * (1 - 0x1p-30) / 8).rounded(.down))
      + ZstdFrameHeader.blockHeaderByteCount * blocks.count
  }

  private func compress(
    _ source: RawSpan, _ blocks: [FrameBlock], _ mode: Mode, startsEmpty: Bool,
    appendingTo output: inout [UInt8]
  ) throws(WeightsError) -> Int {
    let start = output.count
    output.reserveCapacity(start + source.byteCount + 3 * blocks.count + 32)
    output += ZstdFrameHeader.bytes(contentByteCount: source.byteCount)
    if startsEmpty { output += ZstdFrame.emptyBlock }
    var first = 0
    while first < blocks.count {
      let content = source.extracting(blocks[first].range)
      if mode == .raw || !EntropySample.mayShrink(content) {
        output.append(rawBlock: content, isLast: first == blocks.count - 1)
        first += 1
        continue
      }
      // Blocks in a row are coded together, so that a table may serve several.
      var end = first + 1
      while end < blocks.count, EntropySample.mayShrink(source.extracting(blocks[end].range)) {
        end += 1
      }
      let group = blocks[first].range.lowerBound..<blocks[end - 1].range.upperBound
      let coded = try coder.code(source.extracting(group), blocks: blocks[first..<end])
      if end == blocks.count { output += coded } else { output.append(blocks: coded) }
      first = end
    }
    if blocks.isEmpty { output.append(rawBlock: source, isLast: true) }
    let checksum = XXH64.hash(source)
    output.append(checksum, .littleEndian, byteCount: RawFrame.checksumByteCount)
    return output.count - start
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
