public import DVLABundles
public import DVLADiagnostics
public import DVLAImages
import DVLAModels
public import DVLATensorMath
import DVLATensors

/// Estimates the depth of pictures: Depth Anything V2 with the processing around it.
public struct DepthEstimator: Sendable {
  public let processor: DepthAnythingProcessor
  /// How products with the weights are computed.
  public let products: ProductChoice
  private let model: DepthAnything
  private let compute: Compute

  /// Pictures are processed as the bundle's `preprocessor_config.json` says; without one, as in the
  /// published models, at the size of the model's position table.
  ///
  /// - Parameters:
  ///   - bundle: of the family depth-anything-v2; all its tensors are read into memory.
  ///   - inputSize: the length that one side of a picture, the one that changes less, is scaled to
  ///     before the model sees it; nil: as the bundle says.
  ///   - requested: how products with the weights are computed; by default as `parity` does it
  ///     (``ProductChoice``).
  /// - Throws: `compute.memory`, `model.configuration`, `model.tensor-*`, `preprocessor.*`; what
  ///   reading throws.
  public init(
    _ bundle: WeightBundle, inputSize: Int? = nil, products requested: ProductPrecision? = nil,
    on compute: Compute
  ) throws(WeightsError) {
    try compute.checkMemory()
    let products = ProductChoice(
      requested, for: try bundle.precisionClass(), tensors: bundle.tensors)
    self.products = products
    model = try DepthAnything(
      try ConfigurationReader(bundle.documents.configuration),
      weights: WeightScope(bundle, products: products, on: compute).at("depth_anything"))
    processor = try DepthAnythingProcessor(
      bundle, for: model.configuration, inputSize: inputSize)
    self.compute = compute
  }

  /// The depth of a picture, at the picture's size.
  ///
  /// - Returns: a depth for each pixel of the picture.
  /// - Throws: `image.aspect`, `image.too-large` when the processor cannot resize the picture;
  ///   `depth.not-finite` when the model computes a NaN or an infinity.
  public func callAsFunction(_ image: RGBImage) throws(WeightsError) -> DepthMap {
    let size = try processor.outputSize(for: image)
    let (height, width) = (size.height, size.width)
    // A preprocessor may ask for more of a small picture than memory holds.
    try model.configuration.backbone.checkLength(height: height, width: width)
    let patch = model.configuration.backbone.patch
    // Settings may say that pictures keep their size.
    guard height > 0, width > 0, height.isMultiple(of: patch), width.isMultiple(of: patch) else {
      throw WeightsError(
        .imageAspect, "expected sides that are multiples of \(patch), found \(height) x \(width)")
    }
    let pixels = try processor(image)
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
