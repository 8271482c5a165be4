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

  /// Source: transformers 5.23, `image_transforms.get_resize_output_image_size`.
  func size(for image: RGBImage) -> PixelSize {
    switch self {
    case .exact(let size): return size
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
    case .exact(let size): size.isPositive
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
