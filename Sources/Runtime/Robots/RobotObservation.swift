public import DVLADiagnostics
public import DVLAImages
public import DVLANumPyMessages

/// The inputs of a policy that an observation of a robot holds.
public struct RobotObservation: Sendable, Hashable {
  public struct Camera: Sendable, Hashable {
    public let name: String
    public let picture: RGBImage
  }

  /// In the policy's order; missing ones are left out.
  public let cameras: [Camera]
  public let instruction: String
  /// In the robot's units, as it came.
  public let state: [Double]
  /// Whether all of it came as float32.
  public let isStateSingle: Bool
}

extension Robot {
  /// Takes pictures, state and instruction out of a message.
  ///
  /// - Parameter defaultInstruction: for an observation without one, before the document's own.
  /// - Throws: `observation.key` for keys that are missing or not the robot's;
  ///   `observation.kind`, `observation.range`, `observation.not-finite`, `observation.text`. The
  ///   message names the key, what was expected and what came.
  public func observation(
    _ message: NumPyMap, defaultInstruction: String? = nil
  ) throws(WeightsError) -> RobotObservation {
    try checkKeys(of: message, hasDefault: defaultInstruction ?? instruction.fallback != nil)
    var found: [RobotObservation.Camera] = []
    for camera in cameras {
      guard let value = message[camera.key] else { continue }
      let picture = try Self.naming(camera.key) { () throws(WeightsError) in
        try pictures.picture(value)
      }
      found.append(RobotObservation.Camera(name: camera.name, picture: picture))
    }
    var values: [Double] = []
    var isSingle = true
    for part in state {
      guard let value = message[part.key] else { preconditionFailure("the keys are checked") }
      try Self.naming(part.key) { () throws(WeightsError) in
        let (numbers, isPartSingle) = try part.numbers(value)
        values += numbers
        isSingle = isSingle && isPartSingle
      }
    }
    let text: String
    if let value = message[instruction.key] {
      text = try Self.naming(instruction.key) { () throws(WeightsError) in
        try instruction.text(value)
      }
    } else {
      guard let given = defaultInstruction ?? instruction.fallback else {
        preconditionFailure("the keys are checked")
      }
      try Instruction.check(given)
      text = given
    }
    return RobotObservation(
      cameras: found, instruction: text, state: values, isStateSingle: isSingle)
  }

  /// The dimensions of actions that go back to the robot.
  ///
  /// - Parameter rows: the actions of a chunk, each as wide as the policy's.
  /// - Throws: `robot.fit` where they are narrower than the robot's.
  public func actions(_ rows: [[Double]]) throws(WeightsError) -> [[Double]] {
    guard let actionWidth else { return rows }
    if let row = rows.first(where: { $0.count < actionWidth }) {
      throw WeightsError(
        .robotFit,
        "the robot \(name.quoted) takes actions of \(actionWidth) values; the policy gives "
          + "\(row.count)")
    }
    return rows.map { Array($0.prefix(actionWidth)) }
  }

  /// Checks that the robot can be driven by a policy.
  ///
  /// - Parameters:
  ///   - cameraLimit: most pictures of an observation.
  ///   - states: the widths that the policy accepts.
  ///   - actions: the width of the policy's actions.
  /// - Throws: `robot.fit`.
  public func check(
    cameraLimit: Int, states: ClosedRange<Int>, actions: Int
  ) throws(WeightsError) {
    func refuse(_ what: String) -> WeightsError {
      WeightsError(.robotFit, "the robot \(name.quoted) \(what)")
    }
    guard cameras.count <= cameraLimit else {
      throw refuse(
        "has \(cameras.count) cameras; the policy accepts at most \(cameraLimit) pictures")
    }
    guard states.contains(stateWidth) else {
      let isOne = states.lowerBound == states.upperBound
      throw refuse(
        "has a state of \(stateWidth) values; the policy needs "
          + (isOne ? "\(states.upperBound)" : "\(states.lowerBound) to \(states.upperBound)"))
    }
    guard actionWidth ?? 0 <= actions else {
      throw refuse(
        "takes actions of \(actionWidth ?? 0) values; the policy gives \(actions)")
    }
  }

  /// The result of `body`, whose errors say first which key they are about.
  private static func naming<Result>(
    _ key: RobotKey, _ body: () throws(WeightsError) -> Result
  ) throws(WeightsError) -> Result {
    do throws(WeightsError) { return try body() } catch {
      throw error.prefixed("\(key.name.quoted): ")
    }
  }
}
