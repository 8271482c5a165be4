public import DVLADiagnostics
public import DVLAJSON

/// The settings of the processing in the `config.json` of lerobot's pi0, in the forms that all
/// versions of lerobot wrote.
///
/// Source: lerobot, `policies/pi0/configuration_pi0.py` of 0.3.3 (the fields of February to
/// September 2025), and of 0.4.0 to 0.6.1.
public struct LeRobotConfiguration: Sendable {
  /// Nil where the file has none.
  var modes: [String: NormalizationMethod]?
  /// The types of its inputs by name; empty where the file has none.
  var inputs: [String: String] = [:]
  var stateWidth: Int?
  var actionWidth: Int?
  var adaptsToPi: Bool?
  var usesRelativeActions: Bool?
  var excludedJoints: [String]?
  var actionNames: [String]?
  /// Width and height that pictures are fitted into by `resize_imgs_with_padding`, which lerobot
  /// had before October 2025; empty where the file has none.
  public private(set) var pictureSides: [Int] = []
  /// Whether pictures are used as they are: `resize_imgs_with_padding` is null.
  public private(set) var takesPicturesAsTheyAre = false

  /// Whether a `config.json` is one of lerobot's pi0.
  public static func isOne(_ document: JSONValue) -> Bool {
    document.object?["type"]?.string == "pi0"
  }

  /// - Throws: `processing.step` for what is not done here, `statistics.method`; `json.*`. Errors
  ///   do not name the file.
  public init(_ document: JSONValue) throws(WeightsError) {
    let root = try JSONReader(document).object()
    func present(_ key: String) -> JSONReader? {
      root.optional(key).flatMap { $0.isNull ? nil : $0 }
    }
    func strings(_ key: String) throws(WeightsError) -> [String]? {
      try present(key).map { (reader) throws(WeightsError) in
        var all: [String] = []
        for element in try reader.array() { all.append(try element.string()) }
        guard all.count <= DeltaMask.limit else {
          throw reader.failure(
            .processingValue, "expected at most \(DeltaMask.limit) names, found \(all.count)")
        }
        return all
      }
    }
    modes = try present("normalization_mapping").map { (reader) throws(WeightsError) in
      var modes: [String: NormalizationMethod] = [:]
      for (type, mode) in try reader.object().members {
        modes[type] = try NormalizationMethod(lerobot: mode)
      }
      return modes
    }
    if let mode = modes?["VISUAL"], mode != .identity {
      throw WeightsError(
        .processingStep,
        "$.normalization_mapping.VISUAL is \(mode.lerobotMode), which normalises pictures with "
          + "the statistics of a data set; expected IDENTITY")
    }
    inputs = try Self.types(present("input_features"))
    stateWidth = try Self.width(present("input_features"), LeRobotKey.state)
    actionWidth = try Self.width(present("output_features"), LeRobotKey.action)
    adaptsToPi = try present("adapt_to_pi_aloha")?.bool()
    if let reader = present("use_delta_joint_actions_aloha"), try reader.bool() {
      throw reader.failure(
        .processingStep,
        "is true, which lerobot refuses as well: no version of lerobot has these actions")
    }
    usesRelativeActions = try present("use_relative_actions")?.bool()
    excludedJoints = try strings("relative_exclude_joints")
    actionNames = try strings("action_feature_names")
    takesPicturesAsTheyAre = root.optional("resize_imgs_with_padding")?.isNull ?? false
    if let reader = present("resize_imgs_with_padding") {
      let sides = try reader.array()
      guard sides.count == 2 else {
        throw reader.failure(
          .processingValue, "expected width and height, found \(sides.count) numbers")
      }
      pictureSides = try sides.map { (side) throws(WeightsError) in
        try side.integer(in: 1...1 << 20)
      }
    }
  }

  private static func types(_ reader: JSONReader?) throws(WeightsError) -> [String: String] {
    var types: [String: String] = [:]
    for (name, feature) in try reader?.object().members ?? [] {
      types[name] = try feature.object().required("type").string()
    }
    return types
  }

  /// The width of a feature of one axis.
  private static func width(
    _ reader: JSONReader?, _ feature: String
  ) throws(WeightsError) -> Int? {
    guard let shape = try reader?.object().optional(feature)?.object().required("shape") else {
      return nil
    }
    guard let first = try shape.array().first, try shape.array().count == 1 else {
      throw shape.mismatch("one width")
    }
    return try first.integer(in: 1...DeltaMask.limit)
  }

  /// How a state is normalised without a pipeline: not at all where inputs are named and the state
  /// is not among them.
  var state: NormalizationMethod {
    guard !inputs.isEmpty else { return mode("STATE") }
    return inputs[LeRobotKey.state].map(mode) ?? .identity
  }

  var action: NormalizationMethod { mode("ACTION") }

  /// A mode in the file, else the default of lerobot's class.
  private func mode(_ type: String) -> NormalizationMethod {
    guard let modes else { return type == "STATE" || type == "ACTION" ? .meanStd : .identity }
    return modes[type] ?? .identity
  }
}
