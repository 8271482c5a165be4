import DVLADiagnostics
import DVLAJSON
import DVLARobots

/// A robot for a person and as a document.
struct RobotReport {
  private let robot: Robot

  init(_ robot: Robot) { self.robot = robot }

  /// The complete document, from which a file of one's own can be begun.
  var json: JSONValue { robot.json }

  /// A line of its own for each part, behind `indent`.
  func words(indent: String = "") -> String {
    var lines = ["robot \(robot.name.escapedForTerminal)"]
    if let source = robot.source { lines[0] += ", from \(source.escapedForTerminal)" }
    for camera in robot.cameras {
      var line = "  camera    \(camera.key.name.escapedForTerminal)"
      if camera.name != camera.key.name { line += ", recorded as \(camera.name)" }
      if !camera.isRequired { line += ", which may be missing" }
      lines.append(line)
    }
    lines.append("  pictures  \(pictures)")
    for part in robot.state {
      lines.append(
        "  state     \(part.key.name.escapedForTerminal) [\(part.width)]"
          + (part.mayBeScalar ? " or a number" : ""))
    }
    var instruction = "  text      \(robot.instruction.key.name.escapedForTerminal)"
    if robot.instruction.mayBeBytes { instruction += ", also as bytes" }
    if let text = robot.instruction.fallback { instruction += ", without it \(text.quoted)" }
    lines.append(instruction)
    for key in robot.ignored { lines.append("  ignored   \(key.name.escapedForTerminal)") }
    lines.append(
      "  actions   "
        + (robot.actionWidth.map { "the first \($0) dimensions go back" } ?? "all go back"))
    if let metadata = robot.metadata {
      let text = JSONValue.object(metadata).encoded().escapedForTerminal
      lines.append("  metadata  \(text)")
    }
    return lines.map { indent + $0 + "\n" }.joined()
  }

  private var pictures: String {
    let layout =
      switch robot.pictures.layout {
      case .channelsLast: "channels last"
      case .channelsFirst: "channels first"
      case .either: "channels last or first"
      }
    let floats =
      switch robot.pictures.floats {
      case .truncate: "bytes, or floats times 255 without the fraction"
      case .exact: "bytes, or floats that are bytes divided by 255"
      case .refuse: "bytes"
      }
    guard let height = robot.pictures.height, let width = robot.pictures.width else {
      return "\(layout); \(floats); of any size"
    }
    return "\(layout); \(floats); \(height) x \(width) (height x width)"
  }
}
