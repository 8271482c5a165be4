public import DVLADiagnostics

extension WeightsError.Code {
  /// libzstd could not allocate a context.
  public static let zstdMemory = Self("zstd.memory")
  /// libzstd failed to compress, which sound arguments never cause.
  public static let zstdCompress = Self("zstd.compress")
  /// What should be a frame has another magic number (a skippable or legacy frame included) or
  /// is cut off in its header.
  public static let zstdMagic = Self("zstd.magic")
  /// A frame header that is not the one form this project reads.
  public static let zstdHeader = Self("zstd.header")
  /// The frame declares another content size than the caller knows it must have.
  public static let zstdContentSize = Self("zstd.content-size")
  /// The frame ends before or after its bytes do.
  public static let zstdLength = Self("zstd.length")
  /// The frame's own checksum does not match the decoded bytes.
  public static let zstdChecksum = Self("zstd.checksum")
  /// The frame's blocks cannot be decoded.
  public static let zstdCorrupt = Self("zstd.corrupt")
}
