public import Diagnostics
public import StrictJSON
public import TensorCore

/// SigLIP's and PaliGemma's image processor: to a fixed size, whatever the aspect ratio.
///
/// Source: transformers 5.23, `SiglipImageProcessorPil`; the values are the same bits. Its
/// torchvision twin, which transformers takes by default where torchvision is installed, differs:
/// see ``PillowResizer``.
public struct SiglipProcessor: Sendable {
  /// Nil where pictures keep their size.
  public let size: PixelSize?
  public let normalization: PixelNormalization

  /// PaliGemma's sides are 224, 448 or 896.
  ///
  /// - Precondition: no side of 0.
  public init(size: PixelSize?, normalization: PixelNormalization = PixelNormalization(.half)) {
    precondition(size?.isPositive ?? true, "no side of 0")
    (self.size, self.normalization) = (size, normalization)
  }

  /// From a `preprocessor_config.json`; what it leaves out has upstream's default (224 x 224).
  ///
  /// - Throws: `preprocessor.key`, `preprocessor.value`, `preprocessor.unsupported`, `json.type`.
  public init(preprocessorConfig: JSONObject) throws(WeightsError) {
    let config = try PreprocessorConfiguration(
      preprocessorConfig, processor: "SiglipImageProcessor", alias: nil, keys: [])
    try config.refuseCentreCrop()
    let size =
      try config.exactSize("size", integerIsSquare: config.integerSizeIsSquare ?? false)
      ?? PixelSize(height: 224, width: 224)
    self.init(
      size: try config.flag("do_resize") ?? true ? size : nil,
      normalization: try config.normalization(default: .half))
  }

  /// - Returns: [3, height, width].
  /// - Throws: `image.too-large`.
  public func callAsFunction(_ image: RGBImage) throws(WeightsError) -> Tensor {
    guard let size else { return normalization(image) }
    return normalization(try image.stretched(to: size))
  }
}
