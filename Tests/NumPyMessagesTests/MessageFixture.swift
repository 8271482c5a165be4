import DVLAJSON
import DVLANumPyMessages
import DVLATestSupport
import Testing

/// A message of Fixtures/messages, which Fixtures/generate/messages.py writes with openpi-client.
struct MessageFixture: Sendable, CustomStringConvertible {
  let name: String
  let message: [UInt8]
  let json: JSONValue

  var description: String { name }

  static func load(_ file: String) throws -> [MessageFixture] {
    let document = try StrictJSON.parse(FixtureFolder.bytes("messages/" + file))
    return try #require(document.array).map { json in
      MessageFixture(
        name: try #require(json.object?["name"]?.string),
        message: try bytes(json.object?["message"]), json: json)
    }
  }

  subscript(key: String) -> JSONValue? { json.object?[key] }

  /// Hexadecimal bytes, each run with how often it is repeated.
  private static func bytes(_ parts: JSONValue?) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for part in try #require(parts?.array) {
      let digits = Array(try #require(part.array?.first?.string).utf8)
      let run = try stride(from: 0, to: digits.count, by: 2).map {
        try #require(UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16))
      }
      let count = try #require(part.array?.last?.integer)
      for _ in 0..<count { bytes += run }
    }
    return bytes
  }

  /// What `described` of the script wrote.
  static func value(_ json: JSONValue?) throws -> NumPyValue {
    let (kind, content) = try #require(json?.object?.members.first)
    switch kind {
    case "null": return .null
    case "bool": return .bool(content == true)
    case "integer":
      let digits = try #require(content.string)
      return try Int64(digits).map { .integer($0) } ?? .unsigned(#require(UInt64(digits)))
    case "bits":
      let digits = try #require(content.string)
      return .number(Double(bitPattern: try #require(UInt64(digits, radix: 16))))
    case "text": return .text(try #require(content.string))
    case "repeated":
      let parts = try #require(content.array)
      return .text(
        String(repeating: try #require(parts[0].string), count: try #require(parts[1].integer)))
    case "bytes": return .bytes(try bytes(content))
    case "list": return .list(try #require(content.array).map { try value($0) })
    case "map":
      var map = NumPyMap()
      for pair in try #require(content.array) {
        let parts = try #require(pair.array)
        map.append(try #require(parts[0].string), try value(parts[1]))
      }
      return .map(map)
    case "array":
      let members = try #require(content.object)
      return .array(
        NumPyArray(
          dtype: try type(try #require(members["dtype"]?.string)),
          shape: try #require(members["shape"]?.array).map { try #require($0.integer) },
          bytes: try bytes(members["bytes"])))
    default: throw FixtureError.kind(kind)
    }
  }

  /// NumPy's `dtype.str`.
  private static func type(_ text: String) throws -> NumPyType {
    let letters = Array(text)
    let number = try #require(Int(String(letters[2...])))
    let kind = try #require(NumPyType.Kind(rawValue: letters[1]))
    return NumPyType(
      kind, size: kind == .text ? 4 * number : number, isBigEndian: letters[0] == ">")
  }

  enum FixtureError: Error { case kind(String) }
}

/// Equality in which a NaN is equal to the same NaN, and 0 is not -0.
func areSame(_ a: NumPyValue, _ b: NumPyValue) -> Bool {
  switch (a, b) {
  case (.number(let a), .number(let b)): a.bitPattern == b.bitPattern
  case (.list(let a), .list(let b)):
    a.count == b.count && zip(a, b).allSatisfy { areSame($0, $1) }
  case (.map(let a), .map(let b)):
    a.entries.count == b.entries.count
      && zip(a.entries, b.entries).allSatisfy {
        $0.key.utf8.elementsEqual($1.key.utf8) && areSame($0.value, $1.value)
      }
  default: a == b
  }
}
