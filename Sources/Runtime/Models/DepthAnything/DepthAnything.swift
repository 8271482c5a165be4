public import DVLADiagnostics
import DVLAFamilies
public import DVLATensorMath
public import DVLATensors

/// Depth Anything V2: the inner layers of DINOv2, reassembled, fused and turned into depth.
///
/// Source: Yang et al., arXiv 2406.09414; transformers
/// `models/depth_anything/modeling_depth_anything.py`.
public struct DepthAnything: Sendable {
  public let configuration: DepthAnythingConfiguration
  private let backbone: DINOv2
  private let reassemble: ReassembleStage
  private let convolutions: [Convolution]
  private let fusion: FusionStage
  private let head: DepthHead

  /// - Parameter weights: the scope of the `depth_anything.` tensors.
  /// - Throws: `model.configuration`, `model.tensor-*`; what reading throws.
  public init(
    _ configuration: ConfigurationReader, weights: WeightScope
  ) throws(WeightsError) {
    let c = try DepthAnythingConfiguration(configuration)
    self.configuration = c
    backbone = try DINOv2(c.backbone, weights: weights.at("backbone"))
    let neck = weights.at("neck")
    reassemble = try ReassembleStage(c, weights: neck.at("reassemble_stage"))
    var convolutions: [Convolution] = []
    for (index, width) in c.neckWidths.enumerated() {
      convolutions.append(
        try neck.convolution(
          "convs.\(index)", inputs: width, outputs: c.fusionWidth, kernel: 3, padding: 1,
          hasBias: false))
    }
    self.convolutions = convolutions
    fusion = try FusionStage(c, weights: neck.at("fusion_stage"))
    head = try DepthHead(c, weights: weights.at("head"))
  }

  /// Pixels [B, 3, H, W] -> depth [B, H, W].
  ///
  /// Stages: `backbone.…`, `feature_map.i`, `reassembled.i`, `neck.i`, `fused.i`, `head.…`,
  /// `predicted_depth`.
  ///
  /// - Throws: what the trace throws.
  /// - Precondition: the patch size divides H and W.
  public func callAsFunction(
    _ pixels: Tensor, on compute: Compute, trace: StageTrace
  ) throws(WeightsError) -> Tensor {
    let c = configuration
    let size = (height: pixels.shape[2], width: pixels.shape[3])
    let grid = (height: size.height / c.backbone.patch, width: size.width / c.backbone.patch)

    var features: [Tensor] = []
    try backbone.encode(pixels, on: compute, trace: trace.within("backbone")) {
      (layer, x) throws(WeightsError) in
      guard c.outIndices.contains(layer) else { return }
      features.append(backbone.norm(x, on: compute))
      try trace.record("feature_map.\(features.count - 1)", features[features.count - 1])
    }
    var images: [Tensor] = []
    for (index, tokens) in features.enumerated() {
      let image = reassemble(tokens, feature: index, grid: grid, on: compute)
      try trace.recordImage("reassembled.\(index)", image)
      images.append(convolutions[index](image, on: compute))
      try trace.recordImage("neck.\(index)", images[index])
    }
    let fused = fusion(images, on: compute)
    for (index, image) in fused.enumerated() { try trace.recordImage("fused.\(index)", image) }
    let depth = try head(
      fused[fused.count - 1], size: size, on: compute, trace: trace.within("head"))
    try trace.record("predicted_depth", depth)
    return depth
  }
}

/// Depth Anything V2 as a model of its own.
public struct DepthAnythingModel: Model {
  public let depthAnything: DepthAnything
  let compute: Compute

  public var family: String { Family.depthAnythingV2.rawValue }
  public var inputs: [InputDescription] {
    let channels = depthAnything.configuration.backbone.channels
    return [InputDescription("pixel_values", axes: "[B, \(channels), H, W]")]
  }

  public func run(_ inputs: ModelInputs, trace: StageTrace) throws(WeightsError) {
    try inputs.require(self.inputs)
    let pixels = try inputs.patchedPixels(depthAnything.configuration.backbone)
    _ = try depthAnything(pixels, on: compute, trace: trace)
  }
}
