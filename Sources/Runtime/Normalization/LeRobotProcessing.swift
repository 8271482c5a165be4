public import DVLADiagnostics

/// The documents that lerobot keeps beside a pi0, combined. Documents that contradict each other
/// are refused.
public struct LeRobotProcessing: Sendable {
  /// A document and its path in messages.
  public struct Document<Content: Sendable>: Sendable {
    public let content: Content
    public let path: String
    /// Whether the user gave it: then it has precedence over the files beside the weights.
    public let isGiven: Bool

    public init(_ content: Content, path: String, isGiven: Bool = false) {
      (self.content, self.path, self.isGiven) = (content, path, isGiven)
    }
  }

  private let config: Document<LeRobotConfiguration>?
  private let before: Document<LeRobotPipeline>?
  private let after: Document<LeRobotPipeline>?
  public let processing: PolicyProcessing
  /// Most tokens of a prompt, and the document that says so; nil where no pipeline does.
  public let promptLimit: (limit: Int, path: String)?

  /// - Parameters:
  ///   - isEarly: whether the weights are of lerobot before October 2025, which has no pipelines.
  ///   - replacesStatistics: whether the user gave statistics in place of those the pipelines name.
  /// - Throws: `processing.contradiction`, `processing.step`.
  public init(
    config: Document<LeRobotConfiguration>?, before: Document<LeRobotPipeline>?,
    after: Document<LeRobotPipeline>?, isEarly: Bool, replacesStatistics: Bool
  ) throws(WeightsError) {
    (self.config, self.before, self.after) = (config, before, after)
    var processing = PolicyProcessing()
    let isEarly = isEarly && before == nil && after == nil
    processing.library = isEarly ? .earlyLeRobot : .lerobot
    let said = config?.content
    try Self.checkModes(config, before, after)
    // A step without a file of statistics changes nothing in any mode.
    func done(
      _ step: LeRobotNormalizer?, _ feature: KeyPath<LeRobotNormalizer, NormalizationMethod>
    ) -> NormalizationMethod {
      guard let step, replacesStatistics || step.stateFile != nil else { return .identity }
      return step[keyPath: feature]
    }
    processing.state =
      before.map { done($0.content.normalizer, \.state) } ?? said?.state ?? .meanStd
    processing.action =
      after.map { done($0.content.normalizer, \.action) }
      ?? before.map { $0.content.normalizer?.action ?? .identity } ?? said?.action ?? .meanStd
    processing.adaptsToPi = said?.adaptsToPi ?? false
    if processing.adaptsToPi, !isEarly, let config {
      throw WeightsError(
        .processingStep, file: config.path,
        "adapt_to_pi_aloha is true"
          + ((before ?? after).map { " beside \($0.path.quoted)" } ?? "")
          + ": lerobot since October 2025 ignores this setting; set it to false or remove the "
          + "pipelines")
    }
    processing.stateWidth = said?.stateWidth
    processing.actionWidth = said?.actionWidth
    processing.deltaMask = try Self.mask(config, before, after)
    if !replacesStatistics {
      processing.stateStatistics = before?.content.normalizer?.stateFile
      processing.actionStatistics =
        after?.content.normalizer?.stateFile ?? before?.content.normalizer?.stateFile
    }
    if let prompt = before?.content.prompt {
      guard before?.content.addsNewLine == true else {
        throw WeightsError(
          .processingStep, file: before?.path,
          "has \(StepName.tokenize.rawValue.quoted) without \(StepName.newLine.rawValue.quoted), "
            + "so that prompts would end without a newline; expected both")
      }
      promptLimit = (prompt.limit, before?.path ?? "")
      processing.cutsPrompts = prompt.isCut
    } else {
      promptLimit = nil
      processing.cutsPrompts = !isEarly
    }
    if let name = before?.content.renamed.first(where: { said?.inputs[$0] != nil }) {
      throw WeightsError(
        .processingStep, file: before?.path,
        "the step \(StepName.rename.rawValue) renames \(name.quoted), which "
          + "\(config?.path.quoted ?? "") lists as an input of the policy; only the robot's own names "
          + "may be renamed")
    }
    self.processing = processing
  }

  private static func checkModes(
    _ config: Document<LeRobotConfiguration>?, _ before: Document<LeRobotPipeline>?,
    _ after: Document<LeRobotPipeline>?
  ) throws(WeightsError) {
    guard let config, let modes = config.content.modes else { return }
    for (type, pipeline) in [("STATE", before), ("ACTION", after ?? before)] {
      guard let pipeline, !pipeline.isGiven, let said = modes[type],
        let normalizer = pipeline.content.normalizer
      else { continue }
      let done = normalizer.modes[type] ?? .identity
      guard said != done else { continue }
      throw WeightsError(
        .processingContradiction, file: config.path,
        "normalization_mapping.\(type) is \(said.lerobotMode), but norm_map.\(type) is "
          + "\(done.lerobotMode) in \(pipeline.path.quoted); correct one of the two files")
    }
  }

  /// - Returns: nil where actions are absolute.
  private static func mask(
    _ config: Document<LeRobotConfiguration>?, _ before: Document<LeRobotPipeline>?,
    _ after: Document<LeRobotPipeline>?
  ) throws(WeightsError) -> DeltaMask? {
    let said = config?.content
    guard before != nil || after != nil else {
      guard said?.usesRelativeActions == true else { return nil }
      // The default of lerobot's PI0Config.
      return DeltaMask(excluding: said?.excludedJoints ?? ["gripper"], names: said?.actionNames)
    }
    let first = before?.content.relative
    let second = after?.content.relative
    guard first?.isEnabled ?? false == second?.isEnabled ?? false else {
      let (enabled, other) =
        first?.isEnabled == true
        ? ((before?.path, StepName.relative), (after?.path, StepName.absolute))
        : ((after?.path, StepName.absolute), (before?.path, StepName.relative))
      throw WeightsError(
        .processingContradiction, file: enabled.0,
        "\(enabled.1.rawValue.quoted) is enabled, but \(other.1.rawValue.quoted) is not"
          + (other.0.map { " in \($0.quoted); correct one of the two files" }
            ?? ", because its pipeline is missing"))
    }
    let isEnabled = first?.isEnabled ?? false
    let isGiven = before?.isGiven == true || after?.isGiven == true
    if !isGiven, let config, let uses = said?.usesRelativeActions, uses != isEnabled {
      throw WeightsError(
        .processingContradiction, file: config.path,
        "use_relative_actions is \(uses), but \(StepName.relative.rawValue.quoted) is "
          + (isEnabled ? "enabled" : "not enabled") + " in \((before ?? after)?.path.quoted ?? "")"
          + "; correct one of the two files")
    }
    guard isEnabled, let first else { return nil }
    if !isGiven, let config, let before {
      try check("relative_exclude_joints", said?.excludedJoints, first.excluded, config, before)
      if let names = first.names {
        try check("action_feature_names", said?.actionNames, names, config, before)
      }
    }
    return DeltaMask(excluding: first.excluded, names: first.names)
  }

  private static func check(
    _ key: String, _ said: [String]?, _ done: [String],
    _ config: Document<LeRobotConfiguration>, _ pipeline: Document<LeRobotPipeline>
  ) throws(WeightsError) {
    guard let said, said != done else { return }
    throw WeightsError(
      .processingContradiction, file: config.path,
      "\(key) is \(said.prefix(8).joined(separator: ", ").quoted), but "
        + "\(StepName.relative.rawValue.quoted) has \(done.prefix(8).joined(separator: ", ").quoted) in "
        + "\(pipeline.path.quoted); correct one of the two files")
  }
}
