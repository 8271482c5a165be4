public import DVLADiagnostics
import DVLAJSON
import DVLATensors

/// Decodes naming manifests from JSON, with the rules they include from others, and checks them
/// against the layout they map to.
struct NamingManifestDecoder {
  /// All manifests by `family/naming`, for inclusion.
  let documents: [String: JSONReader]

  private static let keysOfDocument: Set<String> = [
    "schema", "family", "naming", "about", "source", "prefixes", "include", "rules", "config",
    "defaults", "model_types", "shards", "metadata",
  ]

  /// - Parameter contents: the file's bytes.
  /// - Throws: `manifest.syntax`, and the codes of StrictJSON.
  func manifest(_ contents: [UInt8]) throws(WeightsError) -> NamingManifest {
    let document = try StrictJSON.parse(contents, limits: .document)
    let root = try JSONReader(document).object(allowing: Self.keysOfDocument)
    _ = try root.required("schema").integer(in: 1...1)
    let (family, naming) = (
      try root.required("family").string(), try root.required("naming").string()
    )
    let about = try root.required("about").string()
    let prefixes = try root.optional("prefixes")?.strings() ?? [""]
    var rules: [NamingRule] = []
    for inclusion in try root.optional("include")?.array() ?? [] {
      rules += try included(inclusion)
    }
    for rule in try root.required("rules").array() { rules.append(try NamingRule(rule)) }
    return NamingManifest(
      family: family, naming: naming, about: about, text: String(decoding: contents, as: UTF8.self),
      prefixes: prefixes, rules: rules,
      config: try root.optional("config").flatMap { (reader) throws(WeightsError) in
        reader.isNull ? nil : try ConfigTemplate(reader)
      },
      ownDefaults: try root.optional("defaults")?.object().members.map(
        NamingManifest.Default.init) ?? [],
      modelTypes: try root.optional("model_types")?.strings() ?? [],
      metadata: try NamingManifest.MetadataPolicy(root.optional("metadata")),
      isSharded: try root.optional("shards")?.bool() ?? false)
  }

  private func included(_ reader: JSONReader) throws(WeightsError) -> [NamingRule] {
    let object = try reader.object(allowing: ["manifest", "add", "replace", "with", "except"])
    let name = try object.required("manifest").string()
    guard let document = documents[name] else {
      throw reader.failure(.manifestSyntax, "manifest \(name.quoted) is not known")
    }
    let root = try document.object(allowing: Self.keysOfDocument)
    guard root.optional("include") == nil else {
      throw reader.failure(
        .manifestSyntax,
        "manifest \(name.quoted) includes other manifests, so it cannot be included itself")
    }
    let added = try object.optional("add")?.string() ?? ""
    let old = try object.optional("replace")?.string() ?? ""
    let new = try object.optional("with")?.string() ?? ""
    let exceptions = Set(try object.optional("except")?.strings() ?? [])
    var rules: [NamingRule] = []
    for rule in try root.required("rules").array() {
      rules.append(try NamingRule(rule).included(adding: added, replacing: old, with: new, reader))
    }
    return rules.filter { rule in
      !rule.targets.contains { exceptions.contains($0.description) }
    }
  }
}

extension NamingManifest.Default {
  /// A value, or `{"value": …, "when": CONDITION}`.
  fileprivate init(_ key: String, _ reader: JSONReader) throws(WeightsError) {
    self.key = key
    guard reader.value.object != nil else {
      value = reader.value
      condition = nil
      return
    }
    let object = try reader.object(allowing: ["value", "when"])
    value = try object.required("value").value
    condition = try LayoutDefinition.Condition(object.required("when"), scope: "")
  }
}

extension NamingManifest.MetadataPolicy {
  fileprivate init(_ reader: JSONReader?) throws(WeightsError) {
    guard let reader, !reader.isNull else {
      self = .none
      return
    }
    var values: [String: String] = [:]
    for (key, value) in try reader.object().members { values[key] = try value.string() }
    self = .fixed(values)
  }
}

