import DVLADiagnostics
import DVLAJSON
import DVLATensors

/// Decodes a family's layout from JSON, with the blocks it is composed of in place, and checks it.
struct LayoutDefinitionDecoder {
  /// The documents of `Manifests/layouts` by name.
  private let blocks: [String: JSONReader]
  private var layout: LayoutDefinition

  /// - Throws: `manifest.syntax` and the codes of StrictJSON, with the path of the value;
  ///   `manifest.conflict` for two tensors of one name.
  static func layout(
    _ document: JSONReader, family: String, blocks: [String: JSONReader]
  ) throws(WeightsError) -> LayoutDefinition {
    var decoder = LayoutDefinitionDecoder(blocks: blocks, layout: LayoutDefinition(family: family))
    try decoder.append(document, at: "", scope: "")
    decoder.layout.kinds = decoder.layout.kindsOfKeys()
    try decoder.layout.validate()
    return decoder.layout
  }

  private static let keysOfDocument: Set<String> = [
    "schema", "layout", "about", "source", "parts", "axes", "tensors", "configuration", "facts",
    "checks",
  ]

  private mutating func append(
    _ document: JSONReader, at prefix: String, scope: String
  ) throws(WeightsError) {
    let root = try document.object(allowing: Self.keysOfDocument)
    _ = try root.required("schema").integer(in: 1...1)
    let parts = try root.optional("parts")?.array() ?? []
    for (key, axis) in try root.optional("axes")?.object().members ?? [] {
      layout.axes.append(.init(key: scope + key, source: try Self.axis(axis, prefix)))
    }
    var placed: [Int] = []
    for entry in try root.optional("tensors")?.array() ?? [] {
      try append(tensor: entry, parts, at: prefix, scope: scope, repetition: nil, &placed)
    }
    guard placed.sorted() == Array(parts.indices) else {
      throw document.failure(
        .manifestSyntax,
        "expected every one of \(parts.count) parts once in \"tensors\", found \(placed)")
    }
    var ownKeys = layout.keys.map(\.name)
    for (name, key) in try root.optional("configuration")?.object().members ?? [] {
      let key = try LayoutDefinition.Key(key, name: scope + name, scope: scope)
      // A family's entry replaces its block's.
      if let position = ownKeys.firstIndex(of: key.name) {
        layout.keys[position] = key
      } else {
        ownKeys.append(key.name)
        layout.keys.append(key)
      }
    }
    for fact in try root.optional("facts")?.array() ?? [] {
      layout.facts.append(try .init(fact, scope: scope))
    }
    for check in try root.optional("checks")?.array() ?? [] {
      layout.checks.append(try .init(check, scope: scope))
    }
  }

  private mutating func append(
    tensor entry: JSONReader, _ parts: [JSONReader], at prefix: String, scope: String,
    repetition: LayoutDefinition.Repetition?, _ placed: inout [Int]
  ) throws(WeightsError) {
    let object = try entry.object(allowing: [
      "part", "repeat", "count", "tensors", "name", "shape", "when", "unused", "initial",
    ])
    if let number = object.optional("part") {
      guard !parts.isEmpty else { throw number.failure(.manifestSyntax, "there are no parts") }
      let position = try number.integer(in: 0...(parts.count - 1))
      placed.append(position)
      let part = try parts[position].object(allowing: ["block", "at", "scope"])
      let name = try part.required("block").string()
      guard let block = blocks[name] else {
        throw entry.failure(.manifestSyntax, "block \(name.quoted) is not in Manifests/layouts")
      }
      let inner = try part.required("scope").string()
      try append(
        block, at: prefix + part.required("at").string(),
        scope: scope + (inner.isEmpty ? "" : inner + "."))
    } else if let variable = object.optional("repeat") {
      guard repetition == nil else {
        throw variable.failure(.manifestSyntax, "a repetition inside a repetition")
      }
      let count = try Expression(object.required("count")).scoped(by: scope)
      let repetition = LayoutDefinition.Repetition(
        variable: try variable.string(), count: count, entry: layout.tensors.count)
      for inner in try object.required("tensors").array() {
        try append(
          tensor: inner, parts, at: prefix, scope: scope, repetition: repetition, &placed)
      }
    } else {
      var shape: [Expression] = []
      for extent in try object.required("shape").array() {
        shape.append(try Expression(extent).scoped(by: scope))
      }
      layout.tensors.append(
        LayoutDefinition.TensorTemplate(
          pattern: try NamePattern(parsing: prefix + object.required("name").string()),
          shape: shape,
          condition: try optionalCondition(object, scope: scope),
          repetition: repetition,
          unusedReason: try object.optional("unused")?.string(),
          initial: try object.optional("initial").map(InitialValue.init)
            ?? .normal(deviation: 0.02)))
    }
  }

