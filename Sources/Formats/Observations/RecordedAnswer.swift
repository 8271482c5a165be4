import DVLADiagnostics
public import DVLAHashing
public import DVLAJSON
public import DVLATensors

/// What a policy answered to an observation.
public struct RecordedAnswer: Sendable, Equatable {
  /// What answered, and how: the key `answer` of the metadata.
  public struct Origin: Sendable, Equatable {
    /// The root hash of the bundle.
    public var root: Digest
    /// The release of a signed bundle.
    public var release: Int?
    public var family: String
    /// How products with weights of BF16 and of INT8 were computed: `exact` or `native`.
    public var bf16: String
    public var int8: String
    /// Euler steps from noise to actions.
    public var steps: Int
    /// `block` or `full`.
    public var mask: String
    /// Whether the depth expert took part.
    public var usesDepthExpert: Bool
    /// The whole document of the robot whose conventions the observation and the actions follow;
    /// nil where actions went back as the policy gives them.
    public var robot: JSONObject?
    /// The program and its version.
    public var tool: String
    /// When, in UTC, such as `2026-11-30T14:05:00.250Z`.
    public var time: String

    public init(
      root: Digest, release: Int?, family: String, bf16: String, int8: String, steps: Int,
      mask: String, usesDepthExpert: Bool, robot: JSONObject?, tool: String, time: String
    ) {
      self.root = root
      self.release = release
      self.family = family
      self.bf16 = bf16
      self.int8 = int8
      self.steps = steps
      self.mask = mask
      self.usesDepthExpert = usesDepthExpert
      self.robot = robot
      self.tool = tool
      self.time = time
    }
  }

  /// The depth that was computed of the picture of a camera.
  public struct Depth: Sendable, Equatable {
    public let camera: String
    /// [H, W], of the size of the picture, up to a factor.
    public let values: Tensor

    public init(camera: String, values: Tensor) { (self.camera, self.values) = (camera, values) }
  }

  /// [H, a]: what went back, in the robot's units.
  public let actions: RecordedObservation.Numbers
  /// [H, A]: what the model computed.
  public let modelActions: Tensor
  /// Of no camera where depth was not asked for.
  public let depth: [Depth]
  public let origin: Origin

  /// - Precondition: all rows are as wide, and there is one.
  public init(
    actions: [[Double]], modelActions: Tensor, depth: [Depth] = [], origin: Origin
  ) {
    precondition(!actions.isEmpty && actions.allSatisfy { $0.count == actions[0].count }, "[h, a]")
    self.init(
      RecordedObservation.Numbers(
        actions.flatMap(\.self), shape: [actions.count, actions[0].count]),
      modelActions: modelActions, depth: depth, origin: origin)
  }

  init(
    _ actions: RecordedObservation.Numbers, modelActions: Tensor, depth: [Depth], origin: Origin
  ) {
    (self.actions, self.modelActions) = (actions, modelActions)
    (self.depth, self.origin) = (depth, origin)
  }

  var byteCount: Int {
    depth.reduce(4096 + 8 * actions.values.count + 4 * modelActions.values.count) {
      $0 + 4 * $1.values.values.count
    }
  }

  /// - Throws: `observation.answer`, `observation.duplicate`.
  func check(for observation: RecordedObservation) throws(WeightsError) {
    try actions.check(
      .observationAnswer, "answer.actions", expected: "float64 [H, a]", rank: 2)
    try modelActions.check(.observationAnswer, "answer.model_actions")
    guard modelActions.shape == observation.noise.shape else {
      throw WeightsError(
        .observationAnswer,
        "answer.model_actions: expected the shape of the noise \(observation.noise.shape), found "
          + "\(modelActions.shape)")
    }
    guard actions.shape[0] == modelActions.shape[0] else {
      throw WeightsError(
        .observationAnswer,
        "answer.actions: expected \(modelActions.shape[0]) rows, one for each of "
          + "answer.model_actions, found \(actions.shape[0])")
    }
    var cameras: Set<String> = []
    for depth in depth {
      guard let camera = observation.cameras.first(where: { $0.name == depth.camera }) else {
        throw WeightsError(
          .observationAnswer,
          "\(depth.camera.quoted): expected depth only of a camera that has a picture")
      }
      guard cameras.insert(depth.camera).inserted else {
        throw WeightsError(.observationDuplicate, "\(depth.camera): expected every camera once")
      }
      try depth.values.checkDepth(of: camera, isRelative: false, code: .observationAnswer)
    }
    try ObservationJSON.check(.object(origin.json), key: "answer")
    // What is written is what can be read.
    _ = try Origin(origin.json)
  }
}
