public import DVLADiagnostics
import DVLATensors

extension NamingManifest {
  /// Names and patterns of all rules, sources and targets counted each: each is held against each
  /// other one. The largest of the toolkit's own has some sixty.
  static let maximumPatternCount = 512
  /// Each is tried with every tensor of a checkpoint.
  static let maximumPrefixCount = 64
  /// Keys that rules depend on; twice as many variants of the manifest for each.
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

  /// Holds the manifest against the layout it maps to.
  ///
  /// - Throws: `manifest.too-large`; `manifest.syntax` for a key or a target that the layout does
  ///   not have; `manifest.conflict` when a name can be meant by two rules, in either direction.
  func validate(against layout: LayoutDefinition) throws(WeightsError) {
    try checkSize()
    try validateKeys(Set(layout.knownKeys))
    for rule in rules {
      for target in rule.targets + [rule.untied?.target].compactMap(\.self)
      where !layout.tensors.contains(where: { $0.pattern.overlaps(target) }) {
        throw WeightsError(
          .manifestSyntax, "\(rule.path): \(target) is no tensor of the \(family) layout")
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
      let place = other == path ? path : "\(other) and \(path)"
      throw WeightsError(
        .manifestConflict, "\(place) both match \(what): \(twin) and \(pattern)")
    }
  }
}

extension WeightsError.Code {
  /// A manifest of more rules, prefixes or conditions than could be tried in reasonable time.
  public static let manifestTooLarge = Self("manifest.too-large")
}
