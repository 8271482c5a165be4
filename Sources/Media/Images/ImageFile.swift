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
/// Where Pillow makes pixels up, this throws: files that end early, samples that a codec invents in
/// place of corrupt ones, palette entries that do not exist, and 16-bit grey, which Pillow clips at
/// 255. Depth and thermal cameras store measurements as 16-bit grey, and only their maker knows the
/// range: scaling the range of the type to 8 bits would leave most pictures black.
/// An EXIF block that cannot be read is refused in every format, where Pillow ignores it in a JPEG.
///
/// Orientations are read from whole numbers (types SHORT, SSHORT, LONG and SLONG), as cameras write
/// them, and from text that is complete; Pillow also turns a picture by other types, and by what it
/// can make out of text that was cut off.
public enum ImageFile {
  /// The picture in a file, whose format its first bytes decide, not its name.
  ///
  /// - Throws: what `InputFile` throws (`file.not-found`, `file.read`, …) and what
  ///   ``decode(_:limits:)`` throws.
  public static func read(
    path: String, limits: ImageLimits = .default
  ) throws(WeightsError) -> RGBImage {
    let bytes = try readWholeFile(path: path, limit: limits.fileByteCount)
    return try inFile(path) { () throws(WeightsError) in try decode(bytes, limits: limits) }
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
        "the PNG signature is damaged, as by a transfer in text mode; copy the file in binary mode")
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
  /// Checks the size that a header or a caller declares.
  ///
  /// - Throws: `image.zero-size`, `image.too-large`.
  public func check(width: Int, height: Int) throws(WeightsError) {
    guard width > 0, height > 0 else {
      throw WeightsError(
        .imageZeroSize, "expected at least 1 x 1 pixels, found \(width) x \(height)")
    }
    guard width <= side, height <= side, width * height <= pixelCount else {
      throw WeightsError(
        .imageTooLarge,
        "the image has \(width) x \(height) pixels; at most \(side) on a side and \(pixelCount) in "
          + "all are read")
    }
  }
}

/// How large a picture may claim to be; checked before memory is allocated for it.
public struct ImageLimits: Sendable, Equatable {
  /// Of either side. The largest cameras stay below.
  public var side = 16_384
  /// 2^27, 400 MB of RGB: between the areas at which Pillow warns (2^26.4) and refuses (2^27.4).
  public var pixelCount = 1 << 27
  /// Of the file, which is read whole.
  public var fileByteCount = 1 << 30
  /// Of a JPEG file: each scan of a progressive one may go over the whole picture and cost a few
  /// bytes. Encoders make about ten.
  public var scanCount = 500

  public static let `default` = Self()

  public init() {}
}
