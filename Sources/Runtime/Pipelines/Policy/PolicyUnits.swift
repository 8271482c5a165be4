public import DVLADiagnostics
import DVLAModels
import DVLANormalization
import DVLATensors

/// Converts states from the robot's units to the model's, and actions back, in the order of
/// ``PolicyProcessing``.
struct PolicyUnits: Sendable {
  private let state: Normalizer?
  private let action: Normalizer?
  private let robot: RobotSpace
  private let processing: PolicyProcessing
  private let configuration: ActionExpertConfiguration
  private let stateWidth: ClosedRange<Int>
  /// The widths that a robot's states may have. Narrower ones than the model's are filled up.
  let robotStates: ClosedRange<Int>
  /// The width of the actions that come out.
  let actionWidth: Int
  /// Of each of their dimensions, in the robot's units; nil without statistics that have them, and
  /// where a step after them changes the units.
  let actionDeviations: [Double]?

  /// How states are normalised; nil without statistics of them.
  var stateMethod: NormalizationMethod? { state?.method }
  /// How actions were normalised, which is undone; nil without statistics of them.
  var actionMethod: NormalizationMethod? { action?.method }

  /// A state as the model sees it.
  struct ModelState {
    /// [1, stateDim].
    let tensor: Tensor
    /// The state that actions are offsets from, in the convention of the model.
    fileprivate let reference: [Double]
  }

  /// - Throws: `statistics.*`; `policy.assets` for statistics of another width than the model or
  ///   its documents have; `processing.step` where a step needs wider states or actions.
  init(
    _ assets: PolicyAssets, _ settings: PolicySettings, _ c: ActionExpertConfiguration
  ) throws(WeightsError) {
    let processing = assets.processing
    // The user's method for both, else those of the documents, else that of pi0 in both libraries.
    let methods =
      settings.normalization.map { NormalizationMethods($0) }
      ?? NormalizationMethods(
        state: processing.state ?? .meanStd, action: processing.action ?? .meanStd)
    let isEarly = processing.library == .earlyLeRobot
    state = try assets.state?.normalizer(
      of: .state, method: methods.state, isEarly: isEarly, modelWidth: c.stateDim)
    action = try assets.action?.normalizer(
      of: .action, method: methods.action, isEarly: isEarly, modelWidth: c.actionDim)
    self.processing = processing
    configuration = c
    robot = RobotSpace(
      processing,
      isSingle: processing.library.map { $0 != .openpi }
        ?? (state.map { $0.origin != .openpi } ?? false))
    for (name, width, said, limit, file) in [
      ("states", state?.width, processing.stateWidth, c.stateDim, assets.state?.fileName),
      ("actions", action?.width, processing.actionWidth, c.actionDim, assets.action?.fileName),
    ] {
      if let said, said > limit {
        throw WeightsError(
          .policyAssets,
          "the documents beside the weights describe \(name) of \(said) values; the model has at "
            + "most \(limit)")
      }
      guard let width, let file else { continue }
      guard width <= limit else {
        throw WeightsError(
          .policyAssets,
          "the statistics of \(name) in \(file) have \(width) values; the model has at most \(limit)"
        )
      }
      guard let said, said != width else { continue }
      throw WeightsError(
        .policyAssets,
        "the statistics of \(name) in \(file) have \(width) values; the documents beside the weights "
          + "describe \(said)")
    }
    // Both libraries fill narrower states up with zeros. Where neither is known to be the
    // policy's, a state is as wide as the model.
    let least = processing.library == nil ? c.stateDim : 1
    let known = state?.width ?? processing.stateWidth
    stateWidth = known.map { $0...$0 } ?? least...c.stateDim
    robotStates = known.map { $0...$0 } ?? 1...c.stateDim
    let width = action?.width ?? processing.actionWidth ?? c.actionDim
    actionWidth =
      processing.library == .openpi && processing.adaptsToPi
      ? min(RobotSpace.alohaWidth, c.actionDim) : width
    if !robot.isAdapted, let deviations = assets.action?.action?.std,
      deviations.count >= actionWidth
    {
      actionDeviations = Array(deviations.prefix(actionWidth))
    } else {
      actionDeviations = nil
    }
    try robot.check(states: stateWidth.upperBound, actions: actionWidth, isKnown: known != nil)
  }

  /// Filled up with zeros where nothing says how wide states are; otherwise as it is.
  func filledState(_ given: [Double]) -> [Double] {
    guard robotStates.contains(given.count), given.count < stateWidth.lowerBound else {
      return given
    }
    return given + [Double](repeating: 0, count: stateWidth.lowerBound - given.count)
  }

