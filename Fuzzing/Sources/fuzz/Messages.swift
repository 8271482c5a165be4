import DVLADiagnostics
import DVLAJSON
import DVLAMessagePack
import DVLANumPyMessages
import DVLARobots

extension FuzzTarget {
  /// What robots send.
  static let messages = [
    FuzzTarget("message") { (bytes) throws(WeightsError) in
      let value = try NumPyMessage.decode(bytes)
      for array in arrays(of: value) {
        demand(
          array.bytes.count == array.count * array.dtype.size, "the bytes of its shape: \(array)")
        if let numbers = try? array.doubles() {
          demand(numbers.count == array.count, "a number for each element: \(array)")
        }
        _ = try? array.text()
      }
      // A scalar grows, as it is written as an array, and what is at a limit may be beyond it then.
      let written = NumPyMessage.encode(value)
      let again = try NumPyMessage.decode(written)
      demand(NumPyMessage.encode(again) == written, "the message that is written to say the same")
    },
    FuzzTarget("observation") { (bytes) throws(WeightsError) in
      guard case .map(let message) = try NumPyMessage.decode(bytes) else { return }
      for robot in robots {
        do throws(WeightsError) {
          demandFit(try robot.observation(message, defaultInstruction: "wait"), of: robot)
        } catch { check(error) }
      }
    },
  ]

  /// Every preset; lerobot's with the features of a data set.
  private static let robots: [Robot] = {
    var robots = Robot.presetNames.compactMap { try? Robot.preset($0) }
    let configuration = """
      {"input_features": {
        "observation.images.top": {"type": "VISUAL", "shape": [3, 2, 2]},
        "observation.images.side": {"type": "VISUAL", "shape": [3, 2, 2]},
        "observation.state": {"type": "STATE", "shape": [6]}},
      "output_features": {"action": {"type": "ACTION", "shape": [6]}}}
      """
    guard robots.count == 3, let json = try? StrictJSON.parse(configuration),
      let lerobot = try? Robot.lerobot(configuration: json)
    else { preconditionFailure("a preset, and the configuration above, are sound") }
    robots.append(lerobot)
    return robots
  }()

  /// What is taken is what the robot says it sends.
  private static func demandFit(_ observation: RobotObservation, of robot: Robot) {
    demand(observation.state.count == robot.stateWidth, "a state of \(robot.stateWidth) values")
    demand(observation.state.allSatisfy(\.isFinite), "finite numbers in a state")
    demand(!observation.cameras.isEmpty, "a camera at least")
    let names = robot.cameras.map(\.name)
    let places = observation.cameras.compactMap { names.firstIndex(of: $0.name) }
    demand(
      places.count == observation.cameras.count && places == places.sorted(),
      "the robot's cameras in its order")
    for camera in observation.cameras {
      let picture = camera.picture
      demand(
        picture.pixels.count == 3 * picture.width * picture.height, "the pixels of a picture")
    }
    demand(
      observation.instruction.utf8.count <= Robot.instructionLimit, "an instruction in its limit")
  }

  private static func arrays(of value: NumPyValue) -> [NumPyArray] {
    switch value {
    case .array(let array): [array]
    case .list(let elements): elements.flatMap { arrays(of: $0) }
    case .map(let map): map.entries.flatMap { arrays(of: $0.value) }
    default: []
    }
  }
}
