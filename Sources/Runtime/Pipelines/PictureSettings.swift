public import DVLADiagnostics
import DVLAFamilies
import DVLAImages
import DVLAJSON
import DVLAModels

/// The processing of pictures, as a bundle's configuration and the files beside its weights
/// describe it.
public enum PictureSettings {
  /// Settings of the VLM's pictures, and the depth encoder's normalisation; nil: the published
  /// ones.
  ///
  /// - Throws: `model.configuration`, `preprocessor.*`, `json.*`; what reading a file throws.
  static func read(
    _ source: any AssetSource
  ) throws(WeightsError) -> (VisionProcessor?, PixelNormalization?) {
    let preprocessors = BundlePreprocessors(
      source, backend: try PictureBackend(configuration: source.configuration))
    let vision = try preprocessors.vision()
    if let depth = try preprocessors.depthAnything() { return (vision, depth.normalization) }
    return (vision, try preprocessors.dinov2()?.normalization)
  }

  /// Makes the image processors of a bundle as pipelines make them, to find errors early. It
  /// ignores policies: for those call ``RobotPolicy/rehearse(_:)``.
  ///
  /// - Throws: `model.configuration`, `preprocessor.*`, `json.*`; what reading a file throws.
  public static func check(_ source: any AssetSource) throws(WeightsError) {
    let configuration = source.configuration
    switch Family(rawValue: source.family) {
    case .depthAnythingV2:
      _ = try DepthAnythingProcessor(
        source, for: DepthAnythingConfiguration(ConfigurationReader(configuration)))
    case .dinov2: _ = try BundlePreprocessors(source).dinov2()
    case .paligemma: _ = try BundlePreprocessors(source).vision()
    case .pi0, .depthvla, nil: return
    }
  }
}

extension PictureBackend {
  /// The value of `image_backend` in the configuration; nil where there is none.
  ///
  /// - Throws: `model.configuration`.
  init?(configuration: JSONValue) throws(WeightsError) {
    let scope = try ConfigurationReader(configuration)
    guard scope.has("image_backend") else { return nil }
    self = try scope.choice(
      "image_backend",
      of: Dictionary(uniqueKeysWithValues: Self.allCases.map { ($0.rawValue, $0) }))
  }
}

extension DepthAnythingProcessor {
  /// As the `preprocessor_config.json` beside the weights says; without one as Depth Anything was
  /// published, at the size of the model's position table.
  ///
  /// - Throws: `model.configuration`, `preprocessor.*`, `json.*`; what reading a file throws.
  init(
    _ source: any AssetSource, for model: DepthAnythingConfiguration, inputSize: Int? = nil
  ) throws(WeightsError) {
    let backend = try PictureBackend(configuration: source.configuration)
    let backbone = model.backbone
    guard backbone.channels == 3 else {
      throw WeightsError(
        .modelConfiguration,
        "expected a model of pictures with 3 channels, found num_channels \(backbone.channels)")
    }
    let settings = try BundlePreprocessors(source, backend: backend).depthAnything()
    let published = PixelSize(
      height: backbone.tableSide * backbone.patch, width: backbone.tableSide * backbone.patch)
    let multiple = settings?.multiple ?? backbone.patch
    guard multiple.isMultiple(of: backbone.patch) else {
      throw WeightsError(
        .modelConfiguration,
        "the preprocessor makes sides that are multiples of \(multiple), expected multiples of "
          + "patch_size \(backbone.patch)")
    }
    self.init(
      size: inputSize.map { PixelSize(height: $0, width: $0) } ?? settings.map(\.size) ?? published,
      multiple: multiple, keepsAspectRatio: settings?.keepsAspectRatio ?? true,
      method: settings?.method ?? ResizeMethod(backend ?? .torchvision),
      normalization: settings?.normalization)
  }
}
