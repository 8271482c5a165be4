/// How large a picture may say it is, checked before memory is taken for it.
public struct ImageLimits: Sendable, Equatable {
  /// Of either side. The largest cameras stay below.
  public var side = 16_384
  /// 2^27, 400 MB of RGB: between the areas at which Pillow warns (2^26.4) and refuses (2^27.4).
  public var pixelCount = 1 << 27
  /// Of the file, which is read whole.
  public var fileByteCount = 1 << 30
  /// Of a JPEG file: each scan of a progressive one may go over the whole picture and cost a few
  /// bytes. Encoders make about ten.
  public var scanCount = 500

  public static let `default` = Self()

  public init() {}
}
