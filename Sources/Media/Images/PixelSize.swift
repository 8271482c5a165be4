/// The sides of a picture in pixels.
public struct PixelSize: Sendable, Hashable, CustomStringConvertible {
  public let height, width: Int

  public init(height: Int, width: Int) { (self.height, self.width) = (height, width) }

  /// Height x width, as tensors have them.
  public var description: String { "\(height) x \(width)" }
}

/// What an image processor resizes to.
public enum ResizeRule: Sendable, Hashable {
  /// The shorter side gets this length; the longer keeps the aspect ratio, rounded down.
  case shortestEdge(Int)
  case exact(PixelSize)
  /// As large as fits into this, the aspect ratio kept, both sides rounded down.
  case within(PixelSize)

  /// Sources: transformers 5.24, `image_transforms.get_resize_output_image_size`,
  /// `image_utils.get_image_size_for_max_height_width`.
  func size(for image: RGBImage) -> PixelSize {
    switch self {
    case .exact(let size): return size
    case .within(let size):
      let scale = min(
        Double(size.height) / Double(image.height), Double(size.width) / Double(image.width))
      return PixelSize(
        height: Int(Double(image.height) * scale), width: Int(Double(image.width) * scale))
    case .shortestEdge(let length):
      let (short, long) = (min(image.height, image.width), max(image.height, image.width))
      let longLength = Int(Double(length * long) / Double(short))
      return image.width <= image.height
        ? PixelSize(height: longLength, width: length)
        : PixelSize(height: length, width: longLength)
    }
  }

  var isPositive: Bool {
    switch self {
    case .exact(let size), .within(let size): size.isPositive
    case .shortestEdge(let length): length > 0
    }
  }
}

extension PixelSize {
  var isPositive: Bool { height > 0 && width > 0 }
}

extension RGBImage {
  public var size: PixelSize { PixelSize(height: height, width: width) }
}
