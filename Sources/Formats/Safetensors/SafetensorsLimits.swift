/// Bounds on what a file may ask of memory and time; all are checked before memory is taken.
public struct SafetensorsLimits: Sendable, Equatable {
  /// Bytes of the header. The default is the bound of the safetensors library.
  public var headerByteCount = 100_000_000
  public var tensorCount = 100_000
  /// UTF-8 bytes of a tensor name, and of a key of `__metadata__`.
  public var nameByteCount = 1024
  public var rank = 8
  /// Entries of `__metadata__`.
  public var metadataCount = 10_000
  /// UTF-8 bytes of one value of `__metadata__`.
  public var metadataValueByteCount = 64 << 20

  public static let `default` = Self()

  public init() {}
}
