public import DVLADiagnostics
import DVLAFiles

/// Pictures in PNG and JPEG files, as the RGB pixels that transformers' `load_image` gives.
///
/// That is Pillow's `ImageOps.exif_transpose(Image.open(path)).convert("RGB")`, bit for bit: grey
/// and palettes become RGB, alpha and transparent colours are dropped (not blended: only a picture
/// handed to an image processor as an object that still has alpha is blended onto white upstream),
/// 16-bit colour loses its low byte, gamma and colour profiles are ignored, and a picture that says
/// in its EXIF block or XMP packet that it lies on its side is turned upright.
///
/// Where Pillow gives pixels of its own making, this gives none: files that end early, samples that
/// a codec invents in place of corrupt ones, palette entries that do not exist, and 16-bit grey,
/// which Pillow clips at 255. The last is how depth and thermal cameras store measurements, whose
/// range only their maker knows: scaling the file's range to 8 bits would leave most of them black.
/// An EXIF block that cannot be read is refused in every format, where Pillow ignores it in a JPEG.
///
/// Orientations are read from whole numbers (types SHORT, SSHORT, LONG and SLONG), as cameras write
/// them, and from text that is complete; Pillow also turns a picture by other types, and by what it
/// can make out of text that was cut off.
public enum ImageFile {
  /// The picture in a file, whose format is told by its first bytes, not by its name.
  ///
  /// - Throws: what `InputFile` throws (`file.not-found`, `file.read`, …) and what
  ///   ``decode(_:limits:)`` throws.
  public static func read(
    path: String, limits: ImageLimits = .default
  ) throws(WeightsError) -> RGBImage {
    let bytes = try readWholeFile(path: path, limit: limits.fileByteCount)
    do throws(WeightsError) {
      return try decode(bytes, limits: limits)
    } catch {
      throw error.inFile(path)
    }
  }

  /// The picture in the bytes of a file. Bytes after its end mark are ignored.
  ///
  /// - Throws: `image.empty`, `image.unsupported-format`, `image.not-an-image`, `image.transfer`,
  ///   `image.truncated`, `image.checksum`, `image.structure`, `image.zero-size`,
  ///   `image.too-large`, `image.size-lie`, `image.corrupt`, `image.grey16`, `image.exif`,
  ///   `image.memory`.
  public static func decode(
    _ bytes: [UInt8], limits: ImageLimits = .default
  ) throws(WeightsError) -> RGBImage {
    guard !bytes.isEmpty else {
      throw WeightsError(.imageEmpty, "expected a PNG or JPEG image, found an empty file")
    }
    switch ImageFormat(bytes) {
    case .png:
      return try PNGDecoder.decode(bytes, limits: limits)
    case .jpeg:
      return try JPEGDecoder.decode(bytes, limits: limits)
    case .damagedPNG:
      throw WeightsError(
        .imageTransfer,
        "a PNG image whose first 8 bytes were changed, as by copying it in text mode")
    case .other(let name):
      throw WeightsError(
        .imageUnsupportedFormat, "expected a PNG or JPEG image, found \(name): convert it first")
    case nil:
      let start = bytes.prefix(8).map { String($0, radix: 16).leftPadded(to: 2) }
      throw WeightsError(
        .imageNotAnImage,
        "expected a PNG or JPEG image, found bytes that start \(start.joined(separator: " "))")
    }
  }
}

extension String {
  fileprivate func leftPadded(to length: Int) -> String {
    String(repeating: "0", count: max(0, length - count)) + self
  }
}

extension ImageLimits {
  /// Checks the size a header declares.
  func check(width: Int, height: Int) throws(WeightsError) {
    guard width > 0, height > 0 else {
      throw WeightsError(
        .imageZeroSize, "expected at least 1 x 1 pixels, found \(width) x \(height)")
    }
    guard width <= side, height <= side, width * height <= pixelCount else {
      throw WeightsError(
        .imageTooLarge,
        "\(width) x \(height) pixels, expected at most \(side) a side and \(pixelCount) in all")
    }
  }
}
