public import Diagnostics
public import Images
import Models
public import StrictJSON
public import TensorCore
public import TensorMath

/// A picture in, its depth out: Depth Anything V2 with the processing around it.
public struct DepthEstimator: Sendable {
  public let processor: DepthAnythingProcessor
  private let model: DepthAnything
  private let compute: Compute

  /// - Parameters:
  ///   - configuration: what a depth-anything-v2 bundle says of the model.
  ///   - source: its tensors; all are read into memory.
  ///   - inputSize: what one side of a picture is scaled to before the model sees it, that which
  ///     changes least; by default what the model was trained for.
  /// - Throws: `compute.memory`, `model.configuration`, `model.tensor-*`; what reading throws.
  public init(
    _ configuration: JSONValue, source: any TensorSource, inputSize: Int? = nil,
    on compute: Compute
  ) throws(WeightsError) {
    try compute.checkMemory()
    model = try DepthAnything(
      try ConfigurationReader(configuration),
      weights: WeightScope(source, on: compute).at("depth_anything"))
    let backbone = model.configuration.backbone
    guard backbone.channels == 3 else {
      throw WeightsError(
        .modelConfiguration,
        "expected a model of pictures, of 3 channels, found num_channels \(backbone.channels)")
    }
    let size = inputSize ?? backbone.tableSide * backbone.patch
    processor = DepthAnythingProcessor(
      size: PixelSize(height: size, width: size), multiple: backbone.patch)
    self.compute = compute
  }

  /// The depth of a picture, at the picture's size.
  ///
  /// - Throws: `image.aspect`, `image.too-large` when the processor cannot bring the picture to its
  ///   size; `depth.not-finite` when the model computes a NaN or an infinity.
  public func callAsFunction(_ image: RGBImage) throws(WeightsError) -> DepthMap {
    let pixels = try processor(image)
    try model.configuration.backbone.checkLength(of: pixels.shape)
    let (height, width) = (pixels.shape[1], pixels.shape[2])
    let depth = try model(
      pixels.reshaped([1, pixels.shape[0], height, width]), on: compute, trace: .none)
    return try DepthMap(
      DepthPostprocessing.resize(depth.reshaped([height, width]), to: image.size),
      meaning: DepthMap.Meaning(model.configuration.estimation),
      processedSize: PixelSize(height: height, width: width))
  }
}

extension DepthMap.Meaning {
  fileprivate init(_ estimation: DepthAnythingConfiguration.Estimation) {
    self =
      switch estimation {
      case .relative: .relative
      case .metric(let maximum): .metres(maximum: maximum)
      }
  }
}
