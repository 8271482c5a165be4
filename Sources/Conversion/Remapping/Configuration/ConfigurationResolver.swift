import DVLAAccounting
public import DVLADiagnostics
import DVLAJSON
import DVLATensors

/// Determines a model's configuration from the shapes of its tensors, the user's settings,
/// config.json, other documents, the published variants and defaults. A contradiction is an error.
struct ConfigurationResolver {
  let layout: LayoutDefinition
  /// Layout tensors that the sources provide, with their shapes.
  let provided: [TensorName: Shape]
  /// Values of config.json, under layout keys; nil without a config.json.
  let stated: Configuration?
  /// Values that the user set.
  let given: Configuration
  /// Values of the sources' namings, for keys that nothing else determines.
  let fallbacks: Configuration
  /// Values of other documents beside the weights.
  let documents: Configuration

  private(set) var configuration = Configuration()
  private(set) var variants: [String] = []
  /// Keys that an extent of a tensor determines.
  private var measured: Set<String> = []

  init(
    layout: LayoutDefinition, provided: [TensorName: Shape], stated: Configuration?,
    given: Configuration, documents: Configuration = Configuration(),
    fallbacks: Configuration = Configuration()
  ) {
    self.documents = documents
    self.fallbacks = fallbacks
    self.layout = layout
    self.provided = provided
    self.stated = stated
    self.given = given
  }

  /// Determines what it can. ``askForShapes(_:drawn:)`` and ``askForTheRest(_:)`` ask for the rest.
  ///
  /// - Throws: `remap.contradiction`, `remap.refused`, `remap.configuration`,
  ///   `manifest.arithmetic`.
  mutating func resolve() throws(WeightsError) -> Configuration {
    readAxes()
    try take(given)
    if let stated { try take(stated) }
    try take(documents)
    try checkKinds()
    try applyFactsAndDerivations()
    for key in fallbacks.keys where configuration[key] == nil {
      if let value = fallbacks[key] {
        configuration.set(key, value, origin: fallbacks.origin(of: key) ?? "the naming")
      }
    }
    for key in layout.keys where configuration[key.name] == nil {
      if let value = key.defaultValue {
        configuration.set(key.name, value, origin: "default")
      }
    }
    try applyFactsAndDerivations()
    try check()
    configuration.sort(like: layout.axes.map(\.key) + layout.keys.map(\.name))
    return configuration
  }

  private mutating func readAxes() {
    let names = provided.keys.map(NameComponents.init)
    for axis in layout.axes {
      switch axis.source {
      case .dimension(let places, let absent):
        let found = places.first { provided[$0.tensor].map { $0.rank } ?? 0 > $0.axis }
        if let found, let shape = provided[found.tensor] {
          configuration.set(
            axis.key, .integer(Int64(shape[found.axis])),
            origin: "axis \(found.axis) of \(found.tensor)")
          measured.insert(axis.key)
        } else if let absent, !provided.isEmpty {
          configuration.set(
            axis.key, .integer(Int64(absent)), origin: "no tensor \(places[0].tensor)")
        }
      case .count(let pattern):
        guard let probe = pattern.upToFirstIndex, let variable = probe.indexNames.first else {
          continue
        }
        let highest = names.compactMap { probe.match($0)?.indices[variable] }.max()
        if let highest {
          configuration.set(
            axis.key, .integer(Int64(highest) + 1), origin: "tensors up to \(probe) at \(highest)")
        }
      case .present(let tensor):
        let isThere = provided[tensor] != nil
        configuration.set(
          axis.key, .bool(isThere), origin: (isThere ? "tensor " : "no tensor ") + tensor.string)
      }
    }
  }

  private mutating func take(_ other: Configuration) throws(WeightsError) {
    for key in other.keys {
      guard let value = other[key] else { continue }
      let origin = other.origin(of: key) ?? "config.json"
      // The user may choose another way to fit pictures than the files.
      if key == "image_fit", configuration[key] != nil { continue }
      // The user may set what config.json omits. Default sizes change between versions of a
      // library, so the size of the tensor itself counts.
      if origin == ConfigReading.libraryDefault, given[key] != nil || measured.contains(key) {
        continue
      }
      if let known = configuration[key] {
        guard known.isSameSetting(as: value) else { throw contradiction(key, value, origin) }
      } else {
        configuration.set(key, value, origin: origin)
      }
    }
  }

  /// Facts and derived keys depend on each other, so they are applied until nothing changes.
  private mutating func applyFactsAndDerivations() throws(WeightsError) {
    var learnt = true
    while learnt {
      learnt = false
      for key in layout.keys {
        guard let value = try derivedValue(of: key) else { continue }
        guard let known = configuration[key.name] else {
          configuration.set(key.name, value, origin: "the rule for \(key.name)")
          learnt = true
          continue
        }
        guard known.isSameSetting(as: value) else {
          throw contradiction(key.name, value, "the shapes")
        }
      }
      for key in layout.keys where configuration[key.name] == nil {
        guard let other = key.sameAs, let value = configuration[other] else { continue }
        configuration.set(key.name, value, origin: other)
        learnt = true
      }
      for fact in layout.facts where holds(fact) {
        if let refusal = fact.refusal { throw WeightsError(.remapRefused, refusal) }
        if let variant = fact.variant, !variants.contains(variant) { variants.append(variant) }
        for (key, value) in fact.settings where configuration[key] == nil {
          configuration.set(key, value, origin: "published variant \(fact.variant ?? "")")
          learnt = true
        }
      }
    }
  }

