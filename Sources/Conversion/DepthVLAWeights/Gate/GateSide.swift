import DVLABundles
import DVLADiagnostics
import DVLAFamilies
import DVLAImages
import DVLAModels
import DVLAObservations
import DVLAPipelines
import DVLARobots
import DVLATensorMath
import DVLATensors

/// One of the two models of a gate, ready to act on observations as a robot would be served with
/// it: with its own robot, tokenizer, statistics and processing.
struct GateSide {
  let bundle: any AssetSource
  let robot: Robot?
  let policy: RobotPolicy
  /// Opening and loading all weights that stay in memory.
  let loadSeconds: Double

  /// The encoders of a model with more bytes of weights do not stay in memory. Token embeddings
  /// never do, so that a gate takes less than this at DepthVLA's published size, whatever the
  /// types.
  private static let residentByteLimit = 8 << 30

  init(_ bundle: WeightBundle, options: GateOptions) throws(WeightsError) {
    let start = ContinuousClock.now
    self.bundle = bundle
    robot = try bundle.robot()
    // What a robot gets is judged: its own tokenizer, where there is one.
    let tokenizer = bundle.assets(.tokenizer).isEmpty ? options.tokenizer : nil
    policy = try RobotPolicy(
      bundle, assets: try PolicyAssets(bundle, tokenizer: tokenizer),
      products: options.products, loading: Self.loading(bundle.tensors),
      on: Compute(threads: options.threads))
    loadSeconds = (ContinuousClock.now - start) / .seconds(1)
  }

  /// Which layers of a model with these tensors are in memory as long as it acts.
  static func loading(_ tensors: [TensorInfo]) -> RobotPolicy.Loading {
    isLarge(tensors) ? .only(.allButEncoders) : .first
  }

  /// Whether a model with these tensors should not be in memory as a whole.
  static func isLarge(_ tensors: [TensorInfo]) -> Bool {
    tensors.reduce(0) { $0 + $1.byteCount } > residentByteLimit
  }

  /// A policy whose weights are in no bundle yet.
  ///
  /// - Parameters:
  ///   - bundle: everything but the weights.
  ///   - start: when the policy was begun to be loaded.
  init(
    _ bundle: any AssetSource, policy: RobotPolicy, since start: ContinuousClock.Instant
  ) throws(WeightsError) {
    self.bundle = bundle
    robot = try bundle.robot()
    self.policy = policy
    loadSeconds = (ContinuousClock.now - start) / .seconds(1)
  }

  /// The pictures in the order in which this model was trained to see them.
  ///
  /// - Throws: `gate.cameras` where they are not those of the model's robot.
  func pictures(of observation: RecordedObservation) throws(WeightsError) -> [RGBImage] {
    guard let robot else { return observation.cameras.map(\.picture) }
    let known = Set(robot.cameras.map(\.name))
    if let other = observation.cameras.first(where: { !known.contains($0.name) }) {
      throw WeightsError(
        .gateCameras,
        "the camera \(other.name.quoted) is none of the robot \(robot.name.quoted) of "
          + "\(bundle.path): \(robot.cameras.map(\.name.quoted).joined(separator: ", "))")
    }
    var pictures: [RGBImage] = []
    for camera in robot.cameras {
      if let found = observation.cameras.first(where: { $0.name == camera.name }) {
        pictures.append(found.picture)
      } else if camera.isRequired {
        throw WeightsError(
          .gateCameras,
          "the camera \(camera.name.quoted), which the robot \(robot.name.quoted) of "
            + "\(bundle.path) must have, was not recorded")
      }
    }
    return pictures
  }

  /// The names of the cameras in the order of ``pictures(of:)``.
  func cameraNames(of observation: RecordedObservation) -> [String] {
    let recorded = observation.cameras.map(\.name)
    guard let robot else { return recorded }
    return robot.cameras.map(\.name).filter(recorded.contains)
  }

  func prepare(_ observation: RecordedObservation) throws(WeightsError) -> PreparedObservation {
    guard observation.noise.shape == policy.noiseShape else {
      throw WeightsError(
        .gateNoise,
        "noise: expected \(policy.noiseShape), the horizon and the width of an action of "
          + "\(bundle.path), found \(observation.noise.shape)")
    }
    return try policy.prepare(
      try pictures(of: observation), instruction: observation.instruction,
      state: policy.filledState(observation.state.values))
  }

  /// Actions as they would go to the robot.
  func robotActions(
    _ normalized: Tensor, for prepared: PreparedObservation
  ) throws(WeightsError) -> [[Double]] {
    let rows = try policy.actions(normalized, for: prepared)
    return try robot?.actions(rows) ?? rows
  }
}

extension WeightsError.Code {
  /// The cameras of an observation are not those of a model's robot.
  public static let gateCameras = Self("gate.cameras")
  /// The noise of an observation is of another shape than a model's.
  public static let gateNoise = Self("gate.noise")
}
