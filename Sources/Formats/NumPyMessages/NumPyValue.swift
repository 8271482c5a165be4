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

/// Text keys, each once, in the order of the message.
public struct NumPyMap: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  public struct Entry: Sendable, Hashable {
    public let key: String
    public let value: NumPyValue
  }

  public private(set) var entries: [Entry] = []

  public init() {}

  /// - Precondition: no key occurs twice.
  public init(dictionaryLiteral elements: (String, NumPyValue)...) {
    for (key, value) in elements { append(key, value) }
  }

  public subscript(key: String) -> NumPyValue? { entries.first { $0.key == key }?.value }

  /// - Precondition: the key is new.
  public mutating func append(_ key: String, _ value: NumPyValue) {
    precondition(self[key] == nil, "a key occurs once")
    entries.append(Entry(key: key, value: value))
  }

  /// Takes the value of a key out.
  public mutating func remove(_ key: String) -> NumPyValue? {
    guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
    return entries.remove(at: index).value
  }
}

/// An array in C order.
public struct NumPyArray: Sendable, Hashable {
  public let dtype: NumPyType
  /// Empty for a scalar.
  public let shape: [Int]
  public let bytes: [UInt8]

  /// - Precondition: as many bytes as type and shape say.
  public init(dtype: NumPyType, shape: [Int], bytes: [UInt8]) {
    precondition(bytes.count == shape.reduce(dtype.size, *), "as many bytes as the shape says")
    (self.dtype, self.shape, self.bytes) = (dtype, shape, bytes)
  }
}

/// The type of an array's elements: what NumPy's `dtype.str` says.
public struct NumPyType: Sendable, Hashable {
  public enum Kind: Character, Sendable, Hashable {
    case bool = "b"
    case signed = "i"
    case unsigned = "u"
    case float = "f"
    /// UTF-32.
    case text = "U"
  }

  public let kind: Kind
  /// Bytes of an element.
  public let size: Int
  public let isBigEndian: Bool

  public init(_ kind: Kind, size: Int, isBigEndian: Bool = false) {
    (self.kind, self.size, self.isBigEndian) = (kind, size, isBigEndian)
  }
}
