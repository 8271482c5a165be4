import DVLAAccounting
import DVLADiagnostics
import DVLAJSON

/// A naming's config.json as a template that works in two directions.
///
/// - `"$key"` reads and writes the configuration key.
/// - `{"$write": "key"}` only writes it.
/// - `{"$when": "axis", "then": X, "else": Y}` is X where the axis is non-zero, and otherwise Y.
/// - `{"$null": {"key": value}, "then": X}` is null where the key has the value, and otherwise X.
/// - `"$dtype"` is written as the name of the main dtype.
///
/// Everything else is literal.
struct ConfigTemplate: Sendable {
  let template: JSONValue
  /// Other places where versions of the library keep the same keys; read only.
  let alsoRead: JSONValue?
  /// The values that the library uses where config.json omits the key.
  let absent: [(key: String, value: JSONValue)]

  init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: ["file", "template", "also_read", "absent"])
    template = try object.required("template").value
    alsoRead = object.optional("also_read")?.value
    absent = try object.optional("absent")?.object().members.map { ($0.key, $0.reader.value) } ?? []
  }

  /// Every configuration key that the template uses.
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

  /// The keys of such a document, for a naming without a table of its own in `Manifests/documents`.
  var keyTable: KeyTable {
    KeyTable(
      name: "config.json", about: "config.json of a naming",
      keys: Self.keys(of: [template, alsoRead].compactMap(\.self)), absent: absent)
  }

  private static func keys(of templates: [JSONValue]) -> [String: KeyTable.TemplateKey] {
    var keys: [String: KeyTable.TemplateKey] = [:]
    for template in templates {
      for (name, inner) in template.object?.members ?? [] {
        guard let key = self.key(of: inner) else { continue }
        keys[name] = keys[name].map { $0.merged(with: key) } ?? key
      }
    }
    return keys
  }

  private static func key(of template: JSONValue) -> KeyTable.TemplateKey? {
    if let key = template.templateKey {
      return key == "dtype"
        ? .neutral("the type of the weights, which the tensors have themselves") : .sets(key)
    }
    if template.writtenKey != nil || template.nullSetting != nil {
      return .neutral("follows from the tensors")
    }
    if let branches = template.conditional {
      return [branches.then, branches.otherwise].compactMap(\.self).lazy.compactMap(key).first
    }
    if template.object != nil { return .object(keys(of: [template])) }
    return .neutral("written by the library, and not read here")
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

/// Two templates, one of which the value of an axis selects.
private struct ConditionalTemplate {
  let key: String
  let isNegated: Bool
  let then: JSONValue?
  let otherwise: JSONValue?

  /// The selected template; nil also where the axis has no value.
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

  /// The key and value that null means, and the template for every other value.
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