  private static func axis(_ reader: JSONReader, _ prefix: String) throws(WeightsError)
    -> LayoutDefinition.Axis.Source
  {
    let object = try reader.object(allowing: ["of", "absent", "count", "present"])
    if let count = object.optional("count") {
      return .count(try NamePattern(parsing: prefix + count.string()))
    }
    if let present = object.optional("present") {
      return .present(TensorName(prefix + (try present.string())))
    }
    var places: [(TensorName, Int)] = []
    for place in try object.required("of").array() {
      let pair = try place.array()
      guard pair.count == 2 else { throw place.mismatch("[tensor name, axis]") }
      places.append(
        (TensorName(prefix + (try pair[0].string())), try pair[1].integer(in: 0...7)))
    }
    guard !places.isEmpty else { throw reader.mismatch("at least one tensor") }
    return .dimension(
      places, absent: try object.optional("absent")?.integer(in: 0...Int(Int32.max)))
  }
}

extension LayoutDefinition.Condition {
  /// The suffix of a condition that holds where the key has a value, and it is 0 or false.
  private static let isFalse = " is false"

  /// Reads `KEY`, `!KEY` or `KEY is false`.
  init(_ reader: JSONReader, scope: String) throws(WeightsError) {
    let text = try reader.string()
    if text.hasSuffix(Self.isFalse) {
      self.init(
        key: scope + text.dropLast(Self.isFalse.count), negated: true, needsValue: true)
    } else {
      let isNegated = text.hasPrefix("!")
      self.init(
        key: scope + (isNegated ? String(text.dropFirst()) : text), negated: isNegated)
    }
  }
}

/// The condition in `when`; nil where there is none.
private func optionalCondition(
  _ object: JSONObjectReader, scope: String
) throws(WeightsError) -> LayoutDefinition.Condition? {
  try object.optional("when").map { (reader) throws(WeightsError) in
    try LayoutDefinition.Condition(reader, scope: scope)
  }
}

extension LayoutDefinition.Key {
  fileprivate init(_ reader: JSONReader, name: String, scope: String) throws(WeightsError) {
    let object = try reader.object(allowing: [
      "ask", "optional", "default", "allowed", "value", "when", "same_as", "why",
    ])
    if let condition = object.optional("when"), object.optional("value") == nil {
      throw condition.failure(.manifestSyntax, "\"when\" is only allowed beside \"value\"")
    }
    self.init(
      name: name, question: try object.optional("ask")?.string(),
      isOptional: try object.optional("optional")?.bool() ?? false,
      defaultValue: object.optional("default")?.value,
      allowed: try object.optional("allowed")?.array().map(\.value),
      derived: try object.optional("value").map { (value) throws(WeightsError) in
        LayoutDefinition.Derivation(
          value: try Self.derivation(value, scope),
          condition: try optionalCondition(object, scope: scope))
      },
      sameAs: try object.optional("same_as").map { (key) throws(WeightsError) in
        scope + (try key.string())
      })
  }

  private static func derivation(
    _ reader: JSONReader, _ scope: String
  ) throws(WeightsError) -> LayoutDefinition.Derivation.Value {
    guard reader.value.array != nil else {
      return .single(try Expression(reader).scoped(by: scope))
    }
    return .list(
      try reader.array().map { (item) throws(WeightsError) in
        try Expression(item).scoped(by: scope)
      })
  }
}

extension LayoutDefinition.Fact {
  fileprivate init(_ reader: JSONReader, scope: String) throws(WeightsError) {
    let object = try reader.object(allowing: ["when", "set", "variant", "refuse", "about"])
    self.init(
      conditions: try object.required("when").object().members.map {
        (scope + $0.key, $0.reader.value)
      },
      settings: try object.optional("set")?.object().members.map {
        (scope + $0.key, $0.reader.value)
      }
        ?? [],
      variant: try object.optional("variant")?.string(),
      refusal: try object.optional("refuse")?.string())
    guard !conditions.isEmpty else { throw reader.mismatch("at least one condition") }
  }
}

extension LayoutDefinition.Check {
  fileprivate init(_ reader: JSONReader, scope: String) throws(WeightsError) {
    let object = try reader.object(allowing: ["that", "else", "when"])
    let that = try object.required("that")
    let text = try that.string()
    var parser = ExpressionParser(text: text)
    do throws(WeightsError) {
      let (left, relation, right) = try parser.parseRelation()
      self.left = Expression(root: left, description: text).scoped(by: scope)
      self.relation = relation
      self.right = Expression(root: right, description: text).scoped(by: scope)
    } catch { throw that.failure(error.code, error.message) }
    condition = try optionalCondition(object, scope: scope)
    message = try object.required("else").string()
  }
}

// MARK: Checks

extension LayoutDefinition {
  fileprivate func validate() throws(WeightsError) {
    let known = Set(knownKeys)
    func require(_ names: some Sequence<String>, _ place: String) throws(WeightsError) {
      guard let unknown = names.first(where: { !known.contains($0) }) else { return }
      throw WeightsError(
        .manifestSyntax, "\(place): no axis or configuration key is called \(unknown.quoted)")
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
          .manifestSyntax, "\(tensor.pattern): expected only the variable of its repetition")
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
  fileprivate static func exclude(_ a: Self?, _ b: Self?) -> Bool {
    guard let a, let b else { return false }
    return a.key == b.key && a.negated != b.negated
  }
}
