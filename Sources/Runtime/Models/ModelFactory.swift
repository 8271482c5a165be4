public import DVLADiagnostics
import DVLAFamilies
public import DVLAJSON
public import DVLATensorMath
public import DVLATensors

/// Builds the model of a family from its configuration and weights.
public enum ModelFactory {
  /// - Parameters:
  ///   - family: the name of one of `Family`.
  ///   - configuration: the configuration in the bundle.
  ///   - source: the tensors of the layout. Those that the model needs are read into memory.
  ///   - products: how products with the weights are computed.
  /// - Throws: `compute.memory`, `model.family` for a family without a forward pass of its own,
  ///   `model.configuration`, `model.tensor-*`; what reading throws.
  public static func load(
    family: String, configuration: JSONValue, source: any TensorSource,
    products: ProductChoice, on compute: Compute
  ) throws(WeightsError) -> any Model {
    try compute.checkMemory()
    let reader = try ConfigurationReader(configuration)
    let weights = WeightScope(source, products: products, on: compute)
    guard let known = Family(rawValue: family) else {
      throw WeightsError(
        .modelFamily, .usage,
        "there is no forward pass for the family \(family.quoted); expected one of "
          + Family.list())
    }
    switch known {
    case .depthvla, .pi0:
      let policy = try DepthVLA(
        try DepthVLAConfiguration(reader, hasDepth: known.hasDepthExpert), weights: weights)
      return PolicyModel(family: family, policy: policy, compute: compute)
    case .paligemma:
      return PaliGemmaModel(
        paligemma: try PaliGemma(reader, weights: weights.at("vlm")), compute: compute)
    case .dinov2:
      return DINOv2Model(
        encoder: try DINOv2(try DINOv2Configuration(reader), weights: weights.at("dinov2")),
        compute: compute)
    case .depthAnythingV2:
      return DepthAnythingModel(
        depthAnything: try DepthAnything(reader, weights: weights.at("depth_anything")),
        compute: compute)
    }
  }
}

extension WeightsError.Code {
  /// There is no forward pass for the family.
  public static let modelFamily = Self("model.family")
}
