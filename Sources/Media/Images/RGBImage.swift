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
