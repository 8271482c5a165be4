import DVLACImageCodecs
public import DVLADiagnostics
import DVLATensors

/// Writes PNG files. The bytes depend on the pixels, the texts that are asked for and the versions
/// of libpng and zlib alone: there is no time stamp.
///
/// Unsafe code: the rows are handed to C with sizes that the callers check against the buffer, and
/// the file that C allocates is copied and freed here.
public enum PNGFile {
  /// The bytes of an 8-bit RGB file.
  ///
  /// - Throws: `image.memory`, `image.encode`.
  public static func encode(_ image: RGBImage) throws(WeightsError) -> [UInt8] {
    try encode(image.pixels, width: image.width, height: image.height, channels: 3, bitDepth: 8)
  }

  /// The bytes of a 16-bit grey file.
  ///
  /// - Parameters:
  ///   - values: row-major [height, width].
  ///   - texts: for chunks `tEXt` before the pixels, in ASCII.
  /// - Precondition: both sides are at least 1 and there are as many values as they say; keywords
  ///   have 1 to 79 characters.
  /// - Throws: `image.memory`, `image.encode`.
  public static func encode(
    grey16 values: [UInt16], width: Int, height: Int,
    texts: [(keyword: String, text: String)] = []
  ) throws(WeightsError) -> [UInt8] {
    precondition(width > 0 && height > 0, "a picture of at least 1 x 1")
    precondition(values.count == width * height, "one value a pixel")
    var rows: [UInt8] = []
    rows.reserveCapacity(2 * values.count)
    for value in values { rows.append(value, .bigEndian) }
    let file = try encode(rows, width: width, height: height, channels: 1, bitDepth: 16)
    let chunks = texts.flatMap { textChunk($0.keyword, $0.text) }
    return Array(file[..<afterHeader]) + chunks + Array(file[afterHeader...])
  }

  /// The signature, and the chunk IHDR with its length, name and checksum.
  private static let afterHeader = 8 + 25

  /// Source: PNG specification, third edition, sections 5.3 and 11.3.3.2.
  private static func textChunk(_ keyword: String, _ text: String) -> [UInt8] {
    precondition(1...79 ~= keyword.utf8.count, "a keyword of 1 to 79 characters")
    precondition((keyword + text).utf8.allSatisfy { 0x20...0x7E ~= $0 }, "ASCII")
    let data = Array("tEXt".utf8) + Array(keyword.utf8) + [0] + Array(text.utf8)
    var chunk: [UInt8] = []
    chunk.append(UInt32(data.count - 4), .bigEndian)
    chunk += data
    chunk.append(crc32(data[...]), .bigEndian)
    return chunk
  }

  private static func encode(
    _ rows: [UInt8], width: Int, height: Int, channels: Int32, bitDepth: Int32
  ) throws(WeightsError) -> [UInt8] {
    var file = unsafe image_bytes()
    var failure = image_failure()
    let status = unsafe rows.withUnsafeBufferPointer { rows in
      unsafe image_png_encode(
        rows.baseAddress, UInt32(width), UInt32(height), channels, bitDepth, &file, &failure)
    }
    defer { unsafe image_bytes_free(&file) }
    guard status == image_ok else {
      if status == image_no_memory { throw WeightsError(failure, codec: "libpng") }
      throw WeightsError(
        .imageEncode, .unavailable, "libpng cannot encode: \(failure.words)")
    }
    return unsafe Array(UnsafeBufferPointer(start: file.start, count: file.count))
  }
}
