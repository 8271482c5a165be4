import DVLAAccounting
import DVLADiagnostics
import DVLAJSON

extension LeRobotPipeline {
  /// A step in the file.
  struct Step {
    let reader: JSONReader
    let members: JSONObjectReader
    /// Its name in the file.
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
      // A custom step may do anything, so it is refused unless it is disabled.
      guard step.config?.optional("enabled")?.value == .bool(false) else {
        throw step.failure("is not supported; expected one of \(allowed)")
      }
      return
    }
    guard side.allows(name) else {
      throw step.failure("does not belong in \(side.rawValue); expected one of \(allowed)")
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
      guard relative == nil else { throw step.failure("occurs twice, expected it once") }
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
    guard relative == nil else { throw settings.step.failure("occurs twice, expected it once") }
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

extension LeRobotPipeline {
  /// The settings of one step, each of which must be read: those left over are refused.
  struct Settings {
    let step: Step
    private(set) var taken: [(JSONReader, KeyFate)] = []
    private var known: Set<String> = []

    init(_ step: Step) { self.step = step }

    /// - Returns: nil where it is not there.
    mutating func take(_ key: String, _ fate: KeyFate) -> JSONReader? {
      known.insert(key)
      guard let reader = step.config?.optional(key) else { return nil }
      taken.append((reader, fate))
      return reader
    }

    mutating func required(
      _ key: String, _ fate: KeyFate
    ) throws(WeightsError) -> JSONReader {
      guard let reader = take(key, fate) else {
        throw step.reader.failure(.jsonMissingKey, "expected the key config.\(key), found none")
      }
      return reader
    }

    mutating func neutral(_ key: String, _ why: String) throws(WeightsError) {
      _ = take(key, .neutral(why))
    }

    /// - Throws: `processing.step` for another value than those that are computed.
    mutating func fixed(_ key: String, _ values: [JSONValue]) throws(WeightsError) {
      guard let reader = take(key, .fixed) else { return }
      func isSame(_ value: JSONValue) -> Bool {
        if let number = value.number { return reader.value.number == number }
        return value == reader.value
      }
      guard values.contains(where: isSame) else {
        throw step.failure(
          "has \(key) \(reader.value.shortened), expected "
            + values.map { $0.encoded() }.joined(separator: " or "))
      }
    }

    /// Python's true and false, except for strings: all but an empty one would be true.
    ///
    /// - Throws: `processing.step`.
    mutating func flag(_ key: String, else missing: Bool = false) throws(WeightsError) -> Bool {
      guard let reader = take(key, .used("whether the step is done")) else { return missing }
      switch reader.value {
      case .bool(let flag): return flag
      case .null, .integer(0): return false
      case .integer(1): return true
      default:
        throw step.failure("has \(key) \(reader.value.shortened), expected true or false")
      }
    }

    /// - Returns: nil where it is not there, or null.
    /// - Throws: `json.type`.
    mutating func strings(
      _ key: String, _ fate: KeyFate
    ) throws(WeightsError) -> [String]? {
      guard let reader = take(key, fate), !reader.isNull else { return nil }
      var strings: [String] = []
      for element in try reader.array() { strings.append(try element.string()) }
      guard strings.count <= DeltaMask.limit else {
        throw step.failure("has \(strings.count) \(key), expected at most \(DeltaMask.limit)")
      }
      return strings
    }

    /// Refuses settings that were not read; lerobot refuses them too.
    ///
    /// - Throws: `processing.step`.
    func refuseTheRest() throws(WeightsError) {
      guard let config = step.config,
        let unknown = config.members.first(where: { !known.contains($0.key) })
      else { return }
      throw step.failure(
        "has \(unknown.key.quoted), which no version of lerobot has; expected "
          + (known.isEmpty ? "no settings" : known.sorted().joined(separator: ", ")))
    }
  }
}
