import DVLACDepthVLA
import DVLADiagnostics
import DVLAImages
import DVLAModels
import DVLANormalization
import DVLAPipelines
import DVLATensors

/// An observation of the caller, copied and checked.
struct Observation {
  private let pictures: [(image: RGBImage, name: String)]
  private let instruction: String
  private let state: [Double]
  private let noise: PolicyRun.Noise
  private let sampling: SamplingOptions

  /// More values than any robot's state has.
  private static let stateLimit = 1 << 16

  /// - Throws: `argument.*`, `structure.size`; `policy.no-image`, `policy.image-count`, `image.*`;
  ///   `noise.shape`, `noise.not-finite`.
  init(_ given: dvla_observation, for made: MadePolicy) throws(WeightsError) {
    instruction = try unsafe text(given.instruction, "observation.instruction")
    state = try unsafe elements(
      given.state, count: given.state_count, atMost: Self.stateLimit, "observation.state")
    let count = unsafe given.picture_count
    try made.policy.check(imageCount: count)
    guard let first = unsafe given.pictures else { throw .null("observation.pictures") }
    var pictures: [(image: RGBImage, name: String)] = []
    for index in 0..<count {
      let name = "observation.pictures[\(index)]"
      let picture = unsafe first[index]
      unsafe pictures.append(
        (
          try RGBImage(picture, name),
          try unsafe optionalText(picture.name, "\(name).name") ?? "camera\(index)"
        ))
    }
    self.pictures = pictures
    noise = unsafe try Self.noise(given, for: made.policy)
    var sampling = SamplingOptions()
    let steps = Int(unsafe given.steps)
    guard steps <= ActionExpertConfiguration.stepLimit else {
      throw .range(
        "observation.steps", "0 to \(ActionExpertConfiguration.stepLimit)", "\(steps)")
    }
    if steps > 0 { sampling.steps = steps }
    sampling.pattern = try unsafe word(given.mask, "observation.mask", AttentionPattern.self)
    sampling.wantsDepth = unsafe made.hasDepth && !given.without_depth_maps
    self.sampling = sampling
  }

  private static func noise(
    _ given: dvla_observation, for policy: RobotPolicy
  ) throws(WeightsError) -> PolicyRun.Noise {
    guard unsafe given.noise != nil else {
      guard unsafe given.noise_count == 0 else { throw .null("observation.noise") }
      return .seed(unsafe given.seed)
    }
    let action = policy.configuration.action
    let shape: Shape = [action.horizon, action.actionDim]
    guard unsafe given.noise_count == shape.elementCount else {
      throw WeightsError(
        .noiseShape, .usage,
        "observation.noise: expected \(shape.elementCount) values, \(shape), found "
          + "\(unsafe given.noise_count)")
    }
    let values = try unsafe elements(
      given.noise, count: shape.elementCount, atMost: shape.elementCount, "observation.noise")
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw WeightsError(
        .noiseNotFinite,
        "observation.noise[\(index)]: expected a finite value, found \(values[index])")
    }
    return .given(Tensor(values, shape: shape))
  }

  /// - Throws: as ``RobotPolicy``; what `progress` throws.
  func act(
    _ policy: RobotPolicy, of made: MadePolicy,
    progress: (_ done: Int, _ total: Int) throws(WeightsError) -> Void
  ) throws(WeightsError) -> PolicyRun {
    let noise =
      switch noise {
      case .seed(let seed): policy.noise(seed: seed)
      case .given(let noise): noise
      case .file: preconditionFailure("an observation in memory has no files")
      }
    let total = policy.partCount(sampling)
    var done = 0
    let chunk = try policy.act(
      on: pictures.map(\.image), instruction: instruction, state: state, noise: noise,
      options: sampling
    ) { (_) throws(WeightsError) in
      done += 1
      try progress(done, total)
    }
    let cameras = pictures.enumerated().map { index, picture in
      let depth = chunk.depth.isEmpty ? nil : chunk.depth[index]
      return PolicyRun.Camera(
        path: picture.name, size: picture.image.size, range: depth.map { $0.minimum...$0.maximum })
    }
    return PolicyRun(
      chunk, of: policy, from: made.bundle.bundle, cameras: cameras, noise: self.noise,
      sampling: sampling)
  }
}
