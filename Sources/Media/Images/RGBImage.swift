public import DVLADiagnostics

/// An 8-bit RGB picture.
public struct RGBImage: Sendable, Hashable {
  public let width, height: Int
  /// Row-major [height, width, 3].
  public let pixels: [UInt8]

  /// - Precondition: both sides are at least 1 and there are `3 * width * height` pixels.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0, "a picture of at least 1 x 1")
    precondition(pixels.count == 3 * width * height, "three bytes a pixel")
    (self.width, self.height, self.pixels) = (width, height, pixels)
  }
}

extension RGBImage {
  public var size: PixelSize { PixelSize(height: height, width: width) }

  /// The whole picture at another size; its aspect ratio is not kept.
  ///
  /// - Throws: `image.aspect` where a side would be 0, `image.too-large`.
  public func stretched(
    to size: PixelSize, by method: ResizeMethod
  ) throws(WeightsError) -> RGBImage {
    try size.checked(for: self).resize(self, by: method)
  }
}
