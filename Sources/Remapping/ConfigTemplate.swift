import Diagnostics
import StrictJSON

/// A naming's config.json as a template that works in two directions.
///
/// `"$key"` reads and writes the configuration key; `{"$write": "key"}` only writes it;
/// `{"$when": "axis", "then": X, "else": Y}` is one or the other; `{"$null": {"key": value}, "then":
/// X}` is X, or null where the key has the value; `"$dtype"` is written as the name of the main
/// dtype. Everything else is literal.
struct ConfigTemplate: Sendable {
  let template: JSONValue
  /// Other places where versions of the library keep the same keys; read only.
  let alsoRead: JSONValue?
  /// What the library takes where config.json leaves the key out.
  let absent: [(key: String, value: JSONValue)]

  /// The origin of a value that config.json leaves to the library; the user may say otherwise.
  static let libraryDefault = "the library's default, as config.json leaves it out"

  init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: ["file", "template", "also_read", "absent"])
    template = try object.required("template").value
    alsoRead = object.optional("also_read")?.value
    absent = try object.optional("absent")?.object().members.map { ($0.key, $0.reader.value) } ?? []
  }

  /// Every configuration key that the template speaks of.
  var keys: Set<String> {
    func keys(_ value: JSONValue) -> Set<String> {
      if let key = value.templateKey { return key == "dtype" ? [] : [key] }
      if let key = value.writtenKey { return [key] }
      if let null = value.nullSetting { return keys(null.otherwise).union([null.key]) }
      if let branches = value.conditional {
        let inner = [branches.then, branches.otherwise].compactMap(\.self).flatMap(keys)
        return Set(inner + [branches.key])
      }
      return Set((value.array ?? value.object?.members.map(\.value) ?? []).flatMap(keys))
    }
    return keys(template).union(alsoRead.map(keys) ?? []).union(absent.map(\.key))
  }

  /// What a config.json says, under the layout's keys. Absent and null members say nothing.
  ///
  /// - Parameter axes: what the tensors show, which decides between the branches of a `$when`.
  /// - Throws: `remap.contradiction` when two members say different things of one key, or a
  ///   `model_type` is another than the template's.
  func read(_ config: JSONValue, axes: Configuration) throws(WeightsError) -> Configuration {
    var visit = ConfigReading(axes: axes)
    try visit.visit(template, config, path: "")
    if let alsoRead { try visit.visit(alsoRead, config, path: "") }
    for (key, value) in absent where visit.result[key] == nil {
      visit.result.set(key, value, origin: Self.libraryDefault)
    }
    return visit.result
  }

  /// The document for a configuration. Members whose key has no value are left out.
  func document(for configuration: Configuration, dtype: String) -> JSONValue {
    func fill(_ template: JSONValue) -> JSONValue? {
      if let key = template.templateKey {
        return key == "dtype" ? .string(dtype) : configuration[key]
      }
      if let null = template.nullSetting {
        return configuration[null.key] == null.value ? .null : fill(null.otherwise)
      }
      if let branches = template.conditional {
        return branches.chosen(in: configuration).flatMap(fill)
      }
      if let key = template.writtenKey { return configuration[key] }
      if let items = template.array { return .array(items.compactMap(fill)) }
      guard let members = template.object?.members else { return template }
      return .object(
        JSONObject(members.compactMap { name, inner in fill(inner).map { (name, $0) } }))
    }
    return fill(template) ?? .object(JSONObject())
  }
}

/// One reading of a config.json.
private struct ConfigReading {
  let axes: Configuration
  var result = Configuration()

  init(axes: Configuration) { self.axes = axes }

  mutating func visit(
    _ template: JSONValue, _ value: JSONValue?, path: String, isChosen: Bool = false
  ) throws(WeightsError) {
    if let null = template.nullSetting, let value {
      guard value == .null else { return try visit(null.otherwise, value, path: path) }
      return try take(null.key, null.value, path)
    }
    guard let value, value != .null else { return }
    if let key = template.templateKey {
      try take(key, value, path)
    } else if template.writtenKey != nil {
      return
    } else if let branches = template.conditional {
      guard let branch = branches.chosen(in: axes) else { return }
      try visit(branch, value, path: path, isChosen: true)
    } else if let items = template.array {
      for (index, item) in items.enumerated() {
        guard let elements = value.array, elements.indices.contains(index) else { return }
        try visit(item, elements[index], path: "\(path)[\(index)]")
      }
    } else if let members = template.object?.members {
      for (name, inner) in members {
        try visit(inner, value.object?[name], path: path.isEmpty ? name : path + "." + name)
      }
    } else if template != value, path.hasSuffix(".model_type") || (path == "model_type" && isChosen)
    {
      // The plain root model_type may be one of several: the manifest's model_types hold those.
      throw WeightsError(
        .remapContradiction,
        "config.json says \(path) is \(value.excerpt), expected \(template.excerpt)")
    }
  }

  private mutating func take(
    _ key: String, _ value: JSONValue, _ path: String
  ) throws(WeightsError) {
    guard key != "dtype" else { return }
    if let known = result[key], !known.isSameSetting(as: value) {
      throw WeightsError(
        .remapContradiction,
        "config.json says \(path) is \(value.excerpt), and \(known.excerpt) elsewhere")
    }
    result.set(key, value, origin: "config.json")
  }
}

/// Two templates of which the value of an axis chooses one.
private struct ConditionalTemplate {
  let key: String
  let isNegated: Bool
  let then: JSONValue?
  let otherwise: JSONValue?

  /// Nil too where the axis has no value.
  func chosen(in configuration: Configuration) -> JSONValue? {
    guard let value = configuration.integer(key) else { return nil }
    return (value != 0) != isNegated ? then : otherwise
  }
}

extension JSONValue {
  /// The configuration key of a template member `"$key"`.
  fileprivate var templateKey: String? {
    guard let string, string.hasPrefix("$") else { return nil }
    return String(string.dropFirst())
  }

  /// The key of `{"$write": "key"}`.
  fileprivate var writtenKey: String? { object?["$write"]?.string }

  /// What null means: a key with a value; and the template of all else.
  fileprivate var nullSetting: (key: String, value: JSONValue, otherwise: JSONValue)? {
    guard let object, let setting = object["$null"]?.object?.members.first,
      let otherwise = object["then"]
    else { return nil }
    return (setting.key, setting.value, otherwise)
  }

  fileprivate var conditional: ConditionalTemplate? {
    guard let object, let key = object["$when"]?.string else { return nil }
    let isNegated = key.hasPrefix("!")
    return ConditionalTemplate(
      key: isNegated ? String(key.dropFirst()) : key, isNegated: isNegated,
      then: object["then"], otherwise: object["else"])
  }
}
