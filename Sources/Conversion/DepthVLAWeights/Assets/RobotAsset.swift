import DVLABundles
public import DVLADiagnostics
import DVLAFamilies
import DVLAFiles
import DVLAJSON
import DVLAPipelines
public import DVLARobots

// The robot of a bundle.

extension AssetFile {
  /// The robot that the user named. A preset becomes a file; one that needs a policy's documents is
  /// filled from the `config.json` of the source.
  ///
  /// - Parameters:
  ///   - name: a preset, or the path of a file.
  ///   - policy: the source that the bundle's actions come from; nil without one.
  /// - Throws: `robot.*`, `json.*`; `convert.asset-size`, `file.*`.
  init(robot name: String, family: String, policy: ImportedSource?) throws(WeightsError) {
    guard Robot.presetNames.contains(name) else {
      let fileName = name.splitAtLastComponent.name
      let file = try Robot.file(name) { (path) throws(WeightsError) in try InputFile(path: path) }
      try self.init(
        file, family: family, fileName: AssetNames.robot, name: fileName,
        role: .robot, source: fileName, isGiven: true)
      return
    }
    let robot: Robot
    if name == Robot.lerobotName {
      guard let config = policy?.config else {
        throw WeightsError(
          .robotPreset, .usage, file: policy?.path,
          "the robot \"lerobot\" is filled from the config.json beside a policy's weights, and "
            + "there is none; expected a JSON file with the cameras and widths",
          remedies: [.giveAsset(.robot)])
      }
      robot = try inFile(config.path) { () throws(WeightsError) in
        try Robot.lerobot(configuration: config.value)
      }
    } else {
      robot = try Robot.preset(name)
    }
    try self.init(
      made: Array((robot.json.encoded(pretty: true) + "\n").utf8), path: "preset \(name)",
      family: family,
      fileName: AssetNames.robot, role: .robot, source: "preset \(name)", isGiven: true)
  }
}

extension Robot {
  /// A preset, or the robot of a file.
  ///
  /// - Throws: `robot.*`, `json.*`, `file.*`; `robot.preset` for a name that is neither.
  public init(named name: String) throws(WeightsError) {
    if Self.presetNames.contains(name) {
      self = try Self.preset(name)
    } else {
      let bytes = try Self.file(name) { (path) throws(WeightsError) in
        try readWholeFile(path: path, limit: Self.documentLimit)
      }
      self = try inFile(name) { () throws(WeightsError) in try Robot(contents: bytes) }
    }
  }

  /// What `open` makes of a file. If there is none, and the path looks like a name, the error lists
  /// the presets.
  fileprivate static func file<Opened>(
    _ path: String, open: (String) throws(WeightsError) -> Opened
  ) throws(WeightsError) -> Opened {
    do throws(WeightsError) { return try open(path) } catch {
      guard error.code == .fileNotFound, !path.contains("/"), !path.contains(".") else {
        throw error
      }
      _ = try preset(path)
      throw error
    }
  }
}

extension Conversion {
  /// The source that a policy's actions come from: the one that its action expert is taken from.
  static func policy(
    of sources: [ImportedSource], _ options: ConversionOptions
  ) -> ImportedSource? {
    if let owner = options.choices["action"] {
      return sources.first { $0.family == owner && Family.isPolicy(owner) }
    }
    return sources.first { Family.isPolicy($0.family) }
  }

  /// Checks that the planned robot can be driven by the policy, before anything is written.
  ///
  /// - Parameter limits: what the policy can be given and gives.
  /// - Throws: `robot.fit`.
  func checkRobot(_ limits: PolicyLimits) throws(WeightsError) {
    guard let file = assetFiles.first(where: { $0.plan.role == .robot }) else { return }
    try inFile(file.path) { () throws(WeightsError) in
      let robot = try Robot(contents: file.bytes())
      try robot.check(
        cameraLimit: limits.cameras, states: limits.states, actions: limits.actions)
      // A policy of another family than its source's may be trained with other cameras.
      guard let source = Self.policy(of: usedSources, options),
        source.family == plan.remap.family, let config = source.config?.value,
        let inputs = config.object?["input_features"]?.object
      else { return }
      let pictures = inputs.members.count { $0.value.object?["type"]?.string == "VISUAL" }
      guard pictures > 0, robot.cameras.count > pictures else { return }
      throw WeightsError(
        .robotFit,
        "the robot \(robot.name.quoted) has \(robot.cameras.count) cameras; the policy's config.json "
          + "has \(pictures) inputs of the type VISUAL")
    }
  }
}
