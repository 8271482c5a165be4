public import DVLATensors

/// What the losses of a policy are measured against.
public struct PolicyTargets: Sendable {
  /// [B, H, actionDim], normalised as in training.
  public let actions: Tensor
  /// Where between actions, 0, and noise, 1, the flow loss looks.
  public let time: Double
  /// Depth [B, C, H, W], 0 where it is not known.
  public let depth: Tensor?

  public init(actions: Tensor, time: Double, depth: Tensor? = nil) {
    self.actions = actions
    self.time = time
    self.depth = depth
  }
}

extension Tensor {
  /// Depth maps [B, C, H, W] with those of missing cameras set to 0.
  func hidingMissing(_ cameras: [Bool]) -> Tensor {
    var result = self
    let count = shape[2] * shape[3]
    for (image, isPresent) in cameras.enumerated() where !isPresent {
      for index in image * count..<(image + 1) * count { result.values[index] = 0 }
    }
    return result
  }
}
