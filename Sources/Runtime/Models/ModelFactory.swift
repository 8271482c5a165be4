public import DVLADiagnostics
public import DVLAJSON
public import DVLATensorMath
public import DVLATensors

/// Builds the model of a family from its configuration and weights.
public enum ModelFactory {
  /// - Parameters:
  ///   - family: as `inspect` names it.
  ///   - configuration: what the bundle says of the model.
  ///   - source: the layout's tensors. All that the model needs are read into memory.
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
    switch family {
    case "depthvla", "pi0":
      let policy = try DepthVLA(
        try DepthVLAConfiguration(reader, hasDepth: family == "depthvla"), weights: weights)
      return PolicyModel(family: family, policy: policy, compute: compute)
    case "paligemma":
      return PaliGemmaModel(
        paligemma: try PaliGemma(reader, weights: weights.at("vlm")), compute: compute)
    case "dinov2":
      return DINOv2Model(
        encoder: try DINOv2(try DINOv2Configuration(reader), weights: weights.at("dinov2")),
        compute: compute)
    case "depth-anything-v2":
      return DepthAnythingModel(
        depthAnything: try DepthAnything(reader, weights: weights.at("depth_anything")),
        compute: compute)
    default:
      throw WeightsError(
        .modelFamily, .usage,
        "expected a model of the families paligemma, dinov2, depth-anything-v2, pi0 or depthvla, found "
          + family.quoted)
    }
  }
}

extension WeightsError.Code {
  /// There is no forward pass for that family.
  public static let modelFamily = Self("model.family")
}
