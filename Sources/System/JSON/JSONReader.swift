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
    guard let number = value.number else { throw mismatch("a number that a double can hold") }
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
