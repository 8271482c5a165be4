import DVLAJSON

extension LayoutDefinition {
  /// Every key of the configuration, those that shapes show first.
  var knownKeys: [String] {
    let shown = axes.map(\.key)
    return shown + keys.map(\.name).filter { !shown.contains($0) }
  }

  /// What kind of value each key takes, where the manifests show it: by what reads the key, by its
  /// default, or by what the published variants say.
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

  /// Every expression of the layout.
  var expressions: [Expression] {
    tensors.flatMap { $0.shape + ($0.repetition.map { [$0.count] } ?? []) }
      + checks.flatMap { [$0.left, $0.right] }
      + keys.flatMap { key -> [Expression] in
        switch key.derived?.value {
        case .single(let expression): [expression]
        case .list(let expressions): expressions
        case nil: []
        }
      }
  }
}

/// What a configuration value must be.
enum ValueKind: Sendable {
  /// Not negative, without fraction.
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
  /// The number, where it is whole however it is spelt.
  var wholeNumber: Int? { integer ?? number.flatMap(Int.init(exactly:)) }
}
