public import DVLADiagnostics

/// A value of a document together with its path, for decoding with errors that say where.
///
///     let root = try JSONReader(StrictJSON.parse(text)).object(allowing: ["rules", "version"])
///     let version = try root.required("version").integer(in: 1...1)
///     for rule in try root.required("rules").array() {
///       let from = try rule.object(allowing: ["from", "to"]).required("from").string()
///     }
public struct JSONReader: Sendable {
  public let value: JSONValue
  let location: JSONPath

  /// - Parameter path: how messages name the value; `$`, the document, by default.
  public init(_ value: JSONValue, path: String = "$") {
    self.init(value, location: .root(path))
  }

  init(_ value: JSONValue, location: JSONPath) {
    self.value = value
    self.location = location
  }

  /// The path in words, such as `$.rules[3].from`.
  public var path: String { location.description }

  public var isNull: Bool { value == .null }

  /// - Throws: `json.type`.
  public func string() throws(WeightsError) -> String {
    guard let string = value.string else { throw mismatch("a string") }
    return string
  }

  /// - Throws: `json.type` for anything but an integer literal inside the range; `1.0`, `1e0` and
  ///   `-0` are no integer literals.
  public func integer(
    in range: ClosedRange<Int> = .min ... .max
  ) throws(WeightsError) -> Int {
    guard let integer = value.integer, range.contains(integer) else {
      throw mismatch(Self.describe(range))
    }
    return integer
  }

  /// - Throws: `json.type` for no number, and for an integer that a double cannot hold exactly.
  public func number() throws(WeightsError) -> Double {
    guard let number = value.number else {
      throw mismatch(value.isNumeric ? "a number that a double can hold" : "a number")
    }
    return number
  }

  /// - Throws: `json.type`.
  public func bool() throws(WeightsError) -> Bool {
    guard let bool = value.bool else { throw mismatch("true or false") }
    return bool
  }

  /// The elements of an array, each with its path.
  ///
  /// - Throws: `json.type`.
  public func array() throws(WeightsError) -> [JSONReader] {
    guard let elements = value.array else { throw mismatch("an array") }
    return elements.enumerated().map { index, element in
      JSONReader(element, location: .element(location, index: index))
    }
  }

  /// The elements of an array of strings. A single string counts as an array of one.
  ///
  /// - Throws: `json.type`.
  public func strings() throws(WeightsError) -> [String] {
    guard value.array != nil else { return [try string()] }
    return try array().map { (item) throws(WeightsError) in try item.string() }
  }

  /// The members of an object.
  ///
  /// - Parameter keys: the keys that may occur; nil where any may.
  /// - Throws: `json.type`; `json.unknown-key`, with every unknown key.
  public func object(
    allowing keys: Set<String>? = nil
  ) throws(WeightsError) -> JSONObjectReader {
    guard let object = value.object else { throw mismatch("an object") }
    let reader = JSONObjectReader(object, location: location)
    if let keys { try reader.refuseKeys(except: keys) }
    return reader
  }

  /// An error about this value: the path, and what is wrong with it.
  public func failure(_ code: WeightsError.Code, _ message: String) -> WeightsError {
    WeightsError(code, .malformed, "\(path): \(message)")
  }

  /// A `json.type` error: what was expected, and what the value is.
  public func mismatch(_ expected: String) -> WeightsError {
    failure(.jsonType, "expected \(expected), found \(value.summary)")
  }

  private static func describe(_ range: ClosedRange<Int>) -> String {
    switch (range.lowerBound, range.upperBound) {
    case (.min, .max): "an integer"
    case (let lower, .max): "an integer of at least \(lower)"
    case (.min, let upper): "an integer of at most \(upper)"
    case (let lower, let upper):
      lower == upper ? "the integer \(lower)" : "an integer from \(lower) to \(upper)"
    }
  }
}

/// The members of an object together with its path.
public struct JSONObjectReader: Sendable {
  public let object: JSONObject
  let location: JSONPath

  init(_ object: JSONObject, location: JSONPath) {
    self.object = object
    self.location = location
  }

  /// The path in words, such as `$.rules[3]`.
  public var path: String { location.description }

  /// - Throws: `json.missing-key`.
  public func required(_ key: String) throws(WeightsError) -> JSONReader {
    guard let member = optional(key) else {
      throw WeightsError(
        .jsonMissingKey, .malformed, "\(path): the key \(key.quoted) is missing")
    }
    return member
  }

  /// The member, or nil where there is none. A member that is null is there.
  public func optional(_ key: String) -> JSONReader? {
    object[key].map { JSONReader($0, location: .member(location, key: key)) }
  }

  /// All members in the order of the text, for objects whose keys are data.
  public var members: [(key: String, reader: JSONReader)] {
    object.members.map { key, value in
      (key, JSONReader(value, location: .member(location, key: key)))
    }
  }

  func refuseKeys(except allowed: Set<String>) throws(WeightsError) {
    let unknown = object.members.map(\.key).filter { key in
      // A set of strings finds canonically equivalent spellings too; keys are bytes.
      guard let index = allowed.firstIndex(of: key) else { return true }
      return !allowed[index].hasSameBytes(as: key)
    }
    guard let first = unknown.first else { return }
    let known =
      allowed.isEmpty
      ? "an empty object" : "only " + allowed.sorted().map(\.quoted).joined(separator: ", ")
    throw WeightsError(
      .jsonUnknownKey, .malformed, "\(path): unknown key \(first.quoted); expected \(known)",
      details: unknown.dropFirst().prefix(20).map { "\(path): unknown key \($0.quoted)" })
  }
}

/// Where a value lies in its document. The words are put together only for a message, so that
/// reading a large document builds no strings.
indirect enum JSONPath: Sendable {
  case root(String)
  case member(JSONPath, key: String)
  case element(JSONPath, index: Int)
}

extension JSONPath: CustomStringConvertible {
  var description: String {
    switch self {
    case .root(let name): name
    case .member(let parent, let key):
      Self.isPlain(key) ? "\(parent).\(key)" : "\(parent)[\(key.quoted)]"
    case .element(let parent, let index): "\(parent)[\(index)]"
    }
  }

  private static func isPlain(_ key: String) -> Bool {
    !key.isEmpty && key.utf8.count <= 64
      && key.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
