import DVLACImageCodecs
import DVLADiagnostics
import DVLATensors

/// How a stored picture lies, as EXIF and TIFF number it: which transformation turns it upright.
///
/// Source: Pillow 13, `ImageOps.exif_transpose`, which transformers' `load_image` applies.
enum Orientation: Int {
  case upright = 1
  case mirrored
  case rotated180
  case flipped
  case transposed
  case rotatedLeft
  case transverse
  case rotatedRight

  private var swapsSides: Bool { rawValue >= 5 }

  /// Where the upright picture's pixel at (row, column) lies in the stored one.
  private func source(
    row: Int, column: Int, storedWidth width: Int, storedHeight height: Int
  ) -> (row: Int, column: Int) {
    switch self {
    case .upright: (row, column)
    case .mirrored: (row, width - 1 - column)
    case .rotated180: (height - 1 - row, width - 1 - column)
    case .flipped: (height - 1 - row, column)
    case .transposed: (column, row)
    case .rotatedLeft: (height - 1 - column, row)
    case .transverse: (height - 1 - column, width - 1 - row)
    case .rotatedRight: (column, width - 1 - row)
    }
  }

  func upright(_ image: RGBImage) -> RGBImage {
    guard self != .upright else { return image }
    let (width, height) =
      swapsSides ? (image.height, image.width) : (image.width, image.height)
    var pixels = [UInt8](repeating: 0, count: image.pixels.count)
    var target = 0
    for row in 0..<height {
      for column in 0..<width {
        let source = source(
          row: row, column: column, storedWidth: image.width, storedHeight: image.height)
        let start = 3 * (source.row * image.width + source.column)
        for channel in 0..<3 { pixels[target + channel] = image.pixels[start + channel] }
        target += 3
      }
    }
    return RGBImage(width: width, height: height, pixels: pixels)
  }
}

extension Orientation {
  /// The orientation that metadata state: the EXIF block's, else the XMP packet's, else upright.
  ///
  /// Source: Pillow 13, `Image.getexif`.
  ///
  /// - Throws: `image.exif`.
  init(exif: [UInt8]?, xmp: [UInt8]?) throws(WeightsError) {
    if let exif, let stated = try Self.number(inEXIF: exif) {
      self = Self(rawValue: stated) ?? .upright
    } else {
      self = xmp.flatMap(Self.number(inXMP:)).flatMap(Self.init(rawValue:)) ?? .upright
    }
  }

  /// The number in tag 0x0112 of the first directory, valid or not; nil where there is none. As
  /// Pillow does, takes the entries up to where the block is cut off.
  ///
  /// Source: TIFF 6.0, section 2.
  private static func number(inEXIF block: [UInt8]) throws(WeightsError) -> Int? {
    let mark = Array("Exif\0\0".utf8)
    var bytes = block[...]
    for _ in 0..<2 where bytes.starts(with: mark) { bytes = bytes.dropFirst(mark.count) }
    guard !bytes.isEmpty else { return nil }
    guard let tiff = TIFFBytes(Array(bytes)), let directory = tiff.word(at: 4) else {
      throw WeightsError(
        .imageExif, "expected an EXIF block that starts with a TIFF header, found another start")
    }
    guard let count = tiff.half(at: directory) else { return nil }
    for index in 0..<count {
      let entry = directory + 2 + 12 * index
      guard tiff.holds(12, at: entry), let tag = tiff.half(at: entry) else { return nil }
      if tag == 0x0112, let value = tiff.integer(ofEntryAt: entry) { return value }
    }
    return nil
  }

  /// The digit after the first `tiff:Orientation="` or `tiff:Orientation>`.
  private static func number(inXMP packet: [UInt8]) -> Int? {
    let name = Array("tiff:Orientation".utf8)
    for start in packet.indices where packet[start...].starts(with: name) {
      var rest = packet[(start + name.count)...]
      if rest.starts(with: Array("=\"".utf8)) {
        rest = rest.dropFirst(2)
      } else if rest.first == UInt8(ascii: ">") {
        rest = rest.dropFirst()
      } else {
        continue
      }
      if let digit = rest.first, (0x30...0x39).contains(digit) { return Int(digit) - 0x30 }
    }
    return nil
  }
}

/// The bytes of a TIFF file, in either byte order.
private struct TIFFBytes {
  private let bytes: [UInt8]
  private let order: ByteOrder

