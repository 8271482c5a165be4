extension JSONValue {
  /// The text of a string.
  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The value of an integer literal that fits `Int`; nil for `1.0`, `1e3` and `-0`.
  public var integer: Int? {
    if case .integer(let value) = self { Int(exactly: value) } else { nil }
  }

  /// The value of any numeric literal; nil where a double cannot hold an integer exactly.
  public var number: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(exactly: value)
    case .unsigned(let value): Double(exactly: value)
    default: nil
    }
  }

  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  public var array: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  public var object: JSONObject? {
    if case .object(let object) = self { object } else { nil }
  }
}
