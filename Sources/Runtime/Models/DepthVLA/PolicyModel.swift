public import DVLADiagnostics
import DVLATensorMath
import DVLATensors

/// DepthVLA or pi0 over whole observations: every stage, the chunk, the depth maps, the losses.
public struct PolicyModel: Model {
  public let family: String
  public let policy: DepthVLA
  var ablation = Ablation()
  let compute: Compute

  public func ablated(_ ablation: Ablation) throws(WeightsError) -> any Model {
    var result = PolicyModel(
      family: family, policy: ablation.usesDepth ? policy : policy.withoutDepth(), compute: compute)
    result.ablation = ablation
    return result
  }

  init(family: String, policy: DepthVLA, compute: Compute) {
    self.family = family
    self.policy = policy
    self.compute = compute
  }

  public var inputs: [InputDescription] {
    let c = policy.configuration
    let image = "[B, C, \(c.vision.channels), \(c.vision.imageSize), \(c.vision.imageSize)]"
    return [
      InputDescription("pixel_values", axes: image),
      InputDescription("camera_mask", axes: "[B, C]", isOptional: true),
      InputDescription("input_ids", axes: "[B, T]"),
      InputDescription("text_mask", axes: "[B, T]"),
      InputDescription("state", axes: "[B, \(c.action.stateDim)]"),
      InputDescription("noise", axes: "[B, H, \(c.action.actionDim)]"),
      InputDescription(
        "depth_pixel_values", axes: "[B, C, \(c.depth?.encoder.channels ?? 3), H, W]",
        isOptional: c.depth == nil),
      InputDescription(
        "target_actions", axes: "[B, H, \(c.action.actionDim)]", isOptional: true),
      InputDescription("loss_t", axes: "[]", isOptional: true),
      InputDescription("target_depth", axes: "[B, C, H, W]", isOptional: true),
    ]
  }

  public func run(_ inputs: ModelInputs, trace: StageTrace) throws(WeightsError) {
    try inputs.require(self.inputs)
    let observation = try inputs.observation(policy.configuration)
    let noise = try inputs.chunk("noise", of: observation, policy.configuration.action)
    var options = SamplingOptions()
    options.pattern = ablation.pattern
    _ = try policy.sample(
      observation, noise: noise, options: options,
      targets: try inputs.targets(of: observation, noise: noise, policy.configuration),
      on: compute, trace: trace)
  }
}

extension ModelInputs {
  fileprivate func observation(
    _ c: DepthVLAConfiguration
  ) throws(WeightsError) -> PolicyObservation {
    let pixels = try finite("pixel_values")
    let (size, channels) = (c.vision.imageSize, c.vision.channels)
    guard pixels.shape.rank == 5, pixels.shape[0] > 0, pixels.shape[1] > 0,
      pixels.shape.dimensions.suffix(3) == [channels, size, size]
    else {
      throw Self.failure(
        "pixel_values",
        "expected [B, C, \(channels), \(size), \(size)], found \(pixels.shape)")
    }
    let (batch, cameras) = (pixels.shape[0], pixels.shape[1])
    guard cameras <= Self.tokenLimit / c.vision.patches else {
      throw Self.failure(
        "pixel_values",
        "expected at most \(Self.tokenLimit) tokens of images, found \(cameras) cameras of "
          + "\(c.vision.patches)")
    }
    let present = try flags("camera_mask", shape: [batch, cameras])
    let ids = try tokens("input_ids", batch: batch)
    for (index, id) in ids.values.enumerated() {
      guard (0..<c.vocabularySize).contains(id) else {
        throw Self.failure(
          "input_ids", "expected ids from 0 to \(c.vocabularySize - 1), found \(id) at \(index)")
      }
    }
    let state = try finite("state")
    guard state.shape == [batch, c.action.stateDim] else {
      throw Self.failure(
        "state", "expected [\(batch), \(c.action.stateDim)], found \(state.shape)")
    }
    let observation = PolicyObservation(
      pixels: pixels, cameras: present, ids: ids.values,
      textMask: try flags("text_mask", shape: ids.shape), state: state,
      depthPixels: try c.depth.map { (depth) throws(WeightsError) in
        try depthPixels(batch: batch, cameras: cameras, depth.encoder)
      })
    for row in 0..<batch {
      let valid = observation.cameras[row * cameras..<(row + 1) * cameras].contains(true)
      guard
        valid || observation.textMask[row * ids.shape[1]..<(row + 1) * ids.shape[1]].contains(true)
      else {
        throw Self.failure("text_mask", "row \(row) has no camera and no token: nothing to act on")
      }
    }
    return observation
  }

