import DVLADiagnostics

/// A JSON value as the text spells it: an integer literal stays an integer, `1.0` a number.
///
/// Two values are equal when they are of the same case and hold the same thing; strings and keys
/// compare by their UTF-8 bytes, not by canonical equivalence as Swift's `String` does.
public enum JSONValue: Sendable {
  case null
  case bool(Bool)
  /// A literal without fraction and exponent that fits 64 bits with a sign.
  case integer(Int64)
  /// An integer literal above `Int64.max`.
  case unsigned(UInt64)
  /// A literal with fraction or exponent, and `-0`, whose sign an integer would lose.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

extension JSONValue: Equatable {
  public static func == (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.unsigned(let a), .unsigned(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): a.hasSameBytes(as: b)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    default: false
    }
  }
}

extension JSONValue {
  /// What the value is, for the "found" half of a message: `the integer 3`, `an array`.
  var summary: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "the integer \(value)"
    case .unsigned(let value): "the integer \(value)"
    case .number(let value): "the number \(value)"
    case .string(let value): "the string \(value.quoted)"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONValue {
  /// The text of a string.
  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The value of an integer literal that fits `Int`; nil for `1.0`, `1e3` and `-0`.
  public var integer: Int? {
    if case .integer(let value) = self { Int(exactly: value) } else { nil }
  }

  /// Whether the value is a numeric literal of any kind.
  var isNumeric: Bool {
    switch self {
    case .integer, .unsigned, .number: true
    case .null, .bool, .string, .array, .object: false
    }
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

extension JSONValue {
  /// The value as JSON text, written by json-c: members in their order, doubles as the shortest
  /// decimal that reads back as the same double, text outside ASCII unescaped. The same value
  /// always gives the same text, and parsing it gives the value again, but for NaN and the
  /// infinities, which JSON lacks: they are written as `null`, as ECMAScript does.
  ///
  /// - Parameter pretty: one member or element a line, indented by two spaces.
  /// - Precondition: no key holds NUL, and the text stays under 2 GiB even if every byte of its
  ///   strings is escaped.
  public func encoded(pretty: Bool = false) -> String {
    JSONCWriter.encode(self, pretty: pretty)
  }
}

extension JSONValue: ExpressibleByNilLiteral {
  public init(nilLiteral: ()) { self = .null }
}

extension JSONValue: ExpressibleByBooleanLiteral {
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSONValue: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension JSONValue: ExpressibleByFloatLiteral {
  public init(floatLiteral value: Double) { self = .number(value) }
}

extension JSONValue: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self = .string(value) }
}

extension JSONValue: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral members: (String, JSONValue)...) {
    self = .object(JSONObject(members))
  }
}
