import DVLAAccounting
import DVLADiagnostics
import DVLAJSON

extension LeRobotPipeline {
  /// A step as the file has it.
  struct Step {
    let reader: JSONReader
    let members: JSONObjectReader
    /// What the file calls it.
    let title: String
    let name: StepName?
    let config: JSONObjectReader?

    init(_ reader: JSONReader, index: Int) throws(WeightsError) {
      self.reader = reader
      members = try reader.object()
      if let registered = members.optional("registry_name") {
        title = try registered.string()
        name = StepName(registered: title)
      } else {
        title = try members.required("class").string()
        name = StepName(classPath: title)
      }
      config = try members.optional("config").flatMap { (config) throws(WeightsError) in
        config.isNull ? nil : try config.object()
      }
    }

    func failure(_ message: String) -> WeightsError {
      reader.failure(.processingStep, "step \(title.quoted) " + message)
    }
  }

  mutating func read(_ step: Step) throws(WeightsError) {
    for (key, reader) in step.members.members where key != "config" && key != "state_file" {
      try add(
        reader,
        key == "registry_name" || key == "class"
          ? .used(step.name.map { "the step \($0.rawValue)" } ?? "a step that is switched off")
          : .unknown)
    }
    guard let name = step.name else {
      // A step of somebody's own may do anything, unless it says that it does nothing.
      guard step.config?.optional("enabled")?.value == .bool(false) else {
        throw step.failure("is not done here; expected one of \(allowed)")
      }
      return
    }
    guard side.allows(name) else {
      throw step.failure("does not belong into \(side.rawValue); expected one of \(allowed)")
    }
    if name != .normalize, name != .unnormalize, let file = step.members.optional("state_file"),
      !file.isNull
    {
      throw step.failure("has a state in \(try file.string().quoted), expected none of such a step")
    }
    var settings = Settings(step)
    switch name {
    case .batch: break
    case .newLine:
      addsNewLine = true
      order.append(name)
    case .rename: try readRename(&settings)
    case .device:
      try settings.neutral("device", "where it is computed")
      try settings.fixed("float_dtype", [.null, "float32", "float"])
    case .tokenize: try readPrompt(&settings)
    case .relative: try readRelative(&settings)
    case .absolute:
      let isEnabled = try settings.flag("enabled")
      guard relative == nil else { throw step.failure("stands twice, expected it once") }
      relative = (isEnabled, [], nil)
      if isEnabled { order.append(name) }
    case .normalize, .unnormalize:
      try readNormalizer(&settings)
      order.append(name)
    }
    try settings.refuseTheRest()
    for (reader, fate) in settings.taken { try add(reader, fate) }
  }

  private var allowed: String {
    StepName.allCases.filter(side.allows).map(\.rawValue).joined(separator: ", ")
  }

  private mutating func readPrompt(_ settings: inout Settings) throws(WeightsError) {
    // The default of the step's class.
    var limit = 512
    if let reader = settings.take("max_length", .used("how many tokens a prompt may have")) {
      limit = try reader.integer(in: 1...1_000_000)
    }
    let isCut = try settings.flag("truncation", else: true)
    try settings.fixed("task_key", ["task"])
    try settings.fixed("padding_side", ["right"])
    try settings.neutral("padding", "padding is masked")
    if let reader = settings.take("tokenizer_name", .used("whose tokenizer")), !reader.isNull {
      let name = try reader.string()
      let last = name.split(separator: "/").last.map(String.init) ?? name
      guard last.lowercased().contains("paligemma") else {
        throw settings.step.failure(
          "has tokenizer_name \(name.quoted), expected \"google/paligemma-3b-pt-224\" or a path "
            + "whose last part says paligemma")
      }
    }
    prompt = (limit, isCut)
    order.append(.tokenize)
  }