  /// Normalised, then filled up with zeros, as openpi and lerobot do it.
  ///
  /// - Throws: `policy.state-width`, `policy.not-finite`, `statistics.overflow`.
  func modelState(_ given: [Double]) throws(WeightsError) -> ModelState {
    let width = configuration.stateDim
    guard stateWidth.contains(given.count) else {
      throw WeightsError(
        .policyStateWidth,
        "the state has \(given.count) values; expected "
          + (stateWidth.lowerBound == stateWidth.upperBound ? "" : "at most ")
          + "\(stateWidth.upperBound), the width of "
          + (state != nil
            ? "its statistics"
            : processing.stateWidth == nil
              ? "the model, as there are no statistics"
              : "states in the documents beside the weights"))
    }
    try robot.check(states: given.count, actions: actionWidth, isKnown: true)
    let own = robot.decoded(given)
    let values = try state?.normalize(own) ?? own
    let floats = values.map(Float.init)
    if let index = floats.firstIndex(where: { !$0.isFinite }) {
      throw WeightsError(
        .policyNotFinite, "expected a finite state, found \(given[index]) at \(index)")
    }
    let rest = width - floats.count
    var reference = own
    if processing.deltaMask != nil, processing.library?.isLeRobot != true {
      // openpi undoes what was done to the filled up state.
      let filled = values + [Double](repeating: 0, count: rest)
      reference = try state?.undo(filled) ?? filled
    }
    return ModelState(
      tensor: Tensor(floats + [Float](repeating: 0, count: rest), shape: [1, width]),
      reference: reference)
  }

  /// Actions [H, actionDim], each in the robot's units and as wide as the robot's.
  ///
  /// - Throws: `policy.not-finite`, `statistics.overflow`.
  func robotActions(
    _ model: Tensor, from state: ModelState
  ) throws(WeightsError) -> [[Double]] {
    let (horizon, width) = (model.shape[0], model.shape[1])
    var actions: [[Double]] = []
    for index in 0..<horizon {
      let values = model.values[index * width..<(index + 1) * width].map(Double.init)
      if let bad = values.firstIndex(where: { !$0.isFinite }) {
        throw WeightsError(
          .policyNotFinite,
          "expected finite actions, found \(values[bad]) in action \(index), dimension \(bad)")
      }
      // Of a vector that the model fills up, lerobot cuts the rest off before, openpi after.
      let isCut = action.map { $0.origin != .openpi } ?? true
      var own = isCut ? Array(values.prefix(actionWidth)) : values
      if let action { own = try action.undo(own, isSingle: true) }
      own = Array(own.prefix(actionWidth))
      own = robot.added(state.reference, to: own)
      let encoded = robot.encoded(own)
      if let bad = encoded.firstIndex(where: { !$0.isFinite }) {
        throw WeightsError(
          .policyNotFinite,
          "expected finite actions, found \(encoded[bad]) in action \(index), dimension \(bad)")
      }
      actions.append(encoded)
    }
    return actions
  }

  /// Actions of the robot, as demonstrations hold them, as the model has them: the inverse of
  /// ``robotActions(_:from:)`` but for rounding. Filled up with zeros to the model's width.
  ///
  /// - Returns: [H, actionDim]; nil where joints and grippers of ALOHA would have to be brought
  ///   back, or the actions have another width than the policy's.
  /// - Throws: `statistics.*`.
  func modelActions(
    _ rows: [[Double]], from state: ModelState
  ) throws(WeightsError) -> Tensor? {
    guard !robot.isAdapted, let first = rows.first, first.count == actionWidth else { return nil }
    let width = configuration.actionDim
    var values: [Float] = []
    for row in rows {
      let own = robot.subtracted(state.reference, from: row)
      let normalized = try action?.normalize(own) ?? own
      values += normalized.map(Float.init)
      values += [Float](repeating: 0, count: width - normalized.count)
    }
    return Tensor(values, shape: [rows.count, width])
  }

  /// The steps from a state of that width to the model's, in words, in order.
  func stateSteps(width: Int) -> [String] {
    var steps = robot.isAdapted ? ["state: ALOHA's joints and grippers as pi0 has them"] : []
    if let state { steps.append("state normalised \(words(state))") }
    if width < configuration.stateDim {
      steps.append("state of \(width) filled up with zeros to \(configuration.stateDim)")
    }
    return steps
  }

  /// The steps from the model's actions to the robot's, in words, in order.
  var actionSteps: [String] {
    var steps: [String] = []
    if actionWidth < configuration.actionDim {
      steps.append("actions of \(configuration.actionDim) cut to \(actionWidth)")
    }
    if let action { steps.append("actions unnormalised \(words(action))") }
    if let mask = processing.deltaMask {
      let dimensions = mask.dimensions(of: actionWidth).map(String.init)
      steps.append(
        dimensions.isEmpty
          ? "state added back to no dimension"
          : "state added back to dimensions \(dimensions.joined(separator: ", "))")
    }
    if robot.isAdapted { steps.append("actions: joints and grippers as ALOHA has them") }
    return steps
  }

  private func words(_ normalizer: Normalizer) -> String {
    let isEarly = processing.library == .earlyLeRobot && normalizer.origin == .lerobot
    let library = isEarly ? "lerobot-2025-02" : normalizer.origin.rawValue
    return "\(normalizer.method.rawValue) (\(library))"
  }
}

extension WeightsError.Code {
  /// A state of another width than its statistics or the model have.
  public static let policyStateWidth = Self("policy.state-width")
  /// A state, or an action that was computed, is not finite.
  public static let policyNotFinite = Self("policy.not-finite")
}
