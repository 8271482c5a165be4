public import DVLATensors

/// What the user asks of an export.
public struct ExportOptions: Sendable {
  /// A naming of the family, or `source`: naming, types, ties and files as the source had them.
  public var naming: String
  /// The model to take out of a composite; nil: the bundle's own family.
  public var family: String?
  /// The type of all float tensors; nil: that of the bundle, and for quantized tensors the one
  /// they were quantized from.
  public var dtype: DType?
  /// Writes quantized tensors as floats even where the library reads INT8.
  public var dequantizes = false
  /// Tensor bytes in one shard.
  public var shardByteCount = 5_000_000_000
  public var overwrite = false
  public var threads = 1

  public init(naming: String) { self.naming = naming }
}

/// What came of an export.
public struct ExportResult: Sendable {
  public struct File: Sendable {
    public let name: String
    public let byteCount: Int
    public let tensorCount: Int
  }

  public struct Asset: Sendable {
    public let name: String
    public let byteCount: Int
  }

  public let family: String
  public let naming: String
  public let files: [File]
  /// Files that travelled in the bundle and stand beside the weights again.
  public let assets: [Asset]
  /// Tensors written as INT8 with scales.
  public let int8Count: Int
  /// Quantized tensors written as floats with the quantization applied.
  public let dequantizedCount: Int
  /// What the reader of the folder should know.
  public let notes: [String]
}
