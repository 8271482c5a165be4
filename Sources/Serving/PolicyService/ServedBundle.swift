import DVLABundles
import DVLADiagnostics
import DVLAImages
import DVLAJSON
import DVLAModels
import DVLAPipelines
import DVLARobots
import DVLASigning
import DVLATensorMath
import DVLATensors

/// A bundle that answers: verified, loaded and tried.
struct ServedBundle: Sendable {
  let bundle: WeightBundle
  let policy: RobotPolicy
  let robot: Robot
  let options: ServiceOptions

  /// The release in the signature; nil where none was asked for or it has none.
  var release: Int? { bundle.signature?.statement.release }

  /// Opens a bundle, checks every byte of it, loads all weights and acts once on black pictures,
  /// so that the first client's answer is as fast as the later ones.
  ///
  /// - Throws: the first damage of a bundle that is not intact; `bundle.non-finite`; `serve.robot`
  ///   without a robot; `robot.fit` where the policy cannot drive it; what opening, loading and
  ///   acting throw.
  init(path: String, options: ServiceOptions, trust: BundleTrust) throws(WeightsError) {
    bundle = try WeightBundle(
      path: path, trust: trust, signatureFile: options.signatureFile)
    let found = try bundle.verify(threads: options.threads)
    if let damage = found.damages.first { throw damage.error }
    if let values = found.nonFinite.first { throw values.error(in: path) }
    let own = options.robot == nil ? try bundle.robot() : nil
    guard let robot = options.robot ?? own else {
      throw WeightsError(
        .serveRobot, .usage, file: path,
        "the bundle does not say which robot it is for", remedies: [.giveAsset(.robot)])
    }
    self.robot = robot
    self.options = options
    policy = try RobotPolicy(
      bundle, usesDepth: options.usesDepth, products: options.products, loading: .first,
      on: Compute(threads: options.threads))
    let limits = policy.limits
    try inFile(path) { () throws(WeightsError) in
      try robot.check(
        cameraLimit: limits.cameras, states: limits.states, actions: limits.actions)
    }
    try warmUp()
  }

  private func warmUp() throws(WeightsError) {
    let side = policy.configuration.vision.imageSize
    let black = RGBImage(
      width: side, height: side, pixels: [UInt8](repeating: 0, count: 3 * side * side))
    let cameras = robot.cameras.map { _ in black }
    let chunk = try inFile(bundle.path) { () throws(WeightsError) in
      try policy.act(
        on: cameras, instruction: options.defaultInstruction ?? "warm up",
        state: policy.filledState([Double](repeating: 0, count: robot.stateWidth)),
        noise: policy.noise(seed: options.firstSeed), options: options.sampling)
    }
    _ = try inFile(bundle.path) { () throws(WeightsError) in try robot.actions(chunk.actions) }
  }

  /// Whether a client of one may go on with the other: what comes in and what goes out is alike.
  func hasContract(of other: ServedBundle) -> Bool {
    robot.takesTheSame(as: other.robot) && actionWidth == other.actionWidth
      && policy.noiseShape == other.policy.noiseShape
      && (policy.configuration.depth == nil) == (other.policy.configuration.depth == nil)
  }
}

extension Robot {
  fileprivate func takesTheSame(as other: Robot) -> Bool {
    cameras == other.cameras && pictures == other.pictures && state == other.state
      && instruction == other.instruction && ignored == other.ignored
  }
}

extension WeightsError.Code {
  /// Neither the bundle nor the caller says which robot is served.
  static let serveRobot = Self("serve.robot")
}
