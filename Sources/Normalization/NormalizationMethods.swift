public import Diagnostics
import StrictJSON

/// How a policy normalises its states and how its actions, which may differ.
public struct NormalizationMethods: Sendable, Hashable {
  public let state: NormalizationMethod
  public let action: NormalizationMethod

  public init(state: NormalizationMethod, action: NormalizationMethod) {
    (self.state, self.action) = (state, action)
  }

  /// One for both.
  public init(_ method: NormalizationMethod) { self.init(state: method, action: method) }

  /// Parses the `policy_preprocessor.json` that lerobot saves beside a policy: `norm_map` of its
  /// step `normalizer_processor`, in which what is not named stays as it is
  /// (`src/lerobot/processor/normalize_processor.py`).
  ///
  /// - Returns: nil where no step normalises.
  /// - Throws: `statistics.method` for a mode that is not known here, and for other settings of the
  ///   step that would give other numbers; `json.*`.
  public init?(lerobotPreprocessor contents: [UInt8]) throws(WeightsError) {
    let root = try JSONReader(StrictJSON.parse(contents, limits: .document)).object()
    var found: JSONObjectReader?
    for step in try root.required("steps").array() {
      let step = try step.object()
      guard try step.optional("registry_name")?.string() == "normalizer_processor" else { continue }
      let config = try step.required("config")
      guard found == nil else {
        throw config.failure(.statisticsMethod, "expected one step that normalises, found two")
      }
      found = try config.object()
    }
    guard let config = found else { return nil }
    if let epsilon = config.optional("eps"),
      try epsilon.number() != PolicyStatistics.Origin.lerobot.epsilon
    {
      throw epsilon.failure(
        .statisticsMethod,
        "expected \(PolicyStatistics.Origin.lerobot.epsilon), found \(try epsilon.number())")
    }
    let modes = try config.required("norm_map").object()
    var state = try Self.method(modes.optional("STATE"))
    if let keys = config.optional("normalize_observation_keys"), !keys.isNull {
      var names: [String] = []
      for key in try keys.array() { names.append(try key.string()) }
      if !names.contains(LeRobotKey.state) { state = .identity }
    }
    self.init(state: state, action: try Self.method(modes.optional("ACTION")))
  }

  private static let lerobotModes: [String: NormalizationMethod] = [
    "IDENTITY": .identity, "MEAN_STD": .meanStd, "QUANTILES": .quantile, "MIN_MAX": .minMax,
  ]

  private static func method(_ mode: JSONReader?) throws(WeightsError) -> NormalizationMethod {
    guard let mode else { return .identity }
    let name = try mode.string()
    guard let method = lerobotModes[name] else {
      let known = lerobotModes.keys.sorted().joined(separator: ", ")
      throw mode.failure(.statisticsMethod, "expected one of \(known), found \(name.quoted)")
    }
    return method
  }
}
