public import Diagnostics
public import StrictJSON
public import TensorCore

/// DINOv2's image processor: the shorter side to a fixed length, then the centre.
///
/// Source: transformers 5.23, `BitImageProcessorPil`; the values are the same bits. Its
/// torchvision twin, which transformers takes by default where torchvision is installed, differs:
/// see ``PillowResizer``.
public struct DINOv2Processor: Sendable {
  /// Nil where pictures keep their size.
  public let resize: ResizeRule?
  /// Nil where pictures are not cropped.
  public let cropSize: PixelSize?
  public let normalization: PixelNormalization

  /// DINOv2's own settings by default.
  ///
  /// - Precondition: no side of 0.
  public init(
    resize: ResizeRule? = .shortestEdge(256),
    cropSize: PixelSize? = PixelSize(height: 224, width: 224),
    normalization: PixelNormalization = PixelNormalization(.imageNet)
  ) {
    precondition(
      resize?.isPositive ?? true && cropSize?.isPositive ?? true, "no side of 0")
    (self.resize, self.cropSize, self.normalization) = (resize, cropSize, normalization)
  }

  /// From a `preprocessor_config.json`; what it leaves out has upstream's default for BiT (shorter
  /// side 224, centre 224 x 224, CLIP's mean and deviation), not DINOv2's.
  ///
  /// - Throws: `preprocessor.key`, `preprocessor.value`, `preprocessor.unsupported`, `json.type`.
  public init(preprocessorConfig: JSONObject) throws(WeightsError) {
    let config = try PreprocessorConfiguration(
      preprocessorConfig, processor: "BitImageProcessor", alias: "BitFeatureExtractor", keys: [])
    let size =
      try config.size("size", integerIsSquare: config.integerSizeIsSquare ?? false)
      ?? .shortestEdge(224)
    let cropSize =
      try config.exactSize("crop_size", integerIsSquare: true)
      ?? PixelSize(height: 224, width: 224)
    self.init(
      resize: try config.flag("do_resize") ?? true ? size : nil,
      cropSize: try config.flag("do_center_crop") ?? true ? cropSize : nil,
      normalization: try config.normalization(
        default: .init(
          mean: [0.48145466, 0.4578275, 0.40821073],
          deviation: [0.26862954, 0.26130258, 0.27577711])))
  }

  /// - Returns: [3, H, W], the crop's size where there is one.
  /// - Throws: `image.too-large` where the picture is so narrow that its longer side would become
  ///   too long.
  public func callAsFunction(_ image: RGBImage) throws(WeightsError) -> Tensor {
    var image = image
    if let resize { image = try image.stretched(to: resize.size(for: image)) }
    if let cropSize { image = image.centre(cropSize) }
    return normalization(image)
  }
}

extension RGBImage {
  /// The centre of the picture, with black around it where it is smaller.
  ///
  /// Source: transformers 5.23, `image_transforms.center_crop`. With an odd number of rows or
  /// columns to take off or put on, one more is taken off below and right, put on above and left.
  func centre(_ size: PixelSize) -> RGBImage {
    let top = (height - size.height) >> 1
    let left = (width - size.width) >> 1
    var result = [UInt8](repeating: 0, count: 3 * size.height * size.width)
    for row in max(0, -top)..<min(size.height, height - top) {
      for column in max(0, -left)..<min(size.width, width - left) {
        let source = 3 * ((row + top) * width + column + left)
        let target = 3 * (row * size.width + column)
        for channel in 0..<3 { result[target + channel] = pixels[source + channel] }
      }
    }
    return RGBImage(width: size.width, height: size.height, pixels: result)
  }
}
