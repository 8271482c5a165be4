/// Bounds on a message, checked before memory is taken in proportion to it.
public struct MessageLimits: Sendable, Equatable {
  /// Longest message, in bytes.
  public let maximumByteCount: Int
  /// Most lists and maps open at once.
  public let maximumDepth: Int
  /// Most elements of a list, and pairs of a map.
  public let maximumEntryCount: Int
  /// Most elements and pairs of the whole message. One takes up to some 200 bytes of memory.
  public let maximumTotalEntryCount: Int
  /// Longest text or key, in bytes. Bytes that are no key are as long as the message allows.
  public let maximumTextByteCount: Int

  /// Values are built and freed recursively; this many levels fit the stack of any thread.
  public static let depthCeiling = 64

  public static let `default` = Self()

  /// - Parameters:
  ///   - maximumByteCount: at most 2^32 - 1; anything above is brought down to it.
  ///   - maximumDepth: at most ``depthCeiling``; anything above is brought down to it, and 0
  ///     allows scalars only.
  public init(
    maximumByteCount: Int = 64 << 20, maximumDepth: Int = 16, maximumEntryCount: Int = 4096,
    maximumTotalEntryCount: Int = 65536, maximumTextByteCount: Int = 65536
  ) {
    self.maximumByteCount = min(maximumByteCount, Int(UInt32.max))
    self.maximumDepth = min(max(maximumDepth, 0), Self.depthCeiling)
    self.maximumEntryCount = maximumEntryCount
    self.maximumTotalEntryCount = maximumTotalEntryCount
    self.maximumTextByteCount = maximumTextByteCount
  }
}
