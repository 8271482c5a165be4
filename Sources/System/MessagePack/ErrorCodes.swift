public import DVLADiagnostics

/// The rules of the gate. A message starts with the path of the value, if it is inside another, and
/// the offset of its first byte; that of `message.too-large` concerns the whole message.
extension WeightsError.Code {
  /// The message is longer than the limit.
  public static let messageTooLarge = Self("message.too-large")
  /// A byte that begins no value of msgpack.
  public static let messageFormat = Self("message.format")
  /// The message ends inside a value, or is empty.
  public static let messageTruncated = Self("message.truncated")
  /// Something after the value.
  public static let messageTrailing = Self("message.trailing")
  /// A list or map that says it holds more than the rest of the message could.
  public static let messageCount = Self("message.count")
  /// More lists and maps inside each other than the limit.
  public static let messageDepth = Self("message.depth")
  /// A list or map with more entries than the limit, or too many in the whole message.
  public static let messageTooManyEntries = Self("message.too-many-entries")
  /// A text or key longer than the limit.
  public static let messageTextTooLong = Self("message.text-too-long")
  /// A text or key that is no UTF-8.
  public static let messageUTF8 = Self("message.utf8")
  /// A key that is neither text nor bytes, or bytes where only text may be.
  public static let messageKey = Self("message.key")
  /// Two equal keys in one map.
  public static let messageDuplicateKey = Self("message.duplicate-key")
  /// A value of an extension type, such as a timestamp.
  public static let messageExtension = Self("message.extension")
  /// msgpack-cxx read the message otherwise than the gate did.
  public static let messageDisagreement = Self("message.disagreement")
  /// msgpack-cxx could not go on, as when there is no memory.
  public static let messageFailed = Self("message.failed")
}
