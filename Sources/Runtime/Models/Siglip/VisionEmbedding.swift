public import DVLADiagnostics
public import DVLATensorMath
public import DVLATensors

/// Images as tokens of a decoder: SigLIP's patches, projected to the decoder's width.
///
/// Source: transformers `models/paligemma/modeling_paligemma.py`, `PaliGemmaMultiModalProjector`.
public struct VisionEmbedding: Sendable {
  public let tower: SiglipVisionTower
  private let projector: Linear

  /// - Parameters:
  ///   - width: of the decoder.
  ///   - weights: the scope of the `vlm.` tensors.
  /// - Throws: `model.tensor-*`; what reading throws.
  public init(
    _ configuration: SiglipConfiguration, width: Int, weights: WeightScope
  ) throws(WeightsError) {
    tower = try SiglipVisionTower(configuration, weights: weights.at("vision_tower"))
    projector = try weights.linear(
      "multi_modal_projector.linear", inputs: configuration.width, outputs: width, hasBias: true)
  }

  /// Images [N, 3, H, W] -> [N, patches, width]. Stages: `TOWER.…`, `projector`.
  ///
  /// - Parameter name: what the stages of the tower are called after.
  /// - Throws: what the trace, and loading a layer in the background, throw.
  public func callAsFunction(
    _ pixels: Tensor, on compute: Compute, trace: StageTrace, tower name: String
  ) throws(WeightsError) -> Tensor {
    let features = try tower(pixels, on: compute, trace: trace.within(name))
    let projected = projector(features, on: compute)
    try trace.record("projector", projected)
    return projected
  }
}
