import DVLABundles
public import DVLADiagnostics
public import DVLARobots

/// What the observations of a policy can have, and what its actions are: its robot must fit.
public struct PolicyLimits: Sendable, Hashable {
  /// Most pictures.
  public let cameras: Int
  /// The widths of states: one where statistics or documents say it, any up to the model's
  /// otherwise, since a narrower state is filled up with zeros.
  public let states: ClosedRange<Int>
  /// Values in an action.
  public let actions: Int

  init(_ images: CameraImages, _ units: PolicyUnits) {
    cameras = images.limit
    states = units.robotStates
    actions = units.actionWidth
  }
}

extension AssetSource {
  /// The robot that travels with the weights; nil without one.
  ///
  /// - Throws: `policy.assets` for several; `robot.*`, `json.*`; what reading throws.
  public func robot() throws(WeightsError) -> Robot? {
    let found = assets(.robot)
    guard let asset = found.first else { return nil }
    guard found.count == 1 else {
      throw WeightsError(
        .policyAssets, file: path,
        "expected one robot, found \(found.map(\.name.quoted).joined(separator: ", "))")
    }
    return try reading(asset) { (bytes) throws(WeightsError) in try Robot(contents: bytes) }
  }
}
