import DVLAAccounting
public import DVLADiagnostics
public import DVLAJSON
public import DVLATensors

/// What a checkpoint turned out to be.
public struct Recognition: Sendable {
  /// A tensor of the checkpoint that is no part of what is read.
  public struct Aside: Sendable {
    public let tensor: TensorInfo
    public let reason: String
    /// Whose models it is known beside; nil: any.
    let families: [String]?
  }

  public let manifest: NamingManifest
  /// What stands around the manifest's names.
  public let wrapping: NameWrapping
  /// The checkpoint's tensors, those that are not read among them.
  public let tensors: [TensorInfo]
  /// The tensors that are not read.
  public let aside: [Aside]
  /// Names that no rule of the manifest knows.
  public let unexpected: [TensorName]
  /// What config.json says; nil without one.
  public let config: ConfigReading?
  /// Namings that explain the tensors too and whose library computes otherwise, where config.json
  /// does not tell that the tensors are not theirs.
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

  /// What config.json says, under the layout's keys; nil without one.
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
  /// Tells family and naming from tensor names and shapes; config.json only confirms. Names may
  /// stand behind a prefix that all of them share, or carry what wrappers put into them.
  ///
  /// - Parameters:
  ///   - tensors: every tensor of the checkpoint.
  ///   - config: the checkpoint's config.json.
  ///   - prefix: of several copies of a model in one checkpoint, the one whose names begin so;
  ///     empty for the one without a prefix.
  /// - Throws: `remap.refused` for a look-alike, `remap.unrecognised`, `remap.ambiguous`,
  ///   `remap.wrapper`, `remap.prefix` where no name begins with the prefix, `remap.contradiction`
  ///   when config.json names another model.
  public func recognise(
    _ tensors: [TensorInfo], config: JSONValue?, prefix: String? = nil
  ) throws(WeightsError) -> Recognition {
    guard !tensors.isEmpty else {
      throw WeightsError(.remapUnrecognised, "holds no tensors, so there is nothing to import")
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
        "tensor names fit \(found.fits.map(\.match.manifest.label).joined(separator: " and ")) "
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
      "no tensor stands behind \(chosen.quoted), which --prefix chose; names begin with "
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

  /// Names that nothing explains: of a look-alike behind a prefix, or of nothing known.
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
        + "\(closest.map { "closest is \($0.match.manifest.label)" } ?? "see --manifest")")
  }
}

extension WeightsError.Code {
  /// No manifest explains the tensor names.
  public static let remapUnrecognised = Self("remap.unrecognised")
  /// Two manifests explain the tensor names equally well.
  public static let remapAmbiguous = Self("remap.ambiguous")
  /// No name begins as the user says.
  public static let remapPrefix = Self("remap.prefix")
}
