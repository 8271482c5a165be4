public import DVLAAccounting
public import DVLADiagnostics
import DVLAJSON

/// One of the two pipelines that lerobot saves beside a policy since October 2025: what it does to
/// an observation before the policy sees it, or to the policy's actions afterwards.
///
/// Unknown steps are refused, and so are unknown settings of known steps.
///
/// Source: lerobot 0.4.0 to 0.6.1, `src/lerobot/processor/pipeline.py` and the steps beside it.
public struct LeRobotPipeline: Sendable {
  public enum Side: String, Sendable, CaseIterable {
    case before = "policy_preprocessor.json"
    case after = "policy_postprocessor.json"
  }

  public let side: Side
  /// Its keys and what became of each.
  public internal(set) var account: KeyAccount
  /// The step that normalises states, or the one that unnormalises actions; nil without one.
  public internal(set) var normalizer: LeRobotNormalizer?
  /// Whether actions are offsets from states, and in which dimensions; nil without such a step. A
  /// pipeline for actions leaves the dimensions to the other one.
  var relative: (isEnabled: Bool, excluded: [String], names: [String]?)?
  /// How long a prompt may be, and whether a longer one is cut; nil without such a step.
  var prompt: (limit: Int, isCut: Bool)?
  var addsNewLine = false
  /// The names that are replaced by others.
  var renamed: [String] = []
  /// The names of steps in order, without those that change no number.
  var order: [StepName] = []

  /// Most steps of a pipeline; lerobot writes eight.
  static let stepLimit = 64

  /// - Throws: `processing.step` for a step or a setting that is not done here, `processing.order`;
  ///   `json.*`. Errors do not name the file.
  public init(_ side: Side, contents: [UInt8]) throws(WeightsError) {
    self.side = side
    account = KeyAccount(document: side.rawValue)
    let root = try JSONReader(StrictJSON.parse(contents, limits: .document)).object()
    let steps = try root.required("steps").array()
    guard steps.count <= Self.stepLimit else {
      throw WeightsError(
        .processingStep, "expected at most \(Self.stepLimit) steps, found \(steps.count)")
    }
    for (key, reader) in root.members where key != "steps" {
      try add(reader, key == "name" ? .neutral("a title") : .unknown)
    }
    for (index, step) in steps.enumerated() { try read(try Step(step, index: index)) }
    try checkOrder()
  }

  mutating func add(_ reader: JSONReader, _ fate: KeyFate) throws(WeightsError) {
    try account.add(reader.keyPath, reader.value, fate)
  }

  /// Checks the order that numbers and prompts depend on: names before the steps that use them, the
  /// newline before the tokens; offsets are computed from states in the robot's units, and added to
  /// actions in the robot's units.
  private func checkOrder() throws(WeightsError) {
    let pairs: [(first: StepName, second: StepName)] = [
      (.rename, .normalize), (.rename, .relative), (.newLine, .tokenize), (.relative, .normalize),
      (.unnormalize, .absolute),
    ]
    for (first, second) in pairs {
      guard let one = order.firstIndex(of: first), let other = order.firstIndex(of: second),
        other < one
      else { continue }
      throw WeightsError(
        .processingOrder,
        "the step \(first.rawValue.quoted) must come before \(second.rawValue.quoted)")
    }
    if let twice = order.indices.first(where: { order[..<$0].contains(order[$0]) }) {
      throw WeightsError(
        .processingOrder, "expected one step \(order[twice].rawValue.quoted), found two")
    }
  }
}

/// The step that normalises or unnormalises, of either pipeline.
public struct LeRobotNormalizer: Sendable {
  /// By the type of a feature, such as `STATE`.
  var modes: [String: NormalizationMethod] = [:]
  /// The types of the features it knows, by name; nil where it does not say.
  var features: [String: String]?
  /// The observations it is limited to; nil for all.
  var observations: [String]?
  /// The file with its statistics, by its name.
  public internal(set) var stateFile: String?

  /// What is done to states: those the step has as a feature of a type that has a mode.
  var state: NormalizationMethod {
    if let observations, !observations.contains(LeRobotKey.state) { return .identity }
    guard let features else { return modes["STATE"] ?? .identity }
    guard let type = features[LeRobotKey.state], type != "ACTION" else { return .identity }
    return modes[type] ?? .identity
  }

  /// What is undone of actions, whether the step has them as a feature or not.
  var action: NormalizationMethod { modes["ACTION"] ?? .identity }
}

/// The steps of lerobot's pipelines that are known here.
enum StepName: String, CaseIterable {
  case rename = "rename_observations_processor"
  case batch = "to_batch_processor"
  case newLine = "pi0_new_line_processor"
  case tokenize = "tokenizer_processor"
  case device = "device_processor"
  case relative = "relative_actions_processor"
  case absolute = "absolute_actions_processor"
  case normalize = "normalizer_processor"
  case unnormalize = "unnormalizer_processor"

  /// Other names that versions of lerobot have for a step.
  private static let aliases: [String: StepName] = [
    // 0.5.1 registers RelativeActionsProcessorStep so.
    "delta_actions_processor": .relative,
    "smolvla_new_line_processor": .newLine,
    "to_batch_processor_action": .batch,
    "to_batch_processor_observation": .batch,
    "to_batch_processor_complementary_data": .batch,
  ]
  private static let classes: [String: StepName] = [
    "RenameObservationsProcessorStep": .rename,
    "AddBatchDimensionProcessorStep": .batch,
    "Pi0NewLineProcessor": .newLine, "NewLineTaskProcessorStep": .newLine,
    "TokenizerProcessorStep": .tokenize,
    "DeviceProcessorStep": .device,
    "RelativeActionsProcessorStep": .relative,
    "AbsoluteActionsProcessorStep": .absolute,
    "NormalizerProcessorStep": .normalize,
    "UnnormalizerProcessorStep": .unnormalize,
  ]

  init?(registered name: String) {
    guard let step = StepName(rawValue: name) ?? Self.aliases[name] else { return nil }
    self = step
  }

  /// - Parameter path: such as
  ///   `lerobot.processor.rename_processor.RenameObservationsProcessorStep`.
  init?(classPath path: String) {
    let parts = path.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.first == "lerobot", let last = parts.last, let step = Self.classes[String(last)]
    else { return nil }
    self = step
  }
}

extension JSONValue {
  /// As JSON, cut where it is long.
  var shortened: String {
    let text = encoded()
    return text.count <= 60 ? text : text.prefix(57) + "…"
  }
}

extension JSONReader {
  /// The path inside of the document.
  var keyPath: String { path.hasPrefix("$.") ? String(path.dropFirst(2)) : path }
}
