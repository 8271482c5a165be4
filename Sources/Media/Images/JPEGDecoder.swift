import DVLACImageCodecs
import DVLADiagnostics

/// JPEG to RGB through libjpeg-turbo, with the integer transform and the smooth upsampling that
/// Pillow leaves on.
///
/// Unsafe code: each buffer is handed to C with its own count, and `image_jpeg_decode` writes
/// exactly `components * width * height` bytes, which is how many there are.
enum JPEGDecoder {
  static func decode(_ bytes: [UInt8], limits: ImageLimits) throws(WeightsError) -> RGBImage {
    let structure = try JPEGStructure(bytes)
    let (width, height) = (structure.width, structure.height)
    try limits.check(width: width, height: height)
    guard structure.minimumBitCount <= 8 * bytes.count else {
      throw WeightsError(
        .imageSizeLie,
        "declares \(width) x \(height) pixels, which a file of \(bytes.count) bytes cannot hold")
    }
    let orientation = try Orientation(exif: structure.exif, xmp: structure.xmp)

    var failure = image_failure()
    var samples = [UInt8](repeating: 0, count: structure.components * width * height)
    let status = unsafe samples.withUnsafeMutableBufferPointer { samples in
      unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe image_jpeg_decode(
          bytes.baseAddress, bytes.count, UInt32(width), UInt32(height),
          Int32(structure.components), Int32(clamping: limits.scanCount), samples.baseAddress,
          &failure)
      }
    }
    guard status == image_ok else { throw WeightsError(failure, codec: "libjpeg") }
    let pixels =
      switch structure.components {
      case 1: rgb(grey: samples)
      case 3: samples
      default: rgb(invertedCMYK: samples)
      }
    return orientation.upright(RGBImage(width: width, height: height, pixels: pixels))
  }

  private static func rgb(grey samples: [UInt8]) -> [UInt8] {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * samples.count)
    for sample in samples {
      pixels.append(sample)
      pixels.append(sample)
      pixels.append(sample)
    }
    return pixels
  }

  /// CMYK as JPEG files store it, full ink at 0: Pillow assumes that every file follows Adobe in
  /// this.
  ///
  /// Source: Pillow 13, `JpegImagePlugin.py` (raw mode `CMYK;I`) and `Convert.c`, `cmyk2rgb`: each
  /// colour is white less black, less the ink's share of that, in 8-bit fixed point.
  private static func rgb(invertedCMYK samples: [UInt8]) -> [UInt8] {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(samples.count / 4 * 3)
    for start in stride(from: 0, to: samples.count, by: 4) {
      let white = Int(samples[start + 3])
      for ink in 0..<3 {
        let product = (255 - Int(samples[start + ink])) * white + 128
        let share = ((product >> 8) + product) >> 8
        pixels.append(UInt8(max(0, white - share)))
      }
    }
    return pixels
  }
}
