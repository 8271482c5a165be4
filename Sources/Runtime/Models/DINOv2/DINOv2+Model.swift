public import DVLADiagnostics
import DVLAFamilies
import DVLATensorMath
import DVLATensors

/// DINOv2 as a model of its own.
public struct DINOv2Model: Model {
  public let encoder: DINOv2
  let compute: Compute

  public var family: String { Family.dinov2.rawValue }
  public var inputs: [InputDescription] {
    [InputDescription("pixel_values", axes: "[B, \(encoder.configuration.channels), H, W]")]
  }

  public func run(_ inputs: ModelInputs, trace: StageTrace) throws(WeightsError) {
    try inputs.require(self.inputs)
    let pixels = try inputs.patchedPixels(encoder.configuration)
    let x = try encoder.encode(pixels, on: compute, trace: trace)
    try trace.record("final_norm", encoder.norm(x, on: compute))
  }
}

extension ModelInputs {
  /// The input `pixel_values`, whose sides are whole patches.
  ///
  /// - Throws: `model.input`.
  func patchedPixels(_ c: DINOv2Configuration) throws(WeightsError) -> Tensor {
    let pixels = try self.pixels("pixel_values", channels: c.channels)
    guard pixels.shape[2].isMultiple(of: c.patch), pixels.shape[3].isMultiple(of: c.patch) else {
      throw Self.failure(
        "pixel_values", "expected sides that are multiples of \(c.patch), found \(pixels.shape)")
    }
    try c.checkLength(of: pixels.shape)
    return pixels
  }
}
