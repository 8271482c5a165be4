public import Diagnostics
public import StrictJSON
public import TensorCore

/// Learns a model's configuration from the shapes of its tensors, config.json, the published
/// variants, and what the user says, in that order of trust; a contradiction is an error.
struct ConfigurationResolver {
  let layout: LayoutDefinition
  /// Layout tensors that the sources provide, with their shapes.
  let provided: [TensorName: Shape]
  /// Values that config.json gives, under layout keys; nil where there is no config.json.
  let stated: Configuration?
  /// Values the user gave.
  let given: Configuration

  private(set) var configuration = Configuration()
  private(set) var variants: [String] = []

  init(
    layout: LayoutDefinition, provided: [TensorName: Shape], stated: Configuration?,
    given: Configuration
  ) {
    self.layout = layout
    self.provided = provided
    self.stated = stated
    self.given = given
  }

  /// - Throws: `remap.contradiction`, `remap.ask` (all open questions at once), `remap.refused`,
  ///   `remap.configuration`.
  mutating func resolve() throws(WeightsError) -> Configuration {
    readAxes()
    if let stated { try take(stated) }
    try take(given)
    try applyFactsAndDerivations()
    for key in layout.keys where configuration[key.name] == nil {
      if stated != nil, let value = key.classDefault {
        configuration.set(key.name, value, origin: "the upstream class's default")
      }
    }
    try applyFactsAndDerivations()
    for key in layout.keys where configuration[key.name] == nil {
      if let value = key.defaultValue {
        configuration.set(key.name, value, origin: "default")
      }
    }
    try applyFactsAndDerivations()
    try askForTheRest()
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
      if let known = configuration[key] {
        guard known.isSameSetting(as: value) else {
          throw WeightsError(
            .remapContradiction,
            "\(key) is \(value.encoded()) by \(origin), "
              + "but \(known.encoded()) by \(configuration.origin(of: key) ?? "the tensors")")
        }
      } else {
        configuration.set(key, value, origin: origin)
      }
    }
  }

  /// Facts and derived keys feed each other, so they run until nothing is learnt.
  private mutating func applyFactsAndDerivations() throws(WeightsError) {
    var learnt = true
    while learnt {
      learnt = false
      for fact in layout.facts where holds(fact) {
        if let refusal = fact.refusal { throw WeightsError(.remapRefused, refusal) }
        if let variant = fact.variant, !variants.contains(variant) { variants.append(variant) }
        for (key, value) in fact.settings where configuration[key] == nil {
          configuration.set(key, value, origin: "published variant \(fact.variant ?? "")")
          learnt = true
        }
      }
      for key in layout.keys where configuration[key.name] == nil {
        guard let expression = key.derived,
          let value = try expression.value({ configuration.integer($0) })
        else { continue }
        configuration.set(key.name, .integer(Int64(value)), origin: "\(expression)")
        learnt = true
      }
    }
  }

  private func holds(_ fact: LayoutDefinition.Fact) -> Bool {
    fact.conditions.allSatisfy { key, value in
      configuration[key].map { $0.isSameSetting(as: value) } ?? false
    }
  }

  private func askForTheRest() throws(WeightsError) {
    let open = layout.keys.filter { $0.question != nil && configuration[$0.name] == nil }
    guard !open.isEmpty else { return }
    let lines = open.map { "--set \($0.name)=…  \($0.question ?? "")" }
    throw WeightsError(
      .remapAsk, .usage,
      "the tensors and the published variants do not settle "
        + open.map(\.name).joined(separator: ", ") + "; say "
        + open.map { "--set \($0.name)=…" }.joined(separator: " "),
      details: lines)
  }

  private func check() throws(WeightsError) {
    for key in layout.keys {
      guard let allowed = key.allowed, let value = configuration[key.name] else { continue }
      guard allowed.contains(where: { $0.isSameSetting(as: value) }) else {
        throw WeightsError(
          .remapConfiguration,
          "\(key.name) is \(value.encoded()) by \(configuration.origin(of: key.name) ?? ""), "
            + "expected " + allowed.map { $0.encoded() }.joined(separator: " or "))
      }
    }
    for check in layout.checks {
      let left = try check.left.value { configuration.integer($0) }
      let right = try check.right.value { configuration.integer($0) }
      if let left, let right, left != right {
        throw WeightsError(
          .remapConfiguration, "\(check.message): \(check.left) is \(left), \(check.right) is \(right)")
      }
    }
  }
}

extension WeightsError.Code {
  /// Two places say different things of the same model.
  public static let remapContradiction = Self("remap.contradiction")
  /// Something that no shape tells and no published variant settles.
  public static let remapAsk = Self("remap.ask")
  /// Another architecture, recognised and refused by name.
  public static let remapRefused = Self("remap.refused")
}
