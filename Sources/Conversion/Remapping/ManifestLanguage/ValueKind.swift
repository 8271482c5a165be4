import DVLAJSON

/// The kind of value that a configuration key must have.
enum ValueKind: Sendable {
  /// A whole number that is not negative.
  case whole
  case number
  case flag
  case text
  case list
  case any

  static func like(_ example: JSONValue) -> ValueKind {
    switch example {
    case .bool: .flag
    case .integer, .unsigned, .number: .number
    case .string: .text
    case .array: .list
    case .null, .object: .any
    }
  }

  func fits(_ value: JSONValue) -> Bool {
    switch self {
    case .whole: value.bool == nil && value.wholeNumber.map { $0 >= 0 } ?? false
    case .number: value.number?.isFinite ?? false
    case .flag: value.bool != nil || value.integer == 0 || value.integer == 1
    case .text: value.string != nil
    case .list: value.array != nil
    case .any: true
    }
  }

  var words: String {
    switch self {
    case .whole: "a whole number"
    case .number: "a number"
    case .flag: "true or false"
    case .text: "a string"
    case .list: "an array"
    case .any: "a value"
    }
  }
}

extension JSONValue {
  /// The number if it is whole, also where it is written as `1.0`.
  var wholeNumber: Int? { integer ?? number.flatMap(Int.init(exactly:)) }
}

extension LayoutDefinition {
  /// The kind of value of each key, where the manifests imply one: by the expressions that use the
  /// key, its default, or its values in published variants.
  func kindsOfKeys() -> [String: ValueKind] {
    var kinds: [String: ValueKind] = [:]
    for key in keys {
      if let example = key.defaultValue ?? key.allowed?.first { kinds[key.name] = .like(example) }
      if case .list = key.derived?.value { kinds[key.name] = .list }
    }
    for (key, value) in facts.flatMap({ $0.conditions + $0.settings }) where kinds[key] == nil {
      kinds[key] = .like(value)
    }
    for key in expressions.flatMap(\.names) { kinds[key] = .whole }
    for axis in axes {
      if case .present = axis.source { kinds[axis.key] = .flag } else { kinds[axis.key] = .whole }
    }
    return kinds
  }
}
