public import DVLADiagnostics
public import DVLAImages
public import DVLAModels
public import DVLATensors

/// An observation as the model takes it, with what is needed to bring the results back to the
/// robot.
public struct PreparedObservation: Sendable {
  /// Of a batch of one.
  public let inputs: PolicyObservation
  /// Tokens of the prompt.
  public var tokenCount: Int { inputs.ids.count }
  let state: PolicyUnits.ModelState
  let pictures: [RGBImage]
}

extension RobotPolicy {
  /// Brings pictures, instruction and state into the form of the model.
  ///
  /// - Parameters:
  ///   - pictures: one of each camera, in the order of training. A missing camera is left out.
  ///   - state: in the robot's units where there are statistics, else in the model's.
  ///   - proceed: called before each picture is prepared, and after the last one. What it throws
  ///     ends the work.
  /// - Throws: `policy.no-image`, `policy.image-count`, `policy.state-width`, `policy.not-finite`;
  ///   `statistics.*`; as ``tokens(of:)``; `image.*`.
  public func prepare(
    _ pictures: [RGBImage], instruction: String, state: [Double],
    proceed: () throws(WeightsError) -> Void = {}
  ) throws(WeightsError) -> PreparedObservation {
    try check(imageCount: pictures.count)
    let ids = try tokens(of: instruction)
    let modelState = try units.modelState(state)
    let inputs = PolicyObservation(
      pixels: try images.pixels(pictures, proceed), ids: ids, state: modelState.tensor,
      depthPixels: try images.depthPixels(pictures, proceed))
    return PreparedObservation(inputs: inputs, state: modelState, pictures: pictures)
  }

  /// Takes in an observation, to sample any number of chunks for it.
  ///
  /// - Parameters:
  ///   - memory: one to be filled: see ``PolicySampler``.
  ///   - finished: called when a part of the forward is done. What it throws ends it.
  /// - Throws: what loading in the background and the trace throw.
  public func sampler(
    _ prepared: PreparedObservation, options: SamplingOptions = SamplingOptions(),
    memory: ForwardMemory = ForwardMemory(), trace: StageTrace = .none,
    finished: (PolicyPhase) throws(WeightsError) -> Void = { _ in }
  ) throws(WeightsError) -> PolicySampler {
    try inFile(bundlePath) { () throws(WeightsError) in
      try PolicySampler(
        model, prepared.inputs, options: options, memory: memory, on: compute, trace: trace,
        finished: finished)
    }
  }

  /// A chunk of the model in the robot's units.
  ///
  /// - Parameter normalized: [H, actionDim].
  /// - Returns: H actions, each as wide as the robot's.
  /// - Throws: `policy.not-finite`, `statistics.overflow`.
  public func actions(
    _ normalized: Tensor, for prepared: PreparedObservation
  ) throws(WeightsError) -> [[Double]] {
    try inFile(bundlePath) { () throws(WeightsError) in
      try units.robotActions(normalized, from: prepared.state)
    }
  }

  /// Actions of the robot, as demonstrations hold them, in the form of the model.
  ///
  /// - Returns: [H, actionDim]; nil where ALOHA's joints would have to be brought back, or the
  ///   actions have another width than the policy's.
  /// - Throws: `statistics.*`.
  public func modelActions(
    _ rows: [[Double]], for prepared: PreparedObservation
  ) throws(WeightsError) -> Tensor? {
    try inFile(bundlePath) { () throws(WeightsError) in
      try units.modelActions(rows, from: prepared.state)
    }
  }

  /// The standard deviation of each dimension of an action in training, in the robot's units; nil
  /// without statistics that have it, and where a step after them changes the units.
  public var actionDeviations: [Double]? { units.actionDeviations }

  /// The depth of each picture at its size; empty where the model computed none.
  ///
  /// - Parameters:
  ///   - logDepth: [1, C, H, W].
  ///   - proceed: called before the depth of each picture is resized. What it throws ends the work.
  /// - Throws: `depth.not-finite`, `image.*`.
  public func depthMaps(
    _ logDepth: Tensor?, for prepared: PreparedObservation,
    proceed: () throws(WeightsError) -> Void = {}
  ) throws(WeightsError) -> [DepthMap] {
    guard let logDepth else { return [] }
    let (height, width) = (logDepth.shape[2], logDepth.shape[3])
    var depth: [DepthMap] = []
    for (camera, picture) in prepared.pictures.enumerated() {
      try proceed()
      let values = logDepth.values[camera * height * width..<(camera + 1) * height * width]
      depth.append(
        try images.depthMap(Tensor(Array(values), shape: [height, width]), of: picture))
    }
    return depth
  }
}