  private func depthPixels(
    batch: Int, cameras: Int, _ encoder: DINOv2Configuration
  ) throws(WeightsError) -> Tensor {
    let name = "depth_pixel_values"
    let pixels = try finite(name)
    let shape = pixels.shape
    guard shape.rank == 5, shape[0] == batch, shape[1] == cameras, shape[2] == encoder.channels,
      shape[3] > 0, shape[4] > 0, shape[3].isMultiple(of: encoder.patch),
      shape[4].isMultiple(of: encoder.patch)
    else {
      throw Self.failure(
        name,
        "expected [\(batch), \(cameras), \(encoder.channels), H, W] with sides that are multiples of "
          + "\(encoder.patch), found \(shape)")
    }
    try encoder.checkLength(of: shape)
    let patches = shape[3] / encoder.patch * (shape[4] / encoder.patch)
    guard cameras <= DINOv2Configuration.patchLimit / patches else {
      throw Self.failure(
        name,
        "expected at most \(DINOv2Configuration.patchLimit) patches of all cameras, found \(cameras) "
          + "of \(patches)")
    }
    return pixels
  }

  fileprivate func chunk(
    _ name: String, of observation: PolicyObservation, _ c: ActionExpertConfiguration
  ) throws(WeightsError) -> Tensor {
    let chunk = try finite(name)
    guard chunk.shape.rank == 3, chunk.shape[0] == observation.batch, chunk.shape[1] > 0,
      chunk.shape[2] == c.actionDim
    else {
      throw Self.failure(
        name, "expected [\(observation.batch), H, \(c.actionDim)], found \(chunk.shape)")
    }
    guard chunk.shape[1] <= Self.tokenLimit else {
      throw Self.failure(
        name, "expected at most \(Self.tokenLimit) actions, found \(chunk.shape[1])")
    }
    return chunk
  }

  /// What the losses are measured against; nil where there are no targets.
  fileprivate func targets(
    of observation: PolicyObservation, noise: Tensor, _ c: DepthVLAConfiguration
  ) throws(WeightsError) -> PolicyTargets? {
    let targets = ["target_actions", "loss_t"] + (c.depth == nil ? [] : ["target_depth"])
    guard names.contains(where: targets.contains) else { return nil }
    let actions = try chunk("target_actions", of: observation, c.action)
    guard actions.shape == noise.shape else {
      throw Self.failure(
        "target_actions", "expected \(noise.shape) as noise, found \(actions.shape)")
    }
    guard let time = numbers["loss_t"], (0...1).contains(time) else {
      throw Self.failure("loss_t", "expected a number from 0 to 1")
    }
    guard names.contains("target_depth"), let pixels = observation.depthPixels else {
      return PolicyTargets(actions: actions, time: time)
    }
    let depth = try finite("target_depth")
    let shape = pixels.shape
    guard depth.shape == [shape[0], shape[1], shape[3], shape[4]] else {
      throw Self.failure(
        "target_depth",
        "expected a depth for each pixel of depth_pixel_values \(shape), found \(depth.shape)")
    }
    return PolicyTargets(actions: actions, time: time, depth: depth)
  }
}
