import DVLADiagnostics
import DVLATensors

/// The segments of a JPEG file up to the first scan: the frame header's fields and the metadata.
///
/// Read before libjpeg sees the file, so that errors name the byte, and so that the size is known
/// before memory is taken. Source: ITU-T T.81, annex B.
struct JPEGStructure {
  let width, height: Int
  let components: Int
  /// The fewest bits that the coded picture can take, 0 where nothing bounds them.
  let minimumBitCount: Int
  /// The EXIF block, put together from its segments, and the XMP packet.
  private(set) var exif, xmp: [UInt8]?

  init(_ bytes: [UInt8]) throws(WeightsError) {
    var reader = SegmentReader(bytes)
    var frame: Frame?
    while let segment = try reader.next() {
      switch segment.marker {
      case 0xC4, 0xC8, 0xCC: break
      case 0xC0...0xCF:
        guard frame == nil else {
          throw WeightsError(.imageStructure, "a second frame header at byte \(segment.offset)")
        }
        frame = try Frame(segment, bytes)
      case 0xE1:
        let data = bytes[segment.data]
        if data.starts(with: Array("Exif\0\0".utf8)) {
          exif = exif.map { $0 + data.dropFirst(6) } ?? Array(data)
        } else if data.starts(with: Self.xmpMark) {
          xmp = Array(data.dropFirst(Self.xmpMark.count))
        }
      default: break
      }
    }
    guard let frame else {
      throw WeightsError(.imageStructure, "no frame header before the first scan")
    }
    (width, height, components) = (frame.width, frame.height, frame.components)
    minimumBitCount = frame.minimumBitCount
  }

  private static let xmpMark = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
}

/// A marker segment.
private struct Segment {
  var marker: UInt8
  /// Where its marker starts.
  var offset: Int
  /// What follows its length field.
  var data: Range<Int>
}

private struct SegmentReader {
  private let bytes: [UInt8]
  private var offset = 2

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The next segment, or nil at the first scan.
  mutating func next() throws(WeightsError) -> Segment? {
    let start = offset
    guard try byte() == 0xFF else {
      throw WeightsError(
        .imageStructure, "expected a marker at byte \(start), found \(bytes[start])")
    }
    var marker = try byte()
    while marker == 0xFF { marker = try byte() }
    switch marker {
    case 0xDA: return nil
    case 0x01, 0xD0...0xD7:
      return Segment(marker: marker, offset: start, data: offset..<offset)
    case 0x00, 0xD8, 0xD9:
      throw WeightsError(
        .imageStructure,
        "expected a segment at byte \(start), found marker FF\(String(marker, radix: 16))")
    default: break
    }
    let length = Int(bytes: [try byte(), try byte()], .bigEndian)
    guard length >= 2 else {
      throw WeightsError(
        .imageStructure,
        "expected a segment length of at least 2 at byte \(offset - 2), found \(length)")
    }
    guard length - 2 <= bytes.count - offset else {
      throw WeightsError(
        .imageTruncated,
        "ends at byte \(bytes.count), inside the segment of \(length) bytes at byte \(start)")
    }
    let data = offset..<offset + length - 2
    offset = data.upperBound
    return Segment(marker: marker, offset: start, data: data)
  }

  private mutating func byte() throws(WeightsError) -> UInt8 {
    guard offset < bytes.count else {
      throw WeightsError(
        .imageTruncated, "ends at byte \(bytes.count), before the first scan of the picture")
    }
    defer { offset += 1 }
    return bytes[offset]
  }
}

/// The fields of a frame header.
private struct Frame {
  let width, height, components: Int
  let minimumBitCount: Int

  init(_ segment: Segment, _ bytes: [UInt8]) throws(WeightsError) {
    let offset = segment.offset
    // Baseline, extended and progressive, Huffman-coded or arithmetic.
    guard [0xC0, 0xC1, 0xC2, 0xC9, 0xCA].contains(segment.marker) else {
      throw WeightsError(
        .imageStructure,
        "expected a sequential or progressive JPEG, found a lossless or hierarchical one at byte "
          + "\(offset)")
    }
    let fields = Array(bytes[segment.data])
    guard fields.count >= 6, fields.count == 6 + 3 * Int(fields[5]) else {
      throw WeightsError(
        .imageStructure, "a frame header at byte \(offset) whose length fits no components")
    }
    guard fields[0] == 8 else {
      throw WeightsError(
        .imageStructure, "expected 8 bits a sample at byte \(offset), found \(fields[0])")
    }
    guard [1, 3, 4].contains(fields[5]) else {
      throw WeightsError(
        .imageStructure,
        "expected 1, 3 or 4 components at byte \(offset), found \(fields[5])")
    }
    height = Int(bytes: fields[1..<3], .bigEndian)
    width = Int(bytes: fields[3..<5], .bigEndian)
    components = Int(fields[5])

    let sampling = (0..<components).map {
      (Int(fields[7 + 3 * $0] >> 4), Int(fields[7 + 3 * $0] & 15))
    }
    let most = (sampling.map(\.0).max() ?? 1, sampling.map(\.1).max() ?? 1)
    guard sampling.allSatisfy({ (1...4).contains($0.0) && (1...4).contains($0.1) }) else {
      throw WeightsError(
        .imageStructure, "expected sampling factors of 1 to 4 at byte \(offset)")
    }
    // A Huffman code has at least one bit, and each block of 8 x 8 samples at least one code for
    // its mean. Arithmetic codes have no such bound.
    minimumBitCount =
      segment.marker >= 0xC9
      ? 0
      : sampling.reduce(0) { [width, height] sum, factors in
        let columns = (width * factors.0 / most.0 + 7) / 8
        return sum + columns * ((height * factors.1 / most.1 + 7) / 8)
      }
  }
}
