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
