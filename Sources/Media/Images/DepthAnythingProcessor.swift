public import DVLADiagnostics
public import DVLAJSON
import DVLAResampling
public import DVLATensors

/// Depth Anything's image processor: near a fixed size, with sides that are multiples of the
/// patch size.
///
/// Source: transformers 5.24, `DPTImageProcessor` and `DPTImageProcessorPil`; the values are the
/// same bits.
public struct DepthAnythingProcessor: Sendable {
  /// Nil where pictures keep their size.
  public let size: PixelSize?
  public let multiple: Int
  public let keepsAspectRatio: Bool
  public let method: ResizeMethod
  public let normalization: PixelNormalization

  /// Depth Anything V2's own settings by default.
  ///
  /// - Precondition: no side of 0, and a multiple of at least 1.
  public init(
    size: PixelSize? = PixelSize(height: 518, width: 518), multiple: Int = 14,
    keepsAspectRatio: Bool = true, method: ResizeMethod = ResizeMethod(.torchvision),
    normalization: PixelNormalization? = nil
  ) {
    precondition(size?.isPositive ?? true, "no side of 0")
    precondition(multiple > 0, "a multiple of at least 1")
    (self.size, self.multiple) = (size, multiple)
    (self.keepsAspectRatio, self.method) = (keepsAspectRatio, method)
    self.normalization = normalization ?? PixelNormalization(.imageNet, backend: method.backend)
  }

  /// From a `preprocessor_config.json`; what it leaves out has upstream's default for DPT (384 x
  /// 384, any multiple, aspect ratio not kept, mean and deviation 0.5), not Depth Anything's.
  ///
  /// - Throws: `preprocessor.value`, `preprocessor.unsupported`, `json.type`.
  public init(
    preprocessorConfig: JSONObject, backend: PictureBackend = .torchvision
  ) throws(WeightsError) {
    let config = try PreprocessorConfiguration(
      preprocessorConfig, processor: "DPTImageProcessor", alias: "DPTFeatureExtractor",
      backend: backend)
    try config.refuseCentreCrop()
    try config.refusePadding()
    _ = try config.flag("do_reduce_labels", default: false)
    let resizes = try config.resizes
    self.init(
      size: resizes
        ? try config.exactSize("size", integerIsSquare: true)
          ?? PixelSize(height: 384, width: 384) : nil,
      multiple: resizes
        ? try config.integer("ensure_multiple_of", in: 1...ImageLimits.default.side) ?? 1 : 1,
      keepsAspectRatio: try config.flag("keep_aspect_ratio", default: false),
      method: config.method, normalization: try config.normalization(default: .half))
  }

  /// The size a picture is resized to. Where the aspect ratio is kept, both sides are scaled by
  /// that of the two factors which is nearer to 1; each side is then rounded to a multiple, half to
  /// even.
  ///
  /// Source: transformers 5.24, `image_processing_pil_dpt.get_resize_output_image_size`.
  ///
  /// - Throws: `image.aspect` where a side would be 0, `image.too-large`.
  public func outputSize(for image: RGBImage) throws(WeightsError) -> PixelSize {
    guard let size else { return image.size }
    var heightScale = Double(size.height) / Double(image.height)
    var widthScale = Double(size.width) / Double(image.width)
    if keepsAspectRatio {
      if abs(1 - widthScale) < abs(1 - heightScale) {
        heightScale = widthScale
      } else {
        widthScale = heightScale
      }
    }
    return try PixelSize(
      height: rounded(heightScale * Double(image.height)),
      width: rounded(widthScale * Double(image.width))
    ).checked(for: image)
  }

  private func rounded(_ side: Double) -> Int {
    Int((side / Double(multiple)).rounded(.toNearestOrEven)) * multiple
  }

  /// - Returns: [3, H, W], H and W as ``outputSize(for:)`` says.
  /// - Throws: `image.aspect`, `image.too-large`.
  public func callAsFunction(_ image: RGBImage) throws(WeightsError) -> Tensor {
    normalization(try outputSize(for: image).resize(image, by: method))
  }
}

/// What becomes of a predicted depth map.
public enum DepthPostprocessing {
  /// The map at the size of the picture it belongs to: bicubic, edges repeated, not antialiased.
  ///
  /// Source: transformers 5.23, `DPTImageProcessor.post_process_depth_estimation`, which Depth
  /// Anything uses.
  ///
  /// - Parameter depth: [h, w].
  /// - Returns: [size.height, size.width].
  public static func resize(_ depth: Tensor, to size: PixelSize) -> Tensor {
    precondition(depth.shape.rank == 2, "a map [h, w]")
    let plane = depth.reshaped([1, depth.shape[0], depth.shape[1]])
    return Resampling.bicubic(plane, to: (size.height, size.width))
      .reshaped([size.height, size.width])
  }
}
