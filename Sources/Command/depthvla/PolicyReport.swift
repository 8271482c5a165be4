import DVLADiagnostics
import DVLAHashing
import DVLAImages
import DVLAJSON
import DVLAModels
import DVLANormalization
import DVLAPipelines
import DVLATensors
import DepthVLAWeights

/// What `run` says of a chunk of actions.
struct PolicyReport {
  private let run: PolicyRun
  private let bundle: String

  init(_ run: PolicyRun, bundle: String) { (self.run, self.bundle) = (run, bundle) }

  /// Actions that are shown; the rest are in the JSON document.
  private static let shownActions = 5

  func words(actionsFile: String?) -> String {
    let chunk = run.chunk
    var text = "\(chunk.actions.count) actions of \(chunk.actions.first?.count ?? 0) numbers"
    text += chunk.isInRobotUnits ? ", in the robot's units\n" : ", in the model's units\n"
    for (index, action) in chunk.actions.prefix(Self.shownActions).enumerated() {
      text += wrapped(action, label: "\(index)")
    }
    let rest = chunk.actions.count - Self.shownActions
    if rest > 0 {
      text += "  … \(rest) more"
      text += actionsFile == nil ? " in --actions FILE or --json\n" : "\n"
    }
    if let actionsFile { text += "wrote \(actionsFile.escapedForTerminal)\n" }
    if !chunk.isStateNormalized || !chunk.isInRobotUnits {
      let missing =
        chunk.isStateNormalized ? "actions" : chunk.isInRobotUnits ? "states" : "states and actions"
      text += "no statistics of \(missing): they are in the model's units\n"
    }
    for (index, camera) in run.cameras.enumerated() {
      text += "camera \(index): \(camera.path.escapedForTerminal)\n"
      text += "  \(camera.size.width) x \(camera.size.height) pixels"
      if let range = camera.range {
        text += ", depth \(Units.fixed(Double(range.lowerBound), 3)) to "
        text += "\(Units.fixed(Double(range.upperBound), 3)), larger is further"
      }
      text += "\n"
      for path in camera.outputs { text += "  wrote \(path.escapedForTerminal)\n" }
    }
    return text + steps + "products \(run.products)\n" + timing
  }

  private var steps: String {
    run.chunk.steps.isEmpty
      ? "" : "steps:\n" + run.chunk.steps.map { "  \($0.escapedForTerminal)\n" }.joined()
  }

  /// Numbers of one action in lines of at most 80 characters.
  private func wrapped(_ action: [Double], label: String) -> String {
    let start = label.padded(to: 4) + " "
    var lines: [String] = []
    var line = start
    for value in action {
      let number = Units.fixed(value, 4).padded(to: 9)
      if line.count + 1 + number.count > 80 {
        lines.append(line)
        line = String(repeating: " ", count: start.count)
      }
      line += " " + number
    }
    return (lines + [line]).joined(separator: "\n") + "\n"
  }

  private var parts: [(name: String, seconds: Double)] {
    var parts: [(name: String, seconds: Double)] = [
      ("load", run.timing.load), ("read", run.timing.read),
    ]
    for timing in run.chunk.timing {
      switch timing.part {
      case .prepare: parts.append(("prepare", timing.seconds))
      case .forward(.vision): parts.append(("vision", timing.seconds))
      case .forward(.depthEncoder): parts.append(("depth encoder", timing.seconds))
      case .forward(.vlmLayers): parts.append(("vlm layers", timing.seconds))
      case .forward(.depthLayers): parts.append(("depth layers", timing.seconds))
      case .forward(.step(let step)): parts.append(("step \(step)", timing.seconds))
      }
    }
    return parts + [("write", run.timing.write)]
  }

  /// The depth expert's seconds, encoder and layers.
  private var depthSeconds: Double {
    run.chunk.timing.reduce(0) { sum, timing in
      switch timing.part {
      case .forward(.depthEncoder), .forward(.depthLayers): sum + timing.seconds
      default: sum
      }
    }
  }

  private var forwardSeconds: Double {
    run.chunk.timing.filter { $0.part != .prepare }.reduce(0) { $0 + $1.seconds }
  }

  private var timing: String {
    let steps = run.chunk.timing.filter {
      if case .forward(.step) = $0.part { true } else { false }
    }
    .map(\.seconds)
    var text = ""
    let single = parts.filter { !$0.name.hasPrefix("step") }
    for start in stride(from: 0, to: single.count, by: 4) {
      text +=
        single[start..<min(start + 4, single.count)].map {
          "\($0.name) \(Units.fixed($0.seconds, 2)) s"
        }.joined(separator: ", ") + "\n"
    }
    let total = steps.reduce(0, +)
    text += "\(steps.count) steps \(Units.fixed(total, 2)) s"
    text +=
      steps.count <= 10
      ? ": \(steps.map { Units.fixed($0, 2) }.joined(separator: " "))\n"
      : ", \(Units.fixed(steps.min() ?? 0, 2)) to \(Units.fixed(steps.max() ?? 0, 2)) s each\n"
    text += "first action after \(Units.fixed(run.timing.firstAction, 2)) s"
    // Under the full mask its layers are part of every step.
    if depthSeconds > 0, run.pattern == .block {
      text += "; the depth expert took \(Units.fixed(100 * depthSeconds / forwardSeconds, 0)) % of "
      text += "the forward"
    }
    return text + "\n"
  }

  /// The document, where the bundle lies, and how long it took.
  var json: JSONValue {
    let seconds =
      parts + [
        ("depth expert", depthSeconds), ("forward", forwardSeconds),
        ("first action", run.timing.firstAction),
      ]
    let members = (ActionDocument(run).json.object?.members ?? []).map { ($0.key, $0.value) }
    let timing = JSONObject(
      seconds.map { ($0.name.replacing(" ", with: "_"), .number($0.seconds)) })
    return .object(
      JSONObject([("bundle", .string(bundle))] + members + [("seconds", .object(timing))]))
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
