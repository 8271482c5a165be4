public import DVLADiagnostics
import DVLAFamilies
import DVLATensorMath
import DVLATensors

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
