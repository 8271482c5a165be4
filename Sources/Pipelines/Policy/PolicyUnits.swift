public import Diagnostics
import Models
import Normalization
import TensorCore

/// Between the robot's units and the model's: states in, actions out.
struct PolicyUnits: Sendable {
  private let state: Normalizer?
  private let action: Normalizer?
  private let configuration: ActionExpertConfiguration

  /// What is done to states; nil without statistics of them.
  var stateMethod: NormalizationMethod? { state?.method }
  /// What is undone of actions; nil without statistics of them.
  var actionMethod: NormalizationMethod? { action?.method }

  /// - Throws: `statistics.*`; `policy.assets` for statistics that are wider than the model.
  init(
    _ assets: PolicyAssets, _ methods: NormalizationMethods, _ c: ActionExpertConfiguration
  ) throws(WeightsError) {
    state = try assets.state?.normalizer(
      of: .state, method: methods.state, modelWidth: c.stateDim)
    action = try assets.action?.normalizer(
      of: .action, method: methods.action, modelWidth: c.actionDim)
    configuration = c
    for (name, width, limit, file) in [
      ("states", state?.width, c.stateDim, assets.state?.fileName),
      ("actions", action?.width, c.actionDim, assets.action?.fileName),
    ] {
      guard let width, let file, width > limit else { continue }
      throw WeightsError(
        .policyAssets,
        "the statistics of \(name) in \(file) have \(width) values, the model \(limit)")
    }
  }

  /// [1, stateDim]: normalised, then filled up with zeros, as openpi and lerobot do it.
  ///
  /// - Throws: `policy.state-width`, `policy.not-finite`, `statistics.overflow`.
  func modelState(_ robot: [Double]) throws(WeightsError) -> Tensor {
    let width = configuration.stateDim
    let expected = state?.width ?? width
    guard robot.count == expected else {
      throw WeightsError(
        .policyStateWidth,
        "the state has \(robot.count) values, expected \(expected) as "
          + (state == nil ? "the model, for want of statistics" : "its statistics"))
    }
    let values = try state?.normalize(robot) ?? robot
    let floats = values.map(Float.init)
    if let index = floats.firstIndex(where: { !$0.isFinite }) {
      throw WeightsError(
        .policyNotFinite, "expected a finite state, found \(robot[index]) at \(index)")
    }
    return Tensor(
      floats + [Float](repeating: 0, count: width - floats.count), shape: [1, width])
  }

  /// Actions [H, actionDim], each in the robot's units and as wide as its statistics.
  ///
  /// - Throws: `policy.not-finite`, `statistics.overflow`.
  func robotActions(_ model: Tensor) throws(WeightsError) -> [[Double]] {
    let (horizon, width) = (model.shape[0], model.shape[1])
    var actions: [[Double]] = []
    for index in 0..<horizon {
      let values = model.values[index * width..<(index + 1) * width].map(Double.init)
      if let bad = values.firstIndex(where: { !$0.isFinite }) {
        throw WeightsError(
          .policyNotFinite,
          "expected finite actions, found \(values[bad]) in action \(index), dimension \(bad)")
      }
      guard let action else {
        actions.append(values)
        continue
      }
      // Of a vector that the model fills up, lerobot cuts the rest off before, openpi after.
      let own = action.origin == .lerobot ? Array(values.prefix(action.width)) : values
      actions.append(Array(try action.undo(own).prefix(action.width)))
    }
    return actions
  }
}

extension WeightsError.Code {
  /// A state of another width than the statistics, or the model.
  public static let policyStateWidth = Self("policy.state-width")
  /// A state, or an action that was computed, is not finite.
  public static let policyNotFinite = Self("policy.not-finite")
}
