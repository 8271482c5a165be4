extension NamingManifest {
  /// The keys that rules and defaults depend on.
  var conditionKeys: [String] {
    Set((rules.map(\.condition) + ownDefaults.map(\.condition)).compactMap { $0?.key }).sorted()
  }

  /// The manifest once for every way its conditions can fall, with the rules that hold then.
  var variants: [NamingManifest] {
    let keys = conditionKeys
    guard !keys.isEmpty else { return [self] }
    return (0..<(1 << keys.count)).map { bits in
      var assumptions: [String: Bool] = [:]
      for (position, key) in keys.enumerated() { assumptions[key] = bits >> position & 1 == 1 }
      return specialised(assumptions)
    }
  }

  /// The manifest with the rules that hold under a configuration.
  func specialised(_ configuration: Configuration) -> NamingManifest {
    var assumptions: [String: Bool] = [:]
    for key in conditionKeys { assumptions[key] = (configuration.integer(key) ?? 0) != 0 }
    var copy = specialised(assumptions)
    copy.rules = copy.rules.flatMap { $0.separated(configuration) }
    return copy
  }

  private func specialised(_ assumptions: [String: Bool]) -> NamingManifest {
    var copy = self
    copy.assumptions = assumptions
    func holds(_ condition: LayoutDefinition.Condition?) -> Bool {
      condition.map { (assumptions[$0.key] ?? false) != $0.negated } ?? true
    }
    copy.rules = rules.filter { holds($0.condition) }
    copy.ownDefaults = ownDefaults.filter { holds($0.condition) }.map {
      Default(key: $0.key, value: $0.value, condition: nil)
    }
    return copy
  }
}

extension NamingRule {
  /// A tie that does not hold as a rule for each of its names.
  fileprivate func separated(_ configuration: Configuration) -> [NamingRule] {
    guard let untied, untied.holds(under: configuration) else { return [self] }
    return zip(sources, targets + [untied.target]).map { source, target in
      NamingRule(
        sources: [source], targets: [target], operations: [], disposition: .map,
        condition: condition, isOptional: isOptional, written: [0], path: path)
    }
  }
}
