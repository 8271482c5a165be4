public import DVLATensors

/// What a policy acts on: pictures, an instruction and a state, batch first.
public struct PolicyObservation: Sendable {
  /// SigLIP's images [B, C, 3, H, W], one for each camera.
  public let pixels: Tensor
  /// B C flags: which cameras are present. Tokens of missing ones are masked.
  public let cameras: [Bool]
  /// Tokens of the instruction, B T.
  public let ids: [Int]
  /// B T flags: false for padding.
  public let textMask: [Bool]
  /// [B, stateDim], normalised as in training.
  public let state: Tensor
  /// DINOv2's images [B, C, 3, H, W]; nil without a depth expert.
  public let depthPixels: Tensor?

  public var batch: Int { pixels.shape[0] }
  public var cameraCount: Int { pixels.shape[1] }

  /// - Parameters:
  ///   - cameras: nil: all of them.
  ///   - textMask: nil: no padding.
  /// - Precondition: shapes and numbers of flags are as said above.
  public init(
    pixels: Tensor, cameras: [Bool]? = nil, ids: [Int], textMask: [Bool]? = nil, state: Tensor,
    depthPixels: Tensor? = nil
  ) {
    let (batch, count) = (pixels.shape[0], pixels.shape[1])
    precondition(pixels.shape.rank == 5, "pixels [B, C, 3, H, W]")
    precondition(cameras.map { $0.count == batch * count } ?? true, "a flag for each camera")
    precondition(ids.count.isMultiple(of: batch), "as many tokens in each row")
    precondition(textMask.map { $0.count == ids.count } ?? true, "a flag for each token")
    precondition(state.shape.rank == 2 && state.shape[0] == batch, "state [B, stateDim]")
    if let depthPixels {
      precondition(
        depthPixels.shape.rank == 5 && depthPixels.shape[0] == batch
          && depthPixels.shape[1] == count, "depth pixels [B, C, 3, H, W]")
    }
    self.pixels = pixels
    self.cameras = cameras ?? [Bool](repeating: true, count: batch * count)
    self.ids = ids
    self.textMask = textMask ?? [Bool](repeating: true, count: ids.count)
    self.state = state
    self.depthPixels = depthPixels
  }
}

/// The targets of a policy's losses.
public struct PolicyTargets: Sendable {
  /// [B, H, actionDim], normalised as in training.
  public let actions: Tensor
  /// The time at which the flow loss is evaluated, from 0 (actions) to 1 (noise).
  public let time: Double
  /// Depth [B, C, H, W], 0 where it is unknown.
  public let depth: Tensor?

  /// - Parameters:
  ///   - actions: [B, H, actionDim], normalised as in training.
  ///   - time: from 0 (actions) to 1 (noise).
  ///   - depth: [B, C, H, W], 0 where it is unknown; nil: no depth loss.
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
