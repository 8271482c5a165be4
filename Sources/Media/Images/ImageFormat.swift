/// What the first bytes of a file say it is.
enum ImageFormat: Equatable {
  case png, jpeg
  /// A PNG file whose line ends were converted on the way.
  case damagedPNG
  /// Another format, by name.
  case other(String)

  static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Nil where no picture starts so.
  init?(_ bytes: [UInt8]) {
    if bytes.starts(with: Self.pngSignature) {
      self = .png
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      self = .damagedPNG
    } else if let other = Self.others.first(where: {
      bytes.dropFirst($0.offset).starts(with: $0.magic)
    }) {
      self = .other(other.name)
    } else {
      return nil
    }
  }

  private static let others: [(name: String, offset: Int, magic: [UInt8])] = [
    ("GIF", 0, Array("GIF8".utf8)),
    ("WebP", 8, Array("WEBP".utf8)),
    ("TIFF", 0, [0x49, 0x49, 0x2A, 0x00]),
    ("TIFF", 0, [0x4D, 0x4D, 0x00, 0x2A]),
    ("TIFF", 0, [0x49, 0x49, 0x2B, 0x00]),
    ("AVIF", 4, Array("ftypavi".utf8)),
    ("HEIF", 4, Array("ftyphe".utf8)),
    ("HEIF", 4, Array("ftypmif1".utf8)),
    ("JPEG 2000", 4, [0x6A, 0x50, 0x20, 0x20, 0x0D, 0x0A, 0x87, 0x0A]),
    ("JPEG 2000", 0, [0xFF, 0x4F, 0xFF, 0x51]),
    ("JPEG XL", 4, [0x4A, 0x58, 0x4C, 0x20, 0x0D, 0x0A, 0x87, 0x0A]),
    ("JPEG XL", 0, [0xFF, 0x0A]),
    ("OpenEXR", 0, [0x76, 0x2F, 0x31, 0x01]),
    ("BMP", 0, Array("BM".utf8)),
    ("netpbm", 0, Array("P1".utf8)), ("netpbm", 0, Array("P2".utf8)),
    ("netpbm", 0, Array("P3".utf8)), ("netpbm", 0, Array("P4".utf8)),
    ("netpbm", 0, Array("P5".utf8)), ("netpbm", 0, Array("P6".utf8)),
    ("Portable Float Map", 0, Array("PF".utf8)), ("Portable Float Map", 0, Array("Pf".utf8)),
  ]
}
