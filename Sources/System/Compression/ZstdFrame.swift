/// What can be seen of a frame without decoding it.
public enum ZstdFrame {
  /// RFC 8878, section 3.1.1.2: not the last, raw, no bytes.
  static let emptyBlock: [UInt8] = [0, 0, 0]

  /// Whether the first block of a frame is raw and empty and not the last. Decoders pass over such
  /// a block, so it can mark a frame.
  ///
  /// - Parameter frame: a frame of that content whose header is sound.
  public static func startsEmpty(_ frame: RawSpan, contentByteCount: Int) -> Bool {
    let start = ZstdFrameHeader.bytes(contentByteCount: contentByteCount).count
    guard frame.byteCount >= start + emptyBlock.count else { return false }
    return unsafe frame.withUnsafeBytes { bytes in
      unsafe bytes[start..<start + emptyBlock.count].elementsEqual(emptyBlock)
    }
  }
}
