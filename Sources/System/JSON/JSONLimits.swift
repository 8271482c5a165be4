/// Bounds on a JSON text, checked before memory is taken in proportion to it.
public struct JSONLimits: Sendable, Equatable {
  /// Longest text, in bytes.
  public let maximumByteCount: Int
  /// Most objects and arrays open at once.
  public let maximumDepth: Int
  /// Most values, counting objects, arrays and what is in them, but not keys.
  public let maximumValueCount: Int
  /// Most objects among the values. json-c needs some 800 bytes of memory for each, even an empty
  /// one that has 3 bytes in the text; other values need up to 200.
  public let maximumObjectCount: Int
  /// Longest literal of one number, in bytes.
  public let maximumNumberLength: Int

  /// json-c counts bytes in a C `int`.
  public static let byteCountCeiling = Int(Int32.max)
  /// Values are built, written and freed recursively; this many levels fit a thread stack of
  /// 512 KiB even in a debug build.
  public static let depthCeiling = 256

  public static let `default` = Self()

  /// For documents that people write and configurations, which have some thousand values.
  public static let document = Self(maximumValueCount: 200_000, maximumObjectCount: 20_000)

  /// - Parameters:
  ///   - maximumByteCount: at most ``byteCountCeiling``; anything above is brought down to it.
  ///   - maximumDepth: at most ``depthCeiling``; anything above is brought down to it, and 0
  ///     allows scalars only.
  public init(
    maximumByteCount: Int = 128 << 20, maximumDepth: Int = 64,
    maximumValueCount: Int = 2_000_000, maximumObjectCount: Int = 100_000,
    maximumNumberLength: Int = 1024
  ) {
    self.maximumByteCount = min(maximumByteCount, Self.byteCountCeiling)
    self.maximumDepth = min(max(maximumDepth, 0), Self.depthCeiling)
    self.maximumValueCount = maximumValueCount
    self.maximumObjectCount = maximumObjectCount
    self.maximumNumberLength = maximumNumberLength
  }
}
