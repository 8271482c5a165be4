/// A value of a message in which Python programs send NumPy arrays: msgpack, with arrays as
/// openpi-client's `msgpack_numpy` packs them.
public enum NumPyValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int64)
  /// A whole number above the greatest of 64 bits with a sign.
  case unsigned(UInt64)
  case number(Double)
  case text(String)
  case bytes([UInt8])
  case list([NumPyValue])
  case map(NumPyMap)
  /// A scalar of NumPy is an array without extents.
  case array(NumPyArray)
}

/// Text keys, each once, in the order of the message. Keys are equal when their UTF-8 is.
public struct NumPyMap: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  public struct Entry: Sendable, Hashable {
    public let key: String
    public let value: NumPyValue
  }

  public private(set) var entries: [Entry] = []

  public init() {}

  /// - Precondition: no key occurs twice.
  init(entries: [Entry]) { self.entries = entries }

  /// - Precondition: no key occurs twice.
  public init(dictionaryLiteral elements: (String, NumPyValue)...) {
    for (key, value) in elements { append(key, value) }
  }

  public subscript(key: String) -> NumPyValue? { index(of: key).map { entries[$0].value } }

  /// - Precondition: the key is new.
  public mutating func append(_ key: String, _ value: NumPyValue) {
    precondition(self[key] == nil, "a key occurs once")
    entries.append(Entry(key: key, value: value))
  }

  /// Takes the value of a key out.
  public mutating func remove(_ key: String) -> NumPyValue? {
    index(of: key).map { entries.remove(at: $0).value }
  }

  private func index(of key: String) -> Int? {
    entries.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
  }
}
