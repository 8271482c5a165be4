import DVLADiagnostics
import DVLATensors

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

extension PixelSize {
  /// Checks the size that a processor is about to give to a picture.
  ///
  /// - Throws: `image.aspect`, `image.too-large`.
  func checked(for image: RGBImage) throws(WeightsError) -> PixelSize {
    guard height > 0, width > 0 else {
      throw WeightsError(
        .imageAspect,
        "a picture of \(image.width) x \(image.height) pixels would be resized to \(width) x \(height): "
          + "too narrow for this model")
    }
    guard height <= ImageLimits.default.pixelCount / width else {
      throw WeightsError(
        .imageTooLarge,
        "a picture of \(image.width) x \(image.height) pixels would be resized to \(width) x \(height): "
          + "more than \(ImageLimits.default.pixelCount) pixels")
    }
    return self
  }

  func resize(_ image: RGBImage, by method: ResizeMethod) -> RGBImage {
    PictureResizer(from: image.size, to: self, by: method)(image)
  }
}

extension Tensor {
  /// Planes [C, H, W] put into larger ones, with one value around them.
  func framed(in frame: PixelSize, top: Int, left: Int, filling value: Float) -> Tensor {
    let (planes, height, width) = (shape[0], shape[1], shape[2])
    precondition(top + height <= frame.height && left + width <= frame.width, "a larger frame")
    var result = [Float](repeating: value, count: planes * frame.height * frame.width)
    for plane in 0..<planes {
      for row in 0..<height {
        let from = (plane * height + row) * width
        let to = (plane * frame.height + top + row) * frame.width + left
        result.replaceSubrange(to..<to + width, with: values[from..<from + width])
      }
    }
    return Tensor(result, shape: [planes, frame.height, frame.width])
  }
}
