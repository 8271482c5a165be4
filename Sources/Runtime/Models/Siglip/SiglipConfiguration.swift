public import DVLADiagnostics
public import DVLAKernels

/// The sizes of a SigLIP vision tower.
///
/// Source: transformers `models/siglip/configuration_siglip.py`, `SiglipVisionConfig`.
public struct SiglipConfiguration: Sendable {
  public let width: Int
  public let mlpWidth: Int
  public let layers: Int
  public let heads: Int
  public let channels: Int
  public let imageSize: Int
  public let patch: Int
  public let epsilon: Double
  public let activation: Activation

  public var patches: Int { (imageSize / patch) * (imageSize / patch) }

  /// - Throws: `model.configuration`.
  public init(_ scope: ConfigurationReader) throws(WeightsError) {
    width = try scope.integer("hidden_size")
    mlpWidth = try scope.integer("intermediate_size")
    layers = try scope.integer("num_hidden_layers", atMost: ModelInputs.layerLimit)
    heads = try scope.integer("num_attention_heads")
    channels = try scope.integer("num_channels")
    imageSize = try scope.integer("image_size")
    patch = try scope.integer("patch_size")
    epsilon = try scope.positiveNumber("layer_norm_eps")
    activation = try scope.choice("hidden_act", of: Activation.upstreamNames)
    guard width.isMultiple(of: heads) else {
      throw scope.contradiction("\(heads) heads do not divide a width of \(width)")
    }
    guard imageSize.isMultiple(of: patch) else {
      throw scope.contradiction("patches of \(patch) do not fill an image of \(imageSize)")
    }
  }
}