// MARK: Checks

extension NamingManifest {
  /// Names and patterns of all rules, sources and targets counted separately: each is compared
  /// with each other one. The largest of the toolkit's own manifests has some sixty.
  static let maximumPatternCount = 512
  /// Each prefix is tried with every tensor of a checkpoint.
  static let maximumPrefixCount = 64
  /// Keys that rules depend on; each doubles the number of variants of the manifest.
  static let maximumConditionCount = 4

  private func checkSize() throws(WeightsError) {
    let sizes = [
      ("source names", rules.reduce(0) { $0 + $1.sources.count }, Self.maximumPatternCount),
      ("targets", rules.reduce(0) { $0 + $1.targets.count }, Self.maximumPatternCount),
      ("prefixes", prefixes.count, Self.maximumPrefixCount),
      ("keys that rules depend on", conditionKeys.count, Self.maximumConditionCount),
    ]
    for (what, count, limit) in sizes where count > limit {
      throw WeightsError(
        .manifestTooLarge, "expected at most \(limit) \(what), found \(count)")
    }
  }

  /// Checks the manifest against the layout it maps to.
  ///
  /// - Throws: `manifest.too-large`; `manifest.syntax` for a key or a target that the layout does
  ///   not have; `manifest.conflict` when two rules can match one name, in either direction.
  func validate(against layout: LayoutDefinition) throws(WeightsError) {
    try checkSize()
    try validateKeys(Set(layout.knownKeys))
    for rule in rules {
      for target in rule.targets + [rule.untied?.target].compactMap(\.self)
      where !layout.tensors.contains(where: { $0.pattern.overlaps(target) }) {
        throw WeightsError(
          .manifestSyntax, "\(rule.path): the \(family) layout has no tensor \(target)")
      }
    }
    for variant in variants { try variant.refuseConflicts() }
  }

  private func validateKeys(_ known: Set<String>) throws(WeightsError) {
    func require(_ names: some Sequence<String>, _ place: String) throws(WeightsError) {
      guard let unknown = names.first(where: { !known.contains($0) }) else { return }
      throw WeightsError(
        .manifestSyntax, "\(place): the \(family) layout has no key \(unknown.quoted)")
    }
    try require((config?.keys ?? []).sorted(), "config")
    try require(ownDefaults.flatMap { [$0.key, $0.condition?.key].compactMap(\.self) }, "defaults")
    for rule in rules {
      try require([rule.condition?.key, rule.untied?.key].compactMap(\.self), rule.path)
      var expressions: [Expression] = []
      if case .drop(let drop) = rule.disposition { expressions += drop.shape ?? [] }
      for operation in rule.operations {
        if case .reshape(let from, let to) = operation { expressions += from + to }
      }
      try require(expressions.flatMap(\.names), rule.path)
    }
  }

  private func refuseConflicts() throws(WeightsError) {
    try Self.refuseOverlaps(rules.map { ($0.path, $0.sources) }, "a source name")
    try Self.refuseOverlaps(rules.map { ($0.path, $0.targets) }, "a layout tensor")
  }

  private static func refuseOverlaps(
    _ rules: [(path: String, patterns: [NamePattern])], _ what: String
  ) throws(WeightsError) {
    let patterns = rules.flatMap { rule in rule.patterns.map { (rule.path, $0) } }
    for (position, (path, pattern)) in patterns.enumerated() {
      guard let (other, twin) = patterns[..<position].first(where: { $0.1.overlaps(pattern) })
      else { continue }
      let found = "\(twin) and \(pattern)"
      throw WeightsError(
        .manifestConflict,
        other == path
          ? "\(path) matches \(what) twice: \(found)"
          : "\(other) and \(path) both match \(what): \(found)")
    }
  }
}

extension WeightsError.Code {
  /// A manifest with more rules, prefixes or conditions than could be tried in reasonable time.
  public static let manifestTooLarge = Self("manifest.too-large")
}
