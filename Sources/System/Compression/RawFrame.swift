public import DVLADiagnostics
import DVLAHashing
import DVLATensors

/// The frame that ``ZstdCompressor`` makes in its mode `raw`: where the content lies in it.
///
/// Everything in such a frame but the content and its checksum follows from the size of the
/// content, so that a reader can put the content straight into its place and compare the rest.
public struct RawFrame: Sendable, Equatable {
  /// Bytes of the content.
  public let contentByteCount: Int
  /// The frame header with the first block header, the other block headers, and room for the
  /// checksum, one after the other.
  public let framing: [UInt8]
  /// The frame in order: ranges of the framing and of the content in turn, beginning and ending
  /// with the framing. The last is the checksum.
  public let pieces: [Range<Int>]

  static let checksumByteCount = 4

  /// Bytes of the whole frame.
  public var byteCount: Int { contentByteCount + framing.count }

  /// - Precondition: `contentByteCount` is from 1 to 2^32 - 1.
  public init(contentByteCount: Int) {
    precondition(contentByteCount > 0 && contentByteCount <= UInt32.max, "a content of a frame")
    self.contentByteCount = contentByteCount
    var framing = ZstdFrameHeader.bytes(contentByteCount: contentByteCount)
    var pieces: [Range<Int>] = []
    var (framed, start) = (0, 0)
    while start < contentByteCount {
      let end = min(start + ZstdCompressor.blockByteCount, contentByteCount)
      // RFC 8878, section 3.1.1.2: last block, type 0 (raw), size.
      let header = (end == contentByteCount ? 1 : 0) | (end - start) << 3
      framing.append(header, .littleEndian, byteCount: ZstdFrameHeader.blockHeaderByteCount)
      pieces += [framed..<framing.count, start..<end]
      (framed, start) = (framing.count, end)
    }
    framing += [UInt8](repeating: 0, count: Self.checksumByteCount)
    pieces.append(framed..<framing.count)
    self.framing = framing
    self.pieces = pieces
  }

  /// Whether these are the bytes of the framing of such a frame, except for its checksum.
  public func matches(_ framing: some Collection<UInt8>) -> Bool {
    framing.count == self.framing.count
      && framing.dropLast(Self.checksumByteCount).elementsEqual(
        self.framing.dropLast(Self.checksumByteCount))
  }

  /// Checks the content against the checksum of the frame, as decoding the frame would.
  ///
  /// - Parameter framing: the bytes of the framing as they were read.
  /// - Throws: `zstd.checksum`.
  /// - Precondition: ``matches(_:)``.
  public func check(_ framing: [UInt8], holding content: RawSpan) throws(WeightsError) {
    precondition(framing.count == self.framing.count, "the framing of such a frame")
    let stored = UInt32(bytes: framing.suffix(Self.checksumByteCount), .littleEndian)
    guard UInt32(truncatingIfNeeded: XXH64.hash(content)) == stored else {
      throw .checksumOfFrame
    }
  }
}
