public import DVLADiagnostics
public import DVLAJSON

/// What became of one key of a document beside the weights.
public enum KeyFate: Sendable, Hashable {
  /// It was read. The text is what it became, such as a configuration key.
  case used(String)
  /// No result depends on it. The text is the reason.
  case neutral(String)
  /// It has a value that is supported. Others are refused.
  case fixed
  /// The toolkit does not know it.
  case unknown
}

/// One key of a document, and what became of it.
public struct KeyEntry: Sendable, Hashable {
  /// The path of keys and positions in the document, such as `text_config.rope_theta` or
  /// `steps[2].config`.
  public let key: String
  /// The value as JSON, cut to ``valueLength`` characters.
  public let value: String
  public let fate: KeyFate

  public static let valueLength = 80

  public init(key: String, value: JSONValue, fate: KeyFate) {
    self.init(key: key, value: Self.shortened(value), fate: fate)
  }

  init(key: String, value: String, fate: KeyFate) {
    self.key = key
    self.value = value
    self.fate = fate
  }

  static func shortened(_ value: JSONValue) -> String {
    let scalars = value.encoded().unicodeScalars
    guard scalars.count > valueLength else { return String(scalars) }
    return String(String.UnicodeScalarView(scalars.prefix(valueLength - 1))) + "…"
  }
}

/// Every key of one document beside the weights, in the order of the document. Keys that are read
/// together follow the others of their object.
public struct KeyAccount: Sendable, Hashable {
  /// The document's name beside the weights, such as `config.json`.
  public let document: String
  public private(set) var entries: [KeyEntry]

  /// The largest number of keys, which is more than any library writes.
  public static let entryLimit = 20_000

  public init(document: String, entries: [KeyEntry] = []) {
    self.document = document
    self.entries = entries
  }

  /// The keys that the toolkit does not know.
  public var unknown: [KeyEntry] { entries.filter { $0.fate == .unknown } }

  /// - Throws: `document.too-many-keys`.
  public mutating func add(
    _ key: String, _ value: JSONValue, _ fate: KeyFate
  ) throws(WeightsError) {
    guard entries.count < Self.entryLimit else {
      throw WeightsError(
        .documentTooManyKeys,
        "\(document) has more than \(Self.entryLimit) keys, more than any supported library writes")
    }
    entries.append(KeyEntry(key: key, value: value, fate: fate))
  }
}

extension KeyAccount {
  /// The account as a bundle stores it.
  public var json: JSONValue {
    .object(
      JSONObject([
        ("document", .string(document)), ("keys", .array(entries.map(\.json))),
      ]))
  }

  /// - Throws: `json.*` for what ``json`` does not write.
  public init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: ["document", "keys"])
    document = try object.required("document").string()
    entries = []
    for entry in try object.required("keys").array() { entries.append(try KeyEntry(entry)) }
  }
}

extension KeyEntry {
  var json: JSONValue {
    let fate: (String, JSONValue) =
      switch fate {
      case .used(let what): ("used", .string(what))
      case .neutral(let reason): ("neutral", .string(reason))
      case .fixed: ("fixed", true)
      case .unknown: ("unknown", true)
      }
    return .object(JSONObject([("key", .string(key)), ("value", .string(value)), fate]))
  }

  /// - Throws: `json.*` for what ``json`` does not write.
  init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: [
      "key", "value", "used", "neutral", "fixed", "unknown",
    ])
    let fate: KeyFate
    if let what = object.optional("used") {
      fate = .used(try what.string())
    } else if let reason = object.optional("neutral") {
      fate = .neutral(try reason.string())
    } else if object.optional("fixed") != nil {
      fate = .fixed
    } else {
      _ = try object.required("unknown")
      fate = .unknown
    }
    self.init(
      key: try object.required("key").string(), value: try object.required("value").string(),
      fate: fate)
  }
}

extension WeightsError.Code {
  /// A document has more keys than any library writes.
  public static let documentTooManyKeys = Self("document.too-many-keys")
  /// A key has a value that is not supported.
  public static let documentSetting = Self("document.setting")
  /// A document has a key that the toolkit does not know, where that is not allowed.
  public static let documentUnknownKey = Self("document.unknown-key")
}
