import DVLACImageCodecs
import DVLADiagnostics
import DVLATensors

/// The chunks of a PNG file, each whole and with the right checksum, and the header's fields.
///
/// Checked before libpng sees the file, so that errors name chunk and byte, and so that the size is
/// known before memory is taken. Source: PNG specification, third edition, sections 5 and 11.
struct PNGStructure {
  struct Chunk {
    var name: String
    /// Where its length field starts.
    var offset: Int
    var data: Range<Int>
  }

  enum Colour: UInt8 {
    case grey = 0
    case rgb = 2
    case palette = 3
    case greyAlpha = 4
    case rgba = 6

    var channels: Int {
      switch self {
      case .grey, .palette: 1
      case .greyAlpha: 2
      case .rgb: 3
      case .rgba: 4
      }
    }

    var bitDepths: [Int] {
      switch self {
      case .grey: [1, 2, 4, 8, 16]
      case .palette: [1, 2, 4, 8]
      case .greyAlpha, .rgb, .rgba: [8, 16]
      }
    }
  }

  let chunks: [Chunk]
  let width, height: Int
  let bitDepth: Int
  let colour: Colour
  let isInterlaced: Bool

  init(_ bytes: [UInt8]) throws(WeightsError) {
    chunks = try Self.walk(bytes)
    guard let header = chunks.first, header.name == "IHDR", header.data.count == 13 else {
      throw WeightsError(.imageStructure, "expected a header chunk IHDR of 13 bytes at byte 8")
    }
    let fields = Array(bytes[header.data])
    let width = Int(bytes: fields[0..<4], .bigEndian)
    let height = Int(bytes: fields[4..<8], .bigEndian)
    guard width <= Int32.max, height <= Int32.max else {
      throw WeightsError(
        .imageStructure, "expected sides below 2^31 in IHDR, found \(width) x \(height)")
    }
    guard let colour = Colour(rawValue: fields[9]) else {
      throw WeightsError(
        .imageStructure, "expected colour type 0, 2, 3, 4 or 6 in IHDR, found \(fields[9])")
    }
    guard colour.bitDepths.contains(Int(fields[8])) else {
      throw WeightsError(
        .imageStructure,
        "expected a bit depth in \(colour.bitDepths) for colour type \(fields[9]) in IHDR, "
          + "found \(fields[8])")
    }
    guard fields[10] == 0, fields[11] == 0, fields[12] <= 1 else {
      throw WeightsError(
        .imageStructure,
        "expected compression 0, filter 0 and interlace 0 or 1 in IHDR, found \(fields[10]), "
          + "\(fields[11]) and \(fields[12])")
    }
    (self.width, self.height, self.colour) = (width, height, colour)
    (bitDepth, isInterlaced) = (Int(fields[8]), fields[12] == 1)
    try checkOrder()
  }

  private static func walk(_ bytes: [UInt8]) throws(WeightsError) -> [Chunk] {
    var chunks: [Chunk] = []
    var offset = ImageFormat.pngSignature.count
    while chunks.last?.name != "IEND" {
      guard bytes.count - offset >= 12 else {
        throw WeightsError(
          .imageTruncated,
          "ends at byte \(bytes.count), expected a chunk at byte \(offset): the last must be IEND")
      }
      let length = Int(bytes: bytes[offset..<offset + 4], .bigEndian)
      let nameBytes = bytes[offset + 4..<offset + 8]
      guard nameBytes.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) else {
        throw WeightsError(.imageStructure, "the chunk at byte \(offset) has no name of 4 letters")
      }
      let name = String(decoding: nameBytes, as: UTF8.self)
      guard length <= bytes.count - offset - 12 else {
        throw WeightsError(
          .imageTruncated,
          "ends at byte \(bytes.count), inside the chunk \(name) of \(length) bytes at byte "
            + "\(offset)")
      }
      let data = offset + 8..<offset + 8 + length
      let checksum = crc32(bytes[offset + 4..<data.upperBound])
      let stated = UInt32(bytes: bytes[data.upperBound..<data.upperBound + 4], .bigEndian)
      guard checksum == stated else {
        throw WeightsError(
          .imageChecksum, "the chunk \(name) at byte \(offset) does not match its checksum")
      }
      chunks.append(Chunk(name: name, offset: offset, data: data))
      offset = data.upperBound + 4
    }
    return chunks
  }

  private func checkOrder() throws(WeightsError) {
    var dataChunks: [Int] = []
    for (index, chunk) in chunks.enumerated() {
      switch chunk.name {
      case "IHDR" where index > 0:
        throw WeightsError(.imageStructure, "a second IHDR at byte \(chunk.offset)")
      case "IHDR", "PLTE", "IEND":
        break
      case "IDAT":
        if let last = dataChunks.last, last != index - 1 {
          throw WeightsError(
            .imageStructure,
            "the IDAT at byte \(chunk.offset) does not follow the one before it")
        }
        dataChunks.append(index)
      default:
        // An upper-case first letter: a picture that cannot be shown without the chunk.
        guard chunk.name.utf8.first.map({ $0 >= 0x61 }) ?? false else {
          throw WeightsError(
            .imageStructure, "an unknown critical chunk \(chunk.name) at byte \(chunk.offset)")
        }
      }
    }
    guard let firstData = dataChunks.first else {
      throw WeightsError(.imageStructure, "no IDAT, the chunk with the picture")
    }
    guard let palette = chunks[..<firstData].last(where: { $0.name == "PLTE" }) else {
      guard colour != .palette else {
        throw WeightsError(
          .imageStructure, "expected a palette PLTE before byte \(chunks[firstData].offset)")
      }
      return
    }
    guard palette.data.count % 3 == 0, (3...768).contains(palette.data.count) else {
      throw WeightsError(
        .imageStructure,
        "expected 3 to 768 bytes of palette in threes at byte \(palette.offset), found "
          + "\(palette.data.count)")
    }
  }

  /// Where the palette's bytes are, three a colour; empty where there is none.
  var palette: Range<Int> { chunks.first { $0.name == "PLTE" }?.data ?? 0..<0 }

  /// Bytes of the compressed picture.
  var dataByteCount: Int {
    chunks.reduce(0) { $0 + ($1.name == "IDAT" ? $1.data.count : 0) }
  }

  /// Bytes of the picture before compression, but for the filter types of rows.
  var rawByteCount: Int { height * ((width * colour.channels * bitDepth + 7) / 8) }
}

/// The checksum of a chunk's name and data.
///
/// Unsafe code: the bytes are handed to C with their own count.
func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  unsafe bytes.withUnsafeBufferPointer { unsafe image_crc32($0.baseAddress, $0.count) }
}
