public import DVLADiagnostics
public import DVLAJSON
public import DVLATensors

/// The family and naming of a checkpoint, and the rule for each of its tensors.
public struct Recognition: Sendable {
  /// A tensor of the checkpoint that is not read.
  public struct Aside: Sendable {
    public let tensor: TensorInfo
    public let reason: String
    /// The families whose models it is known beside; nil for all.
    let families: [String]?
  }

  public let manifest: NamingManifest
  /// What the checkpoint has around the manifest's names.
  public let wrapping: NameWrapping
  /// All tensors of the checkpoint, including those that are not read.
  public let tensors: [TensorInfo]
  /// The tensors that are not read.
  public let aside: [Aside]
  /// Names that no rule of the manifest knows.
  public let unexpected: [TensorName]
  /// The content of config.json; nil without one.
  public let config: ConfigReading?
  /// Namings that also explain the tensors and whose library computes different results; empty
  /// where config.json rules them out.
  let alternatives: [NamingManifest]
  let instances: [RuleInstance]

  public var family: String { manifest.family }
  public var naming: String { manifest.naming }
  /// How many tensors are not read for each reason.
  public var asideByReason: [(reason: String, count: Int)] {
    var order: [String] = []
    var counts: [String: Int] = [:]
    for entry in aside {
      if counts[entry.reason] == nil { order.append(entry.reason) }
      counts[entry.reason, default: 0] += 1
    }
    return order.map { ($0, counts[$0] ?? 0) }
  }

  /// The values in config.json, under the layout's keys; nil without one.
  public var stated: Configuration? { config?.stated }
  /// Text in front of the manifest's names, often empty.
  public var prefix: String { wrapping.prefix }

  init(
    match: NamingMatch, wrapping: NameWrapping = NameWrapping(), tensors: [TensorInfo],
    aside: [Aside] = [], config: ConfigReading?, alternatives: [NamingManifest] = []
  ) {
    self.alternatives = config?.naming == match.manifest.naming ? [] : alternatives
    manifest = match.manifest
    var wrapping = wrapping
    wrapping.inner += match.prefix
    self.wrapping = wrapping
    self.aside = aside
    unexpected = match.unmatched
    instances = match.instances
    self.tensors = tensors
    self.config = config
  }
}

extension ManifestLibrary {
  /// Finds the family and naming from tensor names and shapes; config.json only confirms them. The
  /// names may share a prefix, and may have components that wrappers add.
  ///
  /// - Parameters:
  ///   - tensors: every tensor of the checkpoint.
  ///   - config: the checkpoint's config.json.
  ///   - prefix: the prefix of the names to read, where one checkpoint has several copies of a
  ///     model; empty for the copy without a prefix.
  /// - Throws: `remap.refused` for a look-alike, `remap.unrecognised`, `remap.ambiguous`,
  ///   `remap.wrapper`, `remap.prefix` where no name starts with the prefix, `remap.contradiction`
  ///   when config.json names another model.
  public func recognise(
    _ tensors: [TensorInfo], config: JSONValue?, prefix: String? = nil
  ) throws(WeightsError) -> Recognition {
    guard !tensors.isEmpty else {
      throw WeightsError(.remapUnrecognised, "contains no tensors")
    }
    let chosen = prefix.map { $0.isEmpty || $0.hasSuffix(".") ? $0 : $0 + "." }
    let (named, outside) = try chosenTensors(tensors, chosen)
    try refuseLookAlikes(named, config)
    let modelType = config?.object?["model_type"]?.string
    let search = NameSearch(library: self, modelType: modelType, chosen: chosen)
    guard let found = try search.find(named), let fit = found.fits.first else {
      throw try unrecognised(named, modelType)
    }
    guard found.fits.count == 1 else {
      throw WeightsError(
        .remapAmbiguous,
        "the tensor names fit \(found.fits.map(\.match.manifest.label).joined(separator: " and ")) "
          + "equally well")
    }
    if !found.wrapping.isEmpty {
      try refuseLookAlikes(
        named.map { tensor in
          found.wrapping.bare(tensor.info.name).map {
            NamedTensor(tensor.info, parts: NameComponents($0).parts)
          } ?? tensor
        }, nil)
    }
    let manifest = fit.match.manifest
    return Recognition(
      match: fit.match, wrapping: found.wrapping, tensors: tensors,
      aside: outside + found.aside,
      config: try config.map { (document) throws(WeightsError) in
        try read(config: document, beside: manifest)
      }, alternatives: fit.alternatives)
  }