  init?(_ bytes: [UInt8]) {
    if bytes.starts(with: [0x49, 0x49, 0x2A, 0x00]) {
      order = .littleEndian
    } else if bytes.starts(with: [0x4D, 0x4D, 0x00, 0x2A]) {
      order = .bigEndian
    } else {
      return nil
    }
    self.bytes = bytes
  }

  func holds(_ count: Int, at offset: Int) -> Bool {
    offset >= 0 && offset <= bytes.count && count <= bytes.count - offset
  }

  func half(at offset: Int) -> Int? { number(at: offset, 2) }
  func word(at offset: Int) -> Int? { number(at: offset, 4) }

  private func number(at offset: Int, _ width: Int) -> Int? {
    guard holds(width, at: offset) else { return nil }
    return Int(bytes: bytes[offset..<offset + width], order)
  }

  /// The first value of an entry of type SHORT or LONG, signed or not: signs matter only to
  /// numbers that are no orientation.
  func integer(ofEntryAt entry: Int) -> Int? {
    guard let type = half(at: entry + 2), let count = word(at: entry + 4), count > 0 else {
      return nil
    }
    let width: Int
    switch type {
    case 3, 8: width = 2
    case 4, 9: width = 4
    default: return nil
    }
    let offset = count * width <= 4 ? entry + 8 : word(at: entry + 8)
    return offset.flatMap { number(at: $0, width) }
  }
}

extension Orientation {
  // What Pillow accepts.
  private static let textByteCount = 1 << 20

  /// The orientation in a PNG file: chunk eXIf, else ImageMagick's text "Raw profile type exif",
  /// else the text with the XMP packet. The last chunk of a kind counts.
  ///
  /// - Throws: `image.exif`.
  init(png: PNGStructure, _ bytes: [UInt8]) throws(WeightsError) {
    var exif: [UInt8]?
    var profile: [UInt8]?
    var xmp: [UInt8]?
    for chunk in png.chunks {
      let data = bytes[chunk.data]
      switch chunk.name {
      case "eXIf": exif = Array(data)
      case "tEXt", "zTXt", "iTXt":
        if let text = Self.text(data, of: chunk.name, under: "Raw profile type exif") {
          profile = text
        } else if let text = Self.text(data, of: chunk.name, under: "XML:com.adobe.xmp") {
          xmp = text
        }
      default: break
      }
    }
    try self.init(exif: exif ?? profile.map(Self.rawProfile), xmp: xmp)
  }

  /// The text of a chunk with that keyword, or nil.
  ///
  /// Source: PNG specification, third edition, section 11.3.3.
  private static func text(
    _ data: ArraySlice<UInt8>, of chunk: String, under keyword: String
  ) -> [UInt8]? {
    let start = Array(keyword.utf8) + [0]
    guard data.starts(with: start) else { return nil }
    let rest = data.dropFirst(start.count)
    switch chunk {
    case "tEXt":
      return Array(rest)
    case "zTXt":
      return rest.first == 0 ? inflate(Array(rest.dropFirst())) : nil
    default:
      guard rest.count >= 2, let isCompressed = rest.first else { return nil }
      let method = rest[rest.startIndex + 1]
      // Language and translated keyword, each up to a zero byte.
      let parts = rest.dropFirst(2).split(
        separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return nil }
      if isCompressed == 0 { return Array(parts[2]) }
      return method == 0 ? inflate(Array(parts[2])) : nil
    }
  }

  /// Unsafe code: both buffers are handed to C with their own counts.
  private static func inflate(_ bytes: [UInt8]) -> [UInt8]? {
    var text = [UInt8](repeating: 0, count: textByteCount)
    let count = unsafe text.withUnsafeMutableBufferPointer { text in
      unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe image_inflate(bytes.baseAddress, bytes.count, text.baseAddress, text.count)
      }
    }
    return count < 0 ? nil : Array(text[..<count])
  }

  /// The bytes that three lines of heading and then hexadecimal digits stand for.
  private static func rawProfile(_ text: [UInt8]) -> [UInt8] {
    let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false).dropFirst(3)
    let digits = lines.joined().compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
    return stride(from: 0, to: digits.count - 1, by: 2).map {
      UInt8(16 * digits[$0] + digits[$0 + 1])
    }
  }
}
