import Diagnostics
import StrictJSON

/// A naming's config.json as a template that works in two directions.
///
/// `"$key"` reads and writes the configuration key; `{"$write": "key"}` only writes it;
/// `{"$when": "axis", "then": X, "else": Y}` is one or the other; `"$dtype"` is written as the
/// name of the main dtype. Everything else is literal.
struct ConfigTemplate: Sendable {
  let template: JSONValue
  /// Other places where versions of the library keep the same keys; read only.
  let alsoRead: JSONValue?
  /// What the library takes where config.json leaves the key out.
  let absent: [(key: String, value: JSONValue)]

  init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: ["file", "template", "also_read", "absent"])
    template = try object.required("template").value
    alsoRead = object.optional("also_read")?.value
    absent = try object.optional("absent")?.object().members.map { ($0.key, $0.reader.value) } ?? []
  }

  /// What a config.json says, under the layout's keys. Absent and null members say nothing.
  ///
  /// - Throws: `remap.contradiction` when two members say different things of one key, or a
  ///   `model_type` is another than the template's.
  func read(_ config: JSONValue) throws(WeightsError) -> Configuration {
    var result = Configuration()
    try visit(template, config, path: "", &result)
    if let alsoRead { try visit(alsoRead, config, path: "", &result) }
    for (key, value) in absent where result[key] == nil {
      result.set(key, value, origin: "the library's default, as config.json leaves it out")
    }
    return result
  }

  private func visit(
    _ template: JSONValue, _ value: JSONValue?, path: String, _ result: inout Configuration
  ) throws(WeightsError) {
    guard let value, value != .null else { return }
    if let key = template.templateKey {
      guard key != "dtype" else { return }
      if let known = result[key], !known.isSameSetting(as: value) {
        throw WeightsError(
          .remapContradiction,
          "config.json says \(path) is \(value.encoded()), and \(known.encoded()) elsewhere")
      }
      result.set(key, value, origin: "config.json")
    } else if let branches = template.conditional {
      for branch in [branches.then, branches.otherwise] {
        if let branch { try visit(branch, value, path: path, &result) }
      }
    } else if let members = template.object?.members {
      guard !members.contains(where: { $0.key == "$write" }) else { return }
      for (name, inner) in members {
        try visit(
          inner, value.object?[name], path: path.isEmpty ? name : path + "." + name, &result)
      }
    } else if path == "model_type" || path.hasSuffix(".model_type"), path.contains("."),
      template != value
    {
      throw WeightsError(
        .remapContradiction,
        "config.json says \(path) is \(value.encoded()), expected \(template.encoded())")
    }
  }

  /// The document for a configuration. Members whose key has no value are left out.
  func document(for configuration: Configuration, dtype: String) -> JSONValue {
    func fill(_ template: JSONValue) -> JSONValue? {
      if let key = template.templateKey {
        return key == "dtype" ? .string(dtype) : configuration[key]
      }
      if let branches = template.conditional {
        let isZero = (configuration.integer(branches.key) ?? 0) == 0
        return (isZero == branches.negated ? branches.then : branches.otherwise).flatMap(fill)
      }
      if let items = template.array { return .array(items.compactMap(fill)) }
      guard let members = template.object?.members else { return template }
      if let key = members.first(where: { $0.key == "$write" })?.value.string {
        return configuration[key]
      }
      return .object(
        JSONObject(members.compactMap { name, inner in fill(inner).map { (name, $0) } }))
    }
    return fill(template) ?? .object(JSONObject())
  }
}

extension JSONValue {
  /// The configuration key of a template member `"$key"`.
  fileprivate var templateKey: String? {
    guard let string, string.hasPrefix("$") else { return nil }
    return String(string.dropFirst())
  }

  fileprivate var conditional:
    (key: String, negated: Bool, then: JSONValue?, otherwise: JSONValue?)?
  {
    guard let object, let key = object["$when"]?.string else { return nil }
    let isNegated = key.hasPrefix("!")
    return (
      isNegated ? String(key.dropFirst()) : key, isNegated, object["then"], object["else"]
    )
  }
}
