import CImageCodecs
public import Diagnostics

/// Writes PNG files. The bytes depend on the pixels and on the versions of libpng and zlib alone:
/// there are no time or text chunks.
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
  /// - Parameter values: row-major [height, width].
  /// - Precondition: both sides are at least 1 and there are as many values as they say.
  /// - Throws: `image.memory`, `image.encode`.
  public static func encode(
    grey16 values: [UInt16], width: Int, height: Int
  ) throws(WeightsError) -> [UInt8] {
    precondition(width > 0 && height > 0, "a picture of at least 1 x 1")
    precondition(values.count == width * height, "one value a pixel")
    var rows: [UInt8] = []
    rows.reserveCapacity(2 * values.count)
    for value in values {
      rows.append(UInt8(value >> 8))
      rows.append(UInt8(value & 0xFF))
    }
    return try encode(rows, width: width, height: height, channels: 1, bitDepth: 16)
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
