import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLAPipelines
import DVLATensorMath
import DepthVLAWeights

/// What `run --replay` found.
struct ReplayReport {
  private let run: ReplayRun
  private let bundle: String
  private let folder: String

  init(_ run: ReplayRun, bundle: String, folder: String) {
    (self.run, self.bundle, self.folder) = (run, bundle, folder)
  }

  var words: String {
    let differing = run.observations.count - run.equalCount
    var text = "replayed \(Self.observations(run.observations.count)) of "
    text += "\(folder.escapedForTerminal)\n  digest \(run.digest)\n"
    text += "  \(run.equalCount) equal bit for bit, \(differing) "
    text += differing == 1 ? "differs\n" : "differ\n"
    text += words("actions") { $0 == .actions }
    text += words("model actions") { $0 == .modelActions }
    text += words("depth") { if case .depth = $0 { true } else { false } }
    if run.otherRootCount > 0 {
      text += "\(Self.observations(run.otherRootCount)) answered by another bundle"
      text += differing > 0 ? ": differences are expected\n" : "\n"
    }
    for (products, count) in otherProducts {
      text += "\(Self.observations(count)) recorded with products \(products)\n"
    }
    text += "products \(run.products)\n"
    let each = run.timing.act / Double(run.observations.count)
    text += "load \(Units.fixed(run.timing.load, 2)) s, read \(Units.fixed(run.timing.read, 2)) s, "
    return text + "act \(Units.fixed(run.timing.act, 2)) s, \(Units.fixed(each, 2)) s each\n"
  }

  private static func observations(_ count: Int) -> String {
    count == 1 ? "1 observation" : "\(count) observations"
  }

  /// The largest difference of a part, in two lines; nothing where none differs.
  private func words(
    _ name: String, where isOfKind: (AnswerComparison.Part) -> Bool
  ) -> String {
    guard let (observation, largest) = run.largest(where: isOfKind) else { return "" }
    let count = run.observations.count {
      $0.comparison.differences.contains { isOfKind($0.part) }
    }
    var text = "\(name): \(Self.observations(count)) \(count == 1 ? "differs" : "differ"), "
    text += "at most by \(Units.scientific(largest.distance)), in\n"
    text += "  \(observation.file.escapedForTerminal), "
    switch largest.part {
    case .actions, .modelActions:
      text += "action \(largest.place[0]), dimension \(largest.place[1])\n"
    case .depth(let camera):
      text += "row \(largest.place[0]), column \(largest.place[1])\n"
      text += "  of \(camera.escapedForTerminal)\n"
    }
    text += "  recorded \(largest.recorded), computed \(largest.computed)\n"
    return text
  }

  /// How products were computed where they are computed otherwise now, and how often.
  private var otherProducts: [(products: String, count: Int)] {
    Dictionary(grouping: run.observations.filter(\.hasOtherProducts)) {
      "BF16 \($0.bf16), INT8 \($0.int8)"
    }
    .map { ($0.key, $0.value.count) }.sorted { $0.0 < $1.0 }
  }

  var json: JSONValue {
    [
      "bundle": .string(bundle), "family": .string(run.family), "root": .string(run.root.hex),
      "recording": .string(folder), "digest": .string(run.digest.hex),
      "products": run.products.json,
      "equal": .integer(Int64(run.equalCount)),
      "differing": .integer(Int64(run.observations.count - run.equalCount)),
      "other_root": .integer(Int64(run.otherRootCount)),
      "other_products": .integer(Int64(run.otherProductsCount)),
      "observations": .array(run.observations.map(Self.json)),
      "seconds": [
        "load": .number(run.timing.load), "read": .number(run.timing.read),
        "act": .number(run.timing.act),
      ],
    ]
  }

  private static func json(_ observation: ReplayRun.Observation) -> JSONValue {
    [
      "file": .string(observation.file), "root": .string(observation.root.hex),
      "products": ["bf16": .string(observation.bf16), "int8": .string(observation.int8)],
      "equal": .bool(observation.comparison.isEqual),
      "compared": .array(observation.comparison.parts.map(json)),
      "differences": .array(observation.comparison.differences.map(json)),
    ]
  }

  private static func json(_ difference: AnswerComparison.Difference) -> JSONValue {
    [
      "part": json(difference.part), "differing": .integer(Int64(difference.count)),
      "values": .integer(Int64(difference.valueCount)),
      "largest": .number(difference.distance),
      "at": .array(difference.place.map { .integer(Int64($0)) }),
      "recorded": .number(difference.recorded), "computed": .number(difference.computed),
    ]
  }

  private static func json(_ part: AnswerComparison.Part) -> JSONValue {
    switch part {
    case .actions: "actions"
    case .modelActions: "model_actions"
    case .depth(let camera): .string("depth.\(camera)")
    }
  }
}
