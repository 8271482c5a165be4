public import DVLADiagnostics
public import DVLAJSON
public import DVLATensors

/// DINOv2's image processor: the shorter side to a fixed length, then the centre.
///
/// Source: transformers 5.24, `BitImageProcessor` and `BitImageProcessorPil`; the values are the
/// same bits.
public struct DINOv2Processor: Sendable {
  /// Nil where pictures keep their size.
  public let resize: ResizeRule?
  /// Nil where pictures are not cropped.
  public let cropSize: PixelSize?
  public let method: ResizeMethod
  public let normalization: PixelNormalization

  /// DINOv2's own settings by default.
  ///
  /// - Precondition: no side of 0.
  public init(
    resize: ResizeRule? = .shortestEdge(256),
    cropSize: PixelSize? = PixelSize(height: 224, width: 224),
    method: ResizeMethod = ResizeMethod(.torchvision), normalization: PixelNormalization? = nil
  ) {
    precondition(
      resize?.isPositive ?? true && cropSize?.isPositive ?? true, "no side of 0")
    (self.resize, self.cropSize, self.method) = (resize, cropSize, method)
    self.normalization = normalization ?? PixelNormalization(.imageNet, backend: method.backend)
  }

  /// From a `preprocessor_config.json`; what it leaves out has upstream's default for BiT (shorter
  /// side 224, centre 224 x 224, CLIP's mean and deviation), not DINOv2's.
  ///
  /// - Throws: `preprocessor.value`, `preprocessor.unsupported`, `json.type`.
  public init(
    preprocessorConfig: JSONObject, backend: PictureBackend = .torchvision
  ) throws(WeightsError) {
    let config = try PreprocessorConfiguration(
      preprocessorConfig, processor: "BitImageProcessor", alias: "BitFeatureExtractor",
      backend: backend)
    try config.refusePadding()
    self.init(
      resize: try config.resizes
        ? try config.size("size", integerIsSquare: false) ?? .shortestEdge(224) : nil,
      cropSize: try config.flag("do_center_crop", default: true)
        ? try config.exactSize("crop_size", integerIsSquare: true)
          ?? PixelSize(height: 224, width: 224) : nil,
      method: config.method,
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
    if let resize { image = try image.stretched(to: resize.size(for: image), by: method) }
    if let cropSize { image = image.centre(cropSize, as: method.backend) }
    return normalization(image)
  }
}

extension RGBImage {
  /// The centre of the picture, with black around it where it is smaller.
  ///
  /// Sources: transformers 5.24, `image_transforms.center_crop` and
  /// `TorchvisionBackend.center_crop`. Of an odd number of rows or columns, one more is taken off
  /// below and right; put on it is above and left by Pillow's, below and right by torchvision's.
  func centre(_ size: PixelSize, as backend: PictureBackend) -> RGBImage {
    func offset(_ surplus: Int) -> Int { backend == .pil ? surplus >> 1 : surplus / 2 }
    let top = offset(height - size.height)
    let left = offset(width - size.width)
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
