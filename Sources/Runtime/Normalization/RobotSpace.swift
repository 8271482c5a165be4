public import DVLADiagnostics

/// The part of a policy's processing in the robot's units, before states are normalised and after
/// actions are unnormalised: the joints of an ALOHA robot, and offsets from the state.
///
/// lerobot computes it in float32, openpi in double.
public struct RobotSpace: Sendable, Hashable {
  /// Joints and grippers of ALOHA's two arms.
  public static let alohaWidth = AlohaSpace.width
  private let mask: DeltaMask?
  private let aloha: AlohaSpace?
  private let library: PolicyProcessing.Library?
  private let isSingle: Bool

  /// Whether states and actions are those of an ALOHA robot.
  public var isAdapted: Bool { aloha != nil }

  /// - Parameter isSingle: whether it is computed in float32.
  public init(_ processing: PolicyProcessing, isSingle: Bool) {
    mask = processing.deltaMask
    aloha = processing.adaptsToPi ? AlohaSpace(processing.library) : nil
    library = processing.library
    self.isSingle = isSingle
  }

  /// - Parameter isKnown: whether that is the width of the states, and not only a limit.
  /// - Throws: `processing.step`.
  public func check(states: Int, actions: Int, isKnown: Bool) throws(WeightsError) {
    if aloha != nil {
      let isExact = library == .openpi
      for (what, width) in [("states", states), ("actions", actions)] {
        guard
          width < Self.alohaWidth
            || isExact && what == "states" && isKnown && width > Self.alohaWidth
        else { continue }
        throw WeightsError(
          .processingStep,
          "adapt_to_pi needs \(what) of \(isExact ? "" : "at least ")\(Self.alohaWidth) values, "
            + "as many as ALOHA's two arms have; found \(width)")
      }
    }
    // openpi fills states up before anything else.
    if let mask, isSingle, let last = mask.dimensions(of: actions).last, states < actions {
      throw WeightsError(
        .processingStep,
        "actions of \(actions) values are offsets from the state up to dimension \(last): expected "
          + "states of at least \(actions) values, found \(states)")
    }
  }

  /// A state of the robot in the convention of the model.
  ///
  /// - Precondition: as wide as ``check(states:actions:isKnown:)`` demands.
  public func decoded(_ state: [Double]) -> [Double] {
    guard let aloha else { return state }
    return isSingle ? aloha.decode(state.map(Float.init)).map(Double.init) : aloha.decode(state)
  }

  /// Actions that are offsets with the state added.
  public func added(_ state: [Double], to action: [Double]) -> [Double] {
    guard let mask else { return action }
    var action = action
    for index in action.indices where mask[index] && index < state.count {
      action[index] =
        isSingle
        ? Double(Float(action[index]) + Float(state[index])) : action[index] + state[index]
    }
    return action
  }

  /// Offsets from the state where actions of the model are offsets: the inverse of
  /// ``added(_:to:)``.
  public func subtracted(_ state: [Double], from action: [Double]) -> [Double] {
    guard let mask else { return action }
    var action = action
    for index in action.indices where mask[index] && index < state.count {
      action[index] -= state[index]
    }
    return action
  }

  /// An action of the model in the convention of the robot.
  ///
  /// - Precondition: as wide as ``check(states:actions:isKnown:)`` demands.
  public func encoded(_ action: [Double]) -> [Double] {
    guard let aloha else { return action }
    return isSingle ? aloha.encode(action.map(Float.init)).map(Double.init) : aloha.encode(action)
  }
}