  private func derivedValue(
    of key: LayoutDefinition.Key
  ) throws(WeightsError) -> JSONValue? {
    guard let derivation = key.derived, applies(derivation.condition) else { return nil }
    func value(_ expression: Expression) throws(WeightsError) -> JSONValue? {
      try expression.value { configuration.integer($0) }.map { .integer(Int64($0)) }
    }
    switch derivation.value {
    case .single(let expression): return try value(expression)
    case .list(let expressions):
      var items: [JSONValue] = []
      for expression in expressions {
        guard let item = try value(expression) else { return nil }
        items.append(item)
      }
      return .array(items)
    }
  }

  private func applies(_ condition: LayoutDefinition.Condition?) -> Bool {
    condition?.holds(under: configuration) ?? true
  }

  private func holds(_ fact: LayoutDefinition.Fact) -> Bool {
    func agrees(_ pair: (key: String, value: JSONValue), orUnset: Bool) -> Bool {
      configuration[pair.key].map { $0.isSameSetting(as: pair.value) } ?? orUnset
    }
    return fact.conditions.allSatisfy { agrees($0, orUnset: false) }
      && fact.settings.allSatisfy { agrees($0, orUnset: true) }
  }

  private func contradiction(_ key: String, _ value: JSONValue, _ origin: String) -> WeightsError {
    WeightsError(
      .remapContradiction,
      "\(key) is \(configuration[key]?.excerpt ?? "") "
        + Self.words(origin: configuration.origin(of: key) ?? "the configuration")
        + ", but \(value.excerpt) \(Self.words(origin: origin)); correct one of them")
  }

  /// Where a value came from, as a clause.
  private static func words(origin: String) -> String {
    if origin == "default" { return "by default" }
    return (origin.hasPrefix("no ") ? "as there is " : "according to ") + origin
  }

  /// Whether nothing determines the key. A key with a derivation depends on the keys in it and is
  /// not asked for itself.
  private func isOpen(_ key: LayoutDefinition.Key) -> Bool {
    guard key.question != nil, !key.isOptional, configuration[key.name] == nil else { return false }
    return key.derived.map { !applies($0.condition) } ?? true
  }

  /// - Parameter drawn: whether tensors that no source has are initialised.
  /// - Throws: `remap.ask` where the shape of a tensor is undetermined, with all open questions.
  func askForShapes(_ sources: [RemapPlanner.Source], drawn: Bool) throws(WeightsError) {
    let needed = layout.keysWithoutValue(under: configuration)
    guard !needed.isEmpty else { return }
    var error = question(layout.knownKeys.filter { needed.contains($0) }, sources)
    if !drawn {
      error.message += "; no source has the tensors that have these sizes"
      error.remedies.append(.initialiseMissing)
    }
    throw error
  }

  /// - Throws: `remap.ask`, with all open questions.
  func askForTheRest(_ sources: [RemapPlanner.Source]) throws(WeightsError) {
    if layout.keys.contains(where: isOpen) { throw question([], sources) }
  }

  /// The error that asks for those keys and all others that are open.
  private func question(_ needed: [String], _ sources: [RemapPlanner.Source]) -> WeightsError {
    let asked = layout.keys.filter { isOpen($0) || needed.contains($0.name) }
    let names = needed.filter { name in !asked.contains { $0.name == name } } + asked.map(\.name)
    return .undetermined(
      names, file: sources.count == 1 ? sources[0].label : nil,
      details: names.map { name in
        name + (asked.first { $0.name == name }?.question.map { ": \($0)" } ?? "")
      })
  }

  private func checkKinds() throws(WeightsError) {
    for key in layout.knownKeys {
      guard let value = configuration[key], let expected = layout.kinds[key],
        !expected.fits(value)
      else { continue }
      throw WeightsError(
        .remapConfiguration,
        "\(key) (\(configuration.origin(of: key) ?? "")): expected \(expected.words), found "
          + value.excerpt)
    }
  }

  private func check() throws(WeightsError) {
    for key in layout.keys {
      guard let allowed = key.allowed, let value = configuration[key.name] else { continue }
      guard allowed.contains(where: { $0.isSameSetting(as: value) }) else {
        throw WeightsError(
          .remapConfiguration,
          "\(key.name) is \(value.excerpt) (\(configuration.origin(of: key.name) ?? "")), "
            + "expected " + allowed.map { $0.encoded() }.joined(separator: " or "))
      }
    }
    for check in layout.checks where applies(check.condition) {
      let left = try check.left.value { configuration.integer($0) }
      let right = try check.right.value { configuration.integer($0) }
      if let left, let right, !check.holds(left, right) {
        throw WeightsError(
          .remapConfiguration,
          "\(check.message): \(check.problem(left, right))")
      }
    }
  }
}

extension WeightsError.Code {
  /// Two places have different values for the same model.
  public static let remapContradiction = Self("remap.contradiction")
  /// A value that only the user can determine.
  public static let remapAsk = Self("remap.ask")
  /// Another architecture, recognised and refused by name.
  public static let remapRefused = Self("remap.refused")
}
