import DVLADiagnostics
import DVLATensors

/// The one form of frame header this project writes and reads.
///
/// RFC 8878, section 3.1.1.1: magic number, frame header descriptor, frame content size. Single
/// segment, checksum present, no dictionary, the unused and the reserved bit zero, and the
/// content size in the narrowest field that holds it. One form, so that no bit of a header is
/// free to change.
enum ZstdFrameHeader {
  static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
  /// Bytes of the header of each block (RFC 8878, section 3.1.1.2).
  static let blockHeaderByteCount = 3

  /// The header of a frame of that content.
  static func bytes(contentByteCount size: Int) -> [UInt8] {
    let flag = size < 256 ? 0 : size < 65_792 ? 1 : 2
    let stored = flag == 1 ? size - 256 : size
    var bytes = magic + [UInt8(0x24 | flag << 6)]
    bytes.append(stored, .littleEndian, byteCount: 1 << flag)
    return bytes
  }

  /// Checks the header of a frame that must hold `contentByteCount` bytes. Needs the first nine
  /// bytes of the frame, or all of a shorter one.
  static func check(_ start: [UInt8], contentByteCount: Int) throws(WeightsError) {
    guard start.count >= 6, start.starts(with: magic) else {
      throw WeightsError(
        .zstdMagic, .malformed, "expected a zstd frame (28 b5 2f fd), found \(hex(start.prefix(4)))"
      )
    }
    let descriptor = start[4]
    guard descriptor & 0b0011_1111 == 0b0010_0100 else {
      throw WeightsError(
        .zstdHeader, .malformed,
        "expected a frame with single segment, checksum and no dictionary"
          + " (descriptor 24, 64 or a4), found descriptor \(hex([descriptor]))")
    }
    let flag = descriptor >> 6
    let width = 1 << Int(flag)
    guard flag < 3, start.count >= 5 + width else {
      throw WeightsError(
        .zstdHeader, .malformed, "expected a content size of 1, 2 or 4 bytes, found one of \(width)"
      )
    }
    let size = (flag == 1 ? 256 : 0) + Int(bytes: start[5..<5 + width], .littleEndian)
    guard size == contentByteCount else {
      throw WeightsError(
        .zstdContentSize, .malformed,
        "expected a frame of \(contentByteCount) bytes, found one that declares \(size)")
    }
    let narrowest = size < 256 ? 1 : size < 65_792 ? 2 : 4
    guard width == narrowest else {
      throw WeightsError(
        .zstdHeader, .malformed,
        "expected the content size \(size) in \(narrowest) bytes, found \(width)")
    }
  }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}
