import DVLACImageCodecs
import DVLADiagnostics

/// PNG to RGB through libpng.
///
/// Unsafe code: each buffer is handed to C with its own count, and `image_png_decode` writes
/// exactly `channels * width * height` bytes, which is how many there are.
enum PNGDecoder {
  static func decode(_ bytes: [UInt8], limits: ImageLimits) throws(WeightsError) -> RGBImage {
    let structure = try PNGStructure(bytes)
    let (width, height) = (structure.width, structure.height)
    try limits.check(width: width, height: height)
    guard structure.colour != .grey || structure.bitDepth < 16 else {
      throw WeightsError(
        .imageGrey16,
        "the image is 16-bit grey; convert it to 8 bits first, since only you know which values "
          + "are to be black and white")
    }
    // Deflate never saves more than 1032 to 1.
    guard structure.rawByteCount / 1032 <= structure.dataByteCount else {
      throw WeightsError(
        .imageSizeLie,
        "declares \(width) x \(height) pixels, which \(structure.dataByteCount) bytes of data "
          + "cannot hold")
    }
    let orientation = try Orientation(png: structure, bytes)

    let isIndexed = structure.colour == .palette
    var samples = [UInt8](repeating: 0, count: (isIndexed ? 1 : 3) * width * height)
    var failure = image_failure()
    let status = unsafe samples.withUnsafeMutableBufferPointer { samples in
      unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe image_png_decode(
          bytes.baseAddress, bytes.count, UInt32(width), UInt32(height), isIndexed ? 1 : 3,
          samples.baseAddress, &failure)
      }
    }
    guard status == image_ok else { throw WeightsError(failure, codec: "libpng") }
    let pixels = isIndexed ? try lookUp(samples, in: bytes[structure.palette]) : samples
    return orientation.upright(RGBImage(width: width, height: height, pixels: pixels))
  }

  /// libpng decodes an index beyond the palette as black.
  private static func lookUp(
    _ indices: [UInt8], in palette: ArraySlice<UInt8>
  ) throws(WeightsError) -> [UInt8] {
    let colours = Array(palette)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * indices.count)
    for index in indices {
      let start = 3 * Int(index)
      guard start + 3 <= colours.count else {
        throw WeightsError(
          .imageCorrupt,
          "a pixel has colour \(index) of a palette of \(colours.count / 3)")
      }
      pixels.append(colours[start])
      pixels.append(colours[start + 1])
      pixels.append(colours[start + 2])
    }
    return pixels
  }
}
