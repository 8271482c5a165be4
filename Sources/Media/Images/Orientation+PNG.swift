import DVLACImageCodecs
import DVLADiagnostics

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
