import DVLADiagnostics
import DVLAJSON
import DVLATensors

extension LayoutDefinition {
  /// Reads a family's layout with its blocks in place.
  ///
  /// - Parameter blocks: the documents of `Manifests/layouts` by name.
  /// - Throws: `manifest.syntax` and the codes of StrictJSON, with the path of the value.
  init(
    _ document: JSONReader, family: String, blocks: [String: JSONReader]
  ) throws(WeightsError) {
    self.init(family: family)
    try append(document, at: "", scope: "", blocks: blocks)
    kinds = kindsOfKeys()
  }

  private static let keysOfDocument: Set<String> = [
    "schema", "layout", "about", "source", "parts", "axes", "tensors", "configuration", "facts",
    "checks",
  ]

  private mutating func append(
    _ document: JSONReader, at prefix: String, scope: String, blocks: [String: JSONReader]
  ) throws(WeightsError) {
    let root = try document.object(allowing: Self.keysOfDocument)
    _ = try root.required("schema").integer(in: 1...1)
    let parts = try root.optional("parts")?.array() ?? []
    for (key, axis) in try root.optional("axes")?.object().members ?? [] {
      axes.append(Axis(key: scope + key, source: try Self.axis(axis, prefix)))
    }
    var placed: [Int] = []
    for entry in try root.optional("tensors")?.array() ?? [] {
      try append(tensor: entry, parts, at: prefix, scope: scope, blocks, repetition: nil, &placed)
    }
    guard placed.sorted() == Array(parts.indices) else {
      throw document.failure(
        .manifestSyntax,
        "expected every one of \(parts.count) parts once in \"tensors\", found \(placed)")
    }
    var ownKeys = keys.map(\.name)
    for (name, key) in try root.optional("configuration")?.object().members ?? [] {
      let key = try Key(key, name: scope + name, scope: scope)
      // A family's entry stands in for its block's.
      if let position = ownKeys.firstIndex(of: key.name) {
        keys[position] = key
      } else {
        ownKeys.append(key.name)
        keys.append(key)
      }
    }
    for fact in try root.optional("facts")?.array() ?? [] {
      facts.append(try Fact(fact, scope: scope))
    }
    for check in try root.optional("checks")?.array() ?? [] {
      checks.append(try Check(check, scope: scope))
    }
  }

  private mutating func append(
    tensor entry: JSONReader, _ parts: [JSONReader], at prefix: String, scope: String,
    _ blocks: [String: JSONReader], repetition: Repetition?, _ placed: inout [Int]
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
        scope: scope + (inner.isEmpty ? "" : inner + "."), blocks: blocks)
    } else if let variable = object.optional("repeat") {
      guard repetition == nil else {
        throw variable.failure(.manifestSyntax, "a repetition inside a repetition")
      }
      let count = try Self.expression(object.required("count")).scoped(by: scope)
      let repetition = Repetition(
        variable: try variable.string(), count: count, entry: tensors.count)
      for inner in try object.required("tensors").array() {
        try append(
          tensor: inner, parts, at: prefix, scope: scope, blocks, repetition: repetition, &placed)
      }
    } else {
      var shape: [Expression] = []
      for extent in try object.required("shape").array() {
        shape.append(try Self.expression(extent).scoped(by: scope))
      }
      tensors.append(
        TensorTemplate(
          pattern: try NamePattern(parsing: prefix + object.required("name").string()),
          shape: shape,
          condition: try object.optional("when").map(Self.condition(scope)),
          repetition: repetition,
          unusedReason: try object.optional("unused")?.string(),
          initial: try object.optional("initial").map(InitialValue.init)
            ?? .normal(deviation: 0.02)))
    }
  }

  /// The key has a value, and it is 0 or false.
  private static let isFalse = " is false"

  static func condition(
    _ scope: String
  ) -> (JSONReader) throws(WeightsError) -> Condition {
    { (reader) throws(WeightsError) in
      let text = try reader.string()
      if text.hasSuffix(isFalse) {
        return Condition(
          key: scope + text.dropLast(isFalse.count), negated: true, needsValue: true)
      }
      let isNegated = text.hasPrefix("!")
      return Condition(
        key: scope + (isNegated ? String(text.dropFirst()) : text), negated: isNegated)
    }
  }

  private static func axis(_ reader: JSONReader, _ prefix: String) throws(WeightsError)
    -> Axis.Source
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

  static func expression(_ reader: JSONReader) throws(WeightsError) -> Expression {
    if reader.value.integer != nil {
      return Expression(integer: try reader.integer(in: 0...Int(Int32.max)))
    }
    do { return try Expression(parsing: reader.string()) } catch {
      throw reader.failure(error.code, error.message)
    }
  }
}

extension LayoutDefinition.Key {
  init(_ reader: JSONReader, name: String, scope: String) throws(WeightsError) {
    let object = try reader.object(allowing: [
      "ask", "optional", "default", "allowed", "value", "when", "same_as", "why",
    ])
    if let condition = object.optional("when"), object.optional("value") == nil {
      throw condition.failure(.manifestSyntax, "\"when\" goes with \"value\"")
    }
    self.init(
      name: name, question: try object.optional("ask")?.string(),
      isOptional: try object.optional("optional")?.bool() ?? false,
      defaultValue: object.optional("default")?.value,
      allowed: try object.optional("allowed")?.array().map(\.value),
      derived: try object.optional("value").map { (value) throws(WeightsError) in
        LayoutDefinition.Derivation(
          value: try Self.derivation(value, scope),
          condition: try object.optional("when").map(LayoutDefinition.condition(scope)))
      },
      sameAs: try object.optional("same_as").map { (key) throws(WeightsError) in
        scope + (try key.string())
      })
  }

  private static func derivation(
    _ reader: JSONReader, _ scope: String
  ) throws(WeightsError) -> LayoutDefinition.Derivation.Value {
    guard reader.value.array != nil else {
      return .single(try LayoutDefinition.expression(reader).scoped(by: scope))
    }
    return .list(
      try reader.array().map { (item) throws(WeightsError) in
        try LayoutDefinition.expression(item).scoped(by: scope)
      })
  }
}

extension LayoutDefinition.Fact {
  init(_ reader: JSONReader, scope: String) throws(WeightsError) {
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
  init(_ reader: JSONReader, scope: String) throws(WeightsError) {
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
    condition = try object.optional("when").map(LayoutDefinition.condition(scope))
    message = try object.required("else").string()
  }

  func holds(_ left: Int, _ right: Int) -> Bool {
    switch relation {
    case .equal: left == right
    case .unequal: left != right
    case .atMost: left <= right
    case .atLeast: left >= right
    case .less: left < right
    case .more: left > right
    }
  }
}

extension InitialValue {
  init(_ reader: JSONReader) throws(WeightsError) {
    switch reader.value.string {
    case "zeros": self = .zeros
    case "ones": self = .ones
    default:
      let object = try reader.object(allowing: ["normal"])
      let deviation = try object.required("normal").number()
      guard deviation > 0, deviation <= 1 else {
        throw reader.mismatch("a standard deviation above 0 and at most 1")
      }
      self = .normal(deviation: deviation)
    }
  }
}
