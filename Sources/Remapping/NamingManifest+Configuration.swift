public import StrictJSON

extension NamingManifest {
  /// What a config.json says, under the layout's keys: the template read backwards. Absent and
  /// null members say nothing.
  public func statedConfiguration(in config: JSONValue) -> Configuration {
    var result = Configuration()
    func visit(_ template: JSONValue, _ value: JSONValue?) {
      guard let value, value != .null else { return }
      if let key = template.templateKey {
        result.set(key, value, origin: "config.json")
      } else if let members = template.object?.members {
        for (name, inner) in members { visit(inner, value.object?[name]) }
      }
    }
    if let configTemplate { visit(configTemplate, config) }
    return result
  }

  /// The config.json that this naming's library reads for a configuration, or nil where it has
  /// none. Members whose key has no value are left out.
  public func configDocument(for configuration: Configuration) -> JSONValue? {
    func fill(_ template: JSONValue) -> JSONValue? {
      if let key = template.templateKey { return configuration[key] }
      if let items = template.array { return .array(items.compactMap(fill)) }
      guard let members = template.object?.members else { return template }
      return .object(
        JSONObject(members.compactMap { name, inner in fill(inner).map { (name, $0) } }))
    }
    return configTemplate.flatMap(fill)
  }
}

extension JSONValue {
  /// The configuration key of a template member `"$key"`.
  fileprivate var templateKey: String? {
    guard let string, string.hasPrefix("$") else { return nil }
    return String(string.dropFirst())
  }
}