  private mutating func readRelative(_ settings: inout Settings) throws(WeightsError) {
    let isEnabled = try settings.flag("enabled")
    let excluded = try settings.strings(
      "exclude_joints", .used("which dimensions of actions are no offsets"))
    let names = try settings.strings("action_names", .used("what those dimensions are called"))
    guard relative == nil else { throw settings.step.failure("stands twice, expected it once") }
    relative = (isEnabled, excluded ?? [], names)
    if isEnabled { order.append(.relative) }
  }

  private mutating func readRename(_ settings: inout Settings) throws(WeightsError) {
    guard let reader = settings.take("rename_map", .used("names of the robot's own")),
      !reader.isNull
    else { return }
    var targets: Set<String> = []
    let renames = try reader.object().members
    for (old, new) in renames {
      let name = try new.string()
      guard name != old else { continue }
      guard side == .before else {
        throw new.failure(
          .processingStep, "renames \(old.quoted), expected no names to change behind the policy")
      }
      // The state and the pictures come in the policy's own order, under no names.
      guard old != LeRobotKey.state, targets.insert(name).inserted,
        !renames.contains(where: { $0.key == name })
      else {
        throw new.failure(
          .processingStep,
          "the step \(StepName.rename.rawValue) exchanges, moves or joins what the policy takes: "
            + "\(old.quoted) becomes \(name.quoted); expected names of the robot's own")
      }
      renamed.append(old)
    }
    if !targets.isEmpty { order.append(.rename) }
  }

  private mutating func readNormalizer(_ settings: inout Settings) throws(WeightsError) {
    var found = LeRobotNormalizer()
    try settings.fixed("eps", [.number(PolicyStatistics.Origin.lerobot.epsilon)])
    for (type, mode) in try settings.required("norm_map", .used("how it normalises")).object()
      .members
    {
      found.modes[type] = try NormalizationMethod(lerobot: mode)
    }
    if side == .before, let mode = found.modes["VISUAL"], mode != .identity {
      throw settings.step.failure(
        "has VISUAL \(mode.lerobotMode), which normalises pictures with statistics of a data set; "
          + "expected IDENTITY")
    }
    if let features = settings.take("features", .used("which features it knows")),
      !features.isNull
    {
      var types: [String: String] = [:]
      for (name, feature) in try features.object().members {
        types[name] = try feature.object().required("type").string()
      }
      if let type = types[LeRobotKey.action], type != "ACTION" {
        throw settings.step.failure(
          "has \(LeRobotKey.action.quoted) as \(type.quoted); expected \"ACTION\"")
      }
      let others = types.filter { $0.key != LeRobotKey.state && $0.key != LeRobotKey.action }
      for (name, type) in others.sorted(by: { $0.key < $1.key }) where side == .before {
        guard let mode = found.modes[type], mode != .identity else { continue }
        throw settings.step.failure(
          "has \(name.quoted) as \(type.quoted), which normalises it by \(mode.lerobotMode); expected "
            + "no more than the state to be normalised")
      }
      found.features = types
    }
    found.observations = try settings.strings(
      "normalize_observation_keys", .used("which observations it is limited to"))
    if let file = settings.step.members.optional("state_file"), !file.isNull {
      found.stateFile = try file.string()
      try add(file, .used("statistics"))
    }
    normalizer = found
  }
}

extension LeRobotPipeline.Side {
  func allows(_ step: StepName) -> Bool {
    switch step {
    case .batch, .device, .rename: true
    case .newLine, .tokenize, .relative, .normalize: self == .before
    case .absolute, .unnormalize: self == .after
    }
  }
}

extension NormalizationMethod {
  /// - Throws: `statistics.method` for a mode that lerobot does not have, `json.type`.
  init(lerobot mode: JSONReader) throws(WeightsError) {
    let name = try mode.string()
    guard let method = Self.lerobotModes[name] else {
      let known = Self.lerobotModes.keys.sorted().joined(separator: ", ")
      throw mode.failure(.statisticsMethod, "expected one of \(known), found \(name.quoted)")
    }
    self = method
  }
}
