import DVLADiagnostics
import DVLATensors

extension LayoutDefinition {
  /// - Throws: `manifest.syntax` for a name that nothing defines, `manifest.conflict` for two
  ///   tensors of one name.
  func validate() throws(WeightsError) {
    let known = Set(knownKeys)
    func require(_ names: some Sequence<String>, _ place: String) throws(WeightsError) {
      guard let unknown = names.first(where: { !known.contains($0) }) else { return }
      throw WeightsError(
        .manifestSyntax, "\(place): no axis and no configuration key is called \(unknown.quoted)")
    }
    for expression in expressions {
      try require(expression.names, "expression \(expression.description.quoted)")
    }
    for tensor in tensors {
      try require([tensor.condition?.key].compactMap(\.self), "\"when\" of \(tensor.pattern)")
      guard tensor.pattern.indexNames == Set([tensor.repetition?.variable].compactMap(\.self)),
        !tensor.pattern.isSubtree
      else {
        throw WeightsError(
          .manifestSyntax, "\(tensor.pattern): expected the variable of its repetition, no other")
      }
    }
    for fact in facts {
      try require((fact.conditions + fact.settings).map(\.key), "a fact")
    }
    for check in checks {
      try require([check.condition?.key].compactMap(\.self), "\"when\" of \(check.left)")
    }
    for key in keys {
      try require([key.derived?.condition?.key].compactMap(\.self), "\"when\" of \(key.name)")
      try require([key.sameAs].compactMap(\.self), "\"same_as\" of \(key.name)")
    }
    for (position, tensor) in tensors.enumerated() {
      let other = tensors[..<position].first { other in
        other.pattern.overlaps(tensor.pattern)
          && !Condition.exclude(other.condition, tensor.condition)
      }
      if let other {
        throw WeightsError(
          .manifestConflict, "layout tensors \(other.pattern) and \(tensor.pattern) share a name")
      }
    }
  }
}

extension LayoutDefinition.Condition {
  /// Whether no configuration meets both.
  static func exclude(_ a: Self?, _ b: Self?) -> Bool {
    guard let a, let b else { return false }
    return a.key == b.key && a.negated != b.negated
  }
}
