import DVLADiagnostics

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

  /// The number in tag 0x0112 of the first directory, whatever it is; nil where there is none. As
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
  private let isLittleEndian: Bool

  init?(_ bytes: [UInt8]) {
    if bytes.starts(with: [0x49, 0x49, 0x2A, 0x00]) {
      isLittleEndian = true
    } else if bytes.starts(with: [0x4D, 0x4D, 0x00, 0x2A]) {
      isLittleEndian = false
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
    let field = bytes[offset..<offset + width]
    return isLittleEndian ? bigEndian(Array(field.reversed())[...]) : bigEndian(field)
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
