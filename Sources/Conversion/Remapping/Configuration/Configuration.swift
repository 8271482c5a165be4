public import DVLADiagnostics
public import DVLAJSON

/// The numbers and words that a model needs beside its weights, under dotted keys such as
/// `encoder.num_attention_heads`, each with its origin.
public struct Configuration: Sendable, Equatable {
  /// Keys in the order of the layout definition.
  public private(set) var keys: [String] = []
  private var values: [String: JSONValue] = [:]
  private var origins: [String: String] = [:]

  public init() {}

  public subscript(key: String) -> JSONValue? { values[key] }

  /// Where the value comes from: the shape of a tensor, config.json, a published variant.
  public func origin(of key: String) -> String? { origins[key] }

  /// The value as a whole number, true and false being 1 and 0; nil where the key has no such
  /// value.
  public func integer(_ key: String) -> Int? {
    guard let value = values[key] else { return nil }
    if let flag = value.bool { return flag ? 1 : 0 }
    return value.wholeNumber
  }

  /// Sets the value of a key, whose position in ``keys`` is that of its first setting.
  public mutating func set(_ key: String, _ value: JSONValue, origin: String) {
    if values.updateValue(value, forKey: key) == nil { keys.append(key) }
    origins[key] = origin
  }

  /// Sorts the keys as in `order`; keys that are not in it follow in their own order.
  mutating func sort(like order: [String]) {
    let known = Set(order)
    keys = order.filter { values[$0] != nil } + keys.filter { !known.contains($0) }
  }

  /// The values of one scope, moved to another. A scope is empty or ends with a dot; any other text
  /// is one key.
  func moved(from prefix: String, to replacement: String) -> Configuration {
    let isScope = prefix.isEmpty || prefix.hasSuffix(".")
    var result = Configuration()
    for key in keys where isScope ? key.hasPrefix(prefix) : key == prefix {
      if let value = values[key] {
        result.set(
          replacement + key.dropFirst(prefix.count), value, origin: origins[key] ?? "")
      }
    }
    return result
  }

  /// One JSON object, scopes as nested objects.
  public var json: JSONValue {
    Self.nest(keys.map { ($0[...], values[$0] ?? .null) })
  }

  private static func nest(_ entries: [(path: Substring, value: JSONValue)]) -> JSONValue {
    var order: [Substring] = []
    var groups: [Substring: [(path: Substring, value: JSONValue)]] = [:]
    for (path, value) in entries {
      let head = path.prefix { $0 != "." }
      if groups[head] == nil { order.append(head) }
      groups[head, default: []].append((path.dropFirst(head.count + 1), value))
    }
    return .object(
      JSONObject(
        order.map { head in
          let group = groups[head] ?? []
          let isLeaf = group.first?.path.isEmpty ?? true
          return (
            String(head),
            isLeaf
              ? group.first?.value ?? .null
              : nest(group.filter { !$0.path.isEmpty })
          )
        }))
  }

  /// A configuration from the nested object that ``json`` writes.
  ///
  /// - Throws: `remap.configuration` for what ``json`` does not write: anything but an object, and
  ///   keys that are empty or contain a dot, which would nest as deep as they are long.
  public init(json: JSONValue, origin: String) throws(WeightsError) {
    func visit(
      _ object: JSONObject, _ prefix: String, _ result: inout Configuration
    ) throws(WeightsError) {
      for (key, inner) in object.members {
        guard !key.isEmpty, !key.utf8.contains(UInt8(ascii: ".")) else {
          throw WeightsError(
            .remapConfiguration, "expected configuration keys without dots, found \(key.quoted)")
        }
        if let inner = inner.object {
          try visit(inner, prefix + key + ".", &result)
        } else {
          result.set(prefix + key, inner, origin: origin)
        }
      }
    }
    guard let object = json.object else {
      throw WeightsError(.remapConfiguration, "the configuration must be a JSON object")
    }
    try visit(object, "", &self)
  }
}

extension JSONValue {
  /// The value as text for a message, shortened, since a value from a file may have megabytes.
  var excerpt: String { encoded().escapedForTerminal }
}
