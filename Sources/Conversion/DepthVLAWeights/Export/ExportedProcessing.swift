import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLANormalization
import DVLARemapping

/// What a bundle says of a policy's processing, as the `config.json` of a naming of pi0 can say it.
struct ExportedProcessing {
  private let processing: PolicyProcessing
  private let naming: String
  /// Whether lerobot's pipelines travel beside the weights, which then say most of it.
  private let hasPipelines: Bool

  /// - Returns: nil where the bundle says nothing of it.
  /// - Throws: `json.*`, `processing.value`.
  init?(_ configuration: Configuration, naming: String, of bundle: WeightBundle)
    throws(WeightsError)
  {
    guard let value = configuration.json.object?["processing"] else { return nil }
    processing = try PolicyProcessing(configuration: value)
    self.naming = naming
    let names = Set(bundle.assets(.preprocessor).map(\.fileName))
    hasPipelines = LeRobotPipeline.Side.allCases.allSatisfy { names.contains($0.rawValue) }
  }

  private var library: PolicyProcessing.Library? { PolicyProcessing.Library(naming: naming) }
  private var isLeRobots: Bool { library?.isLeRobot ?? false }
  private var isEarly: Bool { library == .earlyLeRobot }
  /// Offsets of every dimension need no names, which are not known any more.
  private var offsetsAreSayable: Bool {
    !isEarly && processing.deltaMask.map { $0.rest && $0.values.allSatisfy { $0 } } ?? true
  }

  /// The document with what it can say of the processing.
  func added(to document: JSONValue) -> JSONValue {
    guard isLeRobots, let members = document.object?.members else { return document }
    var more: [(String, JSONValue)] = []
    if let state = processing.state, let action = processing.action {
      more.append(
        (
          "normalization_mapping",
          [
            "VISUAL": .string(NormalizationMethod.identity.lerobotMode),
            "STATE": .string(state.lerobotMode), "ACTION": .string(action.lerobotMode),
          ]
        ))
    }
    for (key, name, type, width) in [
      ("input_features", "observation.state", "STATE", processing.stateWidth),
      ("output_features", "action", "ACTION", processing.actionWidth),
    ] {
      guard let width else { continue }
      let feature: JSONValue = ["type": .string(type), "shape": [.integer(Int64(width))]]
      more.append((key, .object(JSONObject([(name, feature)]))))
    }
    if isEarly, processing.adaptsToPi { more.append(("adapt_to_pi_aloha", true)) }
    if processing.deltaMask != nil, !isEarly, hasPipelines || offsetsAreSayable {
      more.append(("use_relative_actions", true))
      if !hasPipelines { more.append(("relative_exclude_joints", [])) }
    }
    let own = Set(members.map(\.key))
    return .object(
      JSONObject(
        members.map { ($0.key, $0.value) } + more.filter { !own.contains($0.0) }))
  }

  /// What it cannot say.
  var notes: [String] {
    var keys: [PolicyProcessing.Key] = []
    if processing.deltaMask != nil, !(isLeRobots && (hasPipelines || offsetsAreSayable)) {
      keys.append(.deltaMask)
    }
    if processing.adaptsToPi, !isEarly { keys.append(.adaptsToPi) }
    guard !keys.isEmpty else { return [] }
    return [
      "the naming \(naming) cannot record \(keys.map(\.name).joined(separator: " and ")): a program "
        + "that runs it has to be configured accordingly"
    ]
  }
}
