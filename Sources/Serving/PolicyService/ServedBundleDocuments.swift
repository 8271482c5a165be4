import DVLABundles
import DVLAHashing
import DVLAJSON
import DVLAModels
import DVLANumPyMessages
import DVLAPipelines
import DVLARobots
import DVLATensors

// What is said of a served bundle: to clients, to the log, to Prometheus.
extension ServedBundle {
  /// Values in an action that a client gets.
  var actionWidth: Int { robot.actionWidth ?? policy.limits.actions }

  var summary: PolicyService.Summary {
    PolicyService.Summary(
      root: bundle.root.hex, release: release, family: bundle.documents.family, robot: robot.name,
      steps: policy.steps(stateWidth: robot.stateWidth))
  }

  /// The names and values of `depthvla_bundle_info`.
  var labels: [(label: String, value: String)] {
    [
      ("root", bundle.root.hex), ("release", release.map { "\($0)" } ?? ""),
      ("family", bundle.documents.family), ("robot", robot.name),
    ]
  }

  /// The metadata that a client gets first: what the robot's document says, and under a key of our
  /// own what is served.
  var greeting: NumPyValue {
    var message = NumPyMap()
    for (key, value) in robot.metadata?.members ?? [] { message.append(key, NumPyValue(value)) }
    var own: NumPyMap = [
      "version": .text(options.version), "root": .text(bundle.root.hex),
      "family": .text(bundle.documents.family), "robot": .text(robot.name),
      "cameras": .list(robot.cameras.map { .text($0.name) }),
      "action_horizon": .integer(Int64(policy.configuration.action.horizon)),
      "action_width": .integer(Int64(actionWidth)),
      "depth": .bool(policy.configuration.depth != nil),
    ]
    if let release { own.append("release", .integer(Int64(release))) }
    message.append(RequestWishes.key, .map(own))
    return .map(message)
  }
}

extension NumPyValue {
  fileprivate init(_ json: JSONValue) {
    switch json {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .integer(let value): self = .integer(value)
    case .unsigned(let value): self = .unsigned(value)
    case .number(let value): self = .number(value)
    case .string(let text): self = .text(text)
    case .array(let elements): self = .list(elements.map(Self.init))
    case .object(let object):
      var map = NumPyMap()
      for (key, value) in object.members { map.append(key, Self(value)) }
      self = .map(map)
    }
  }
}
