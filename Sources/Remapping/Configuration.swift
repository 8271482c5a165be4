public import StrictJSON

/// The numbers and words a model needs beside its weights, under dotted keys such as
/// `encoder.num_attention_heads`, with where each was learnt.
public struct Configuration: Sendable, Equatable {
  /// Keys in the order of the layout definition.
  public private(set) var keys: [String] = []
  private var values: [String: JSONValue] = [:]
  private var origins: [String: String] = [:]

  public init() {}

  public subscript(key: String) -> JSONValue? { values[key] }

  /// Where the value was learnt: the shape of a tensor, config.json, a published variant.
  public func origin(of key: String) -> String? { origins[key] }

  /// A whole number, with true and false as 1 and 0; nil where the key has none.
  public func integer(_ key: String) -> Int? {
    guard let value = values[key] else { return nil }
    if let flag = value.bool { return flag ? 1 : 0 }
    return value.wholeNumber
  }

  /// Gives a key its value; the first setting decides its place in ``keys``.
  public mutating func set(_ key: String, _ value: JSONValue, origin: String) {
    if values.updateValue(value, forKey: key) == nil { keys.append(key) }
    origins[key] = origin
  }

  /// The keys in another order; those not named keep theirs, after them.
  mutating func sort(like order: [String]) {
    let known = Set(order)
    keys = order.filter { values[$0] != nil } + keys.filter { !known.contains($0) }
  }

  /// The values of one scope under another: a scope is empty or ends with a dot. Any other text is
  /// one key.
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
    Self.nest(keys.map { ($0.split(separator: ".").map(String.init), $0) }, values)
  }

  private static func nest(
    _ entries: [(path: [String], key: String)], _ values: [String: JSONValue]
  ) -> JSONValue {
    var members: [(String, JSONValue)] = []
    var seen: Set<String> = []
    for (path, key) in entries {
      guard let head = path.first, seen.insert(head).inserted else { continue }
      if path.count == 1 {
        members.append((head, values[key] ?? .null))
      } else {
        let inner = entries.filter { $0.path.first == head && $0.path.count > 1 }
          .map { (Array($0.path.dropFirst()), $0.key) }
        members.append((head, nest(inner, values)))
      }
    }
    return .object(JSONObject(members))
  }

  /// A configuration from the nested object that ``json`` writes.
  public init(json: JSONValue, origin: String) {
    func visit(_ value: JSONValue, _ prefix: String, _ result: inout Configuration) {
      guard let object = value.object else {
        result.set(prefix, value, origin: origin)
        return
      }
      for (key, inner) in object.members {
        visit(inner, prefix.isEmpty ? key : prefix + "." + key, &result)
      }
    }
    if json.object != nil { visit(json, "", &self) }
  }
}

extension JSONValue {
  /// Equal as configuration values: 1 and 1.0 and true are the same number.
  func isSameSetting(as other: JSONValue) -> Bool {
    if let a = settingNumber, let b = other.settingNumber { return a == b }
    if let a = array, let b = other.array {
      return a.count == b.count && zip(a, b).allSatisfy { $0.isSameSetting(as: $1) }
    }
    return self == other
  }

  private var settingNumber: Double? {
    if let flag = bool { return flag ? 1 : 0 }
    return number
  }
}
