public import DVLADiagnostics
public import DVLAJSON
public import DVLATensors

/// SigLIP's and PaliGemma's image processor: to a fixed size; the aspect ratio is not kept.
///
/// Source: transformers 5.24, `SiglipImageProcessor` and `SiglipImageProcessorPil`; the values are
/// the same bits.
public struct SiglipProcessor: Sendable {
  /// Nil where pictures keep their size.
  public let size: PixelSize?
  public let method: ResizeMethod
  public let normalization: PixelNormalization

  /// PaliGemma's sides are 224, 448 or 896.
  ///
  /// - Precondition: no side of 0.
  public init(
    size: PixelSize?, method: ResizeMethod = ResizeMethod(.torchvision),
    normalization: PixelNormalization? = nil
  ) {
    precondition(size?.isPositive ?? true, "no side of 0")
    (self.size, self.method) = (size, method)
    self.normalization = normalization ?? PixelNormalization(.half, backend: method.backend)
  }

  /// From a `preprocessor_config.json`; what it leaves out has upstream's default (224 x 224).
  ///
  /// - Throws: `preprocessor.value`, `preprocessor.unsupported`, `json.type`.
  public init(
    preprocessorConfig: JSONObject, backend: PictureBackend = .torchvision
  ) throws(WeightsError) {
    let config = try PreprocessorConfiguration(
      preprocessorConfig, processor: "SiglipImageProcessor", alias: nil,
      backend: backend)
    try config.refuseCentreCrop()
    try config.refusePadding()
    self.init(
      size: try config.resizes
        ? try config.exactSize("size", integerIsSquare: false)
          ?? PixelSize(height: 224, width: 224) : nil,
      method: config.method, normalization: try config.normalization(default: .half))
  }

  /// - Returns: [3, height, width].
  /// - Throws: `image.too-large`.
  public func callAsFunction(_ image: RGBImage) throws(WeightsError) -> Tensor {
    guard let size else { return normalization(image) }
    return normalization(try image.stretched(to: size, by: method))
  }
}
