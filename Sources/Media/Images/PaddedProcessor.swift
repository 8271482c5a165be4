public import DVLADiagnostics
public import DVLATensors

/// openpi's image processor: as large as fits into a frame, black around it, values between -1 and
/// 1.
///
/// Source: openpi, `packages/openpi-client/src/openpi_client/image_tools.py`, `resize_with_pad`
/// (Pillow), and `src/openpi/models/model.py`, `Observation.from_dict`; the values are the same
/// bits.
public struct PaddedProcessor: Sendable {
  public let size: PixelSize
  public let normalization: PixelNormalization

  /// pi0's frames are 224 x 224. Its values, `sample / 255 * 2 - 1` in float32, are the same bits
  /// as the default gives for every sample.
  ///
  /// - Precondition: no side of 0.
  public init(
    size: PixelSize, normalization: PixelNormalization = PixelNormalization(.half, backend: .pil)
  ) {
    precondition(size.isPositive, "no side of 0")
    (self.size, self.normalization) = (size, normalization)
  }

  /// The rows and columns of the frame that the picture fills. Of an odd number of black rows or
  /// columns, one more is below or right.
  ///
  /// Quotients of rounded quotients can fall just short of a whole number: upstream rounds them
  /// down, so that black remains where none has to.
  ///
  /// - Throws: `image.aspect` where a side of the picture would be 0, `image.too-large`.
  public func content(
    of image: RGBImage
  ) throws(WeightsError) -> (rows: Range<Int>, columns: Range<Int>) {
    let resized = try size.largestFit(of: image)
    let top = (size.height - resized.height) / 2
    let left = (size.width - resized.width) / 2
    return (top..<top + resized.height, left..<left + resized.width)
  }

  /// The picture in its frame, by Pillow's bilinear resize.
  ///
  /// - Throws: `image.aspect`, `image.too-large`.
  public func frame(_ image: RGBImage) throws(WeightsError) -> RGBImage {
    let (rows, columns) = try content(of: image)
    let resized = PictureResizer(
      from: image.size, to: PixelSize(height: rows.count, width: columns.count),
      by: ResizeMethod(.pil, .bilinear)
    )(image)
    var pixels = [UInt8](repeating: 0, count: 3 * size.height * size.width)
    let rowCount = 3 * columns.count
    for (index, row) in rows.enumerated() {
      let start = 3 * (row * size.width + columns.lowerBound)
      pixels.replaceSubrange(
        start..<start + rowCount, with: resized.pixels[index * rowCount..<(index + 1) * rowCount])
    }
    return RGBImage(width: size.width, height: size.height, pixels: pixels)
  }

  /// - Returns: [3, H, W], ``size``'s.
  /// - Throws: `image.aspect`, `image.too-large`.
  public func callAsFunction(_ image: RGBImage) throws(WeightsError) -> Tensor {
    normalization(try frame(image))
  }
}

extension PixelSize {
  /// The size of a picture that fits into this frame, the aspect ratio kept: as large as the ratio
  /// of sides says, rounded down. Quotients of rounded quotients can fall just short of a whole
  /// number: openpi and lerobot round them down too.
  ///
  /// - Throws: `image.aspect` where a side would be 0, `image.too-large`.
  func largestFit(of image: RGBImage) throws(WeightsError) -> PixelSize {
    let frame = try checked(for: image)
    let ratio = max(
      Double(image.width) / Double(frame.width), Double(image.height) / Double(frame.height))
    return try PixelSize(
      height: Int(Double(image.height) / ratio), width: Int(Double(image.width) / ratio)
    ).checked(for: image)
  }
}
