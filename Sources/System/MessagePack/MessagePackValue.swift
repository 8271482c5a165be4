import DVLADiagnostics

/// A value of a message, and where it begins there.
public struct MessagePackValue: Sendable, Hashable {
  public enum Content: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A whole number above the greatest of 64 bits with a sign.
    case unsigned(UInt64)
    case number(Double)
    case text(String)
    /// Where the bytes are in the message: nothing of them is copied.
    case bytes(Range<Int>)
    case list([MessagePackValue])
    /// The pairs in the order of the message, each key once.
    case map([Entry])
  }

  /// A pair of a map.
  public struct Entry: Sendable, Hashable {
    public let key: MessagePackKey
    public let value: MessagePackValue
  }

  /// The offset of its first byte in the message.
  public let offset: Int
  public let content: Content
}

/// A key of a map. Text is never equal to bytes, and is equal to other text if its UTF-8 is.
public enum MessagePackKey: Sendable, Hashable {
  case text(String)
  case bytes([UInt8])

  public static func == (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.text(let a), .text(let b)): a.utf8.elementsEqual(b.utf8)
    case (.bytes(let a), .bytes(let b)): a == b
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .text(let text):
      hasher.combine(true)
      for byte in text.utf8 { hasher.combine(byte) }
    case .bytes(let bytes):
      hasher.combine(false)
      hasher.combine(bytes)
    }
  }

  /// The key as a message shows it.
  public var description: String {
    switch self {
    case .text(let text): text
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    }
  }
}

extension MessagePackValue {
  /// What it is, for the "found" half of a message.
  public var words: String {
    switch content {
    case .null: "nil"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): "the integer \(value)"
    case .unsigned(let value): "the integer \(value)"
    case .number(let value): "the number \(value)"
    case .text(let text): "the text \(text.quoted)"
    case .bytes(let range): range.count == 1 ? "1 byte" : "\(range.count) bytes"
    case .list(let elements): "a list of \(elements.count)"
    case .map(let entries): "a map of \(entries.count)"
    }
  }
}