  /// The tensors behind the prefix that the user chose, and the others.
  private func chosenTensors(
    _ tensors: [TensorInfo], _ chosen: String?
  ) throws(WeightsError) -> ([NamedTensor], [Recognition.Aside]) {
    guard let chosen, !chosen.isEmpty else { return (tensors.map(NamedTensor.init), []) }
    let wrapping = NameWrapping(chosen: chosen)
    var named: [NamedTensor] = []
    var outside: [Recognition.Aside] = []
    for info in tensors {
      if let bare = wrapping.bare(info.name) {
        named.append(NamedTensor(info, parts: NameComponents(bare).parts))
      } else {
        // Bundles record the reason, so its words stay as they are.
        outside.append(
          .init(
            tensor: info, reason: "does not stand behind \(chosen), which --prefix chose",
            families: nil))
      }
    }
    guard named.isEmpty else { return (named, outside) }
    var starts: [Substring] = []
    for info in tensors.prefix(10_000) {
      let start = info.name.string.prefix { $0 != "." }
      if !starts.contains(start) { starts.append(start) }
      if starts.count == 8 { break }
    }
    throw WeightsError(
      .remapPrefix, .usage,
      "no tensor name starts with the chosen prefix \(chosen.quoted); names start with "
        + starts.map { String($0).quoted }.joined(separator: ", "))
  }

  private func refuseLookAlikes(
    _ tensors: [NamedTensor], _ config: JSONValue?, isUnknown: Bool = false
  ) throws(WeightsError) {
    guard let lookAlike = lookAlikes.match(tensors, config: config, isUnknown: isUnknown) else {
      return
    }
    throw WeightsError(.remapRefused, "this is \(lookAlike.name): \(lookAlike.message)")
  }

  /// The error for names that no manifest explains, unless they are those of a look-alike behind a
  /// prefix.
  private func unrecognised(
    _ tensors: [NamedTensor], _ modelType: String?
  ) throws(WeightsError) -> WeightsError {
    let shared = NameSearch.Form(tensors: tensors, wrapping: NameWrapping()).sharedComponents.count
    for depth in 0...4 where depth <= shared {
      try refuseLookAlikes(tensors.map { $0.dropFirst(depth) }, nil, isUnknown: true)
    }
    let sample = tensors.prefix(3).map { $0.info.name.string.quoted }.joined(separator: ", ")
    let closest = try bestFits(Array(tensors.prefix(2_000)), modelType: modelType).first
    return WeightsError(
      .remapUnrecognised,
      "no manifest knows these tensor names (\(sample)\(tensors.count > 3 ? ", …" : "")); "
        + (closest.map { "the closest is \($0.match.manifest.label)" } ?? "none comes close"),
      remedies: [.giveManifest])
  }
}

// MARK: Doubts

extension ManifestLibrary {
  /// Configuration values that a plan has because of a source's naming, where the tensors also fit
  /// another naming whose library has another value: the two differ only in tensors that no output
  /// depends on, and those are absent. Each has the setting of the other naming as its remedy.
  public func doubts(about recognition: Recognition, in plan: RemapPlan) -> [WeightsError] {
    let manifest = recognition.manifest
    let taken = Set(components.components(of: manifest.family))
    var doubts: [WeightsError] = []
    for other in recognition.alternatives {
      for key in other.defaults.keys where manifest.defaults[key] != other.defaults[key] {
        var own = Configuration()
        own.set(key, other.defaults[key] ?? .null, origin: "")
        if manifest.family != plan.family {
          own = components.translate(own, from: manifest.family, to: plan.family, taken: taken)
        }
        guard let target = own.keys.first, let value = own[target] else { continue }
        let chosen = plan.configuration[target]
        guard chosen == nil || plan.configuration.origin(of: target) == manifest.originOfDefaults
        else { continue }
        doubts.append(
          WeightsError(
            .remapAmbiguous,
            "the tensor names fit both \(manifest.naming) and \(other.naming); \(manifest.naming) is "
              + "assumed, so \(target) is \(chosen.map(\.words) ?? "left to the model"); if the "
              + "checkpoint is \(other.naming), \(target) must be \(value.words)",
            remedies: [.setValue(key: target, value: value.words)]))
      }
    }
    return doubts
  }
}

extension JSONValue {
  fileprivate var words: String { string ?? excerpt }
}

extension WeightsError.Code {
  /// No manifest explains the tensor names.
  public static let remapUnrecognised = Self("remap.unrecognised")
  /// Several manifests, or one with several prefixes, explain the tensor names.
  public static let remapAmbiguous = Self("remap.ambiguous")
  /// No tensor name starts with the prefix that the user chose.
  public static let remapPrefix = Self("remap.prefix")
}
