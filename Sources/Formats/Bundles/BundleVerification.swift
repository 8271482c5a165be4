public import DVLADiagnostics
public import DVLAHashing
public import DVLATensors

/// What `verify` found.
public struct BundleVerification: Sendable {
  /// The root hash of the bundle.
  public let root: Digest
  public let tensorCount: Int
  public let assetCount: Int
  /// Chunks of tensors and assets.
  public let chunkCount: Int
  /// Bytes of the file, every one of which was checked.
  public let byteCount: Int
  /// Bytes of the tensors, decoded.
  public let tensorByteCount: Int
  /// Bytes of the assets, decoded.
  public let assetByteCount: Int
  /// How many places are damaged.
  public let damageCount: Int
  /// The first of them, in the order of the file.
  public let damages: [BundleDamage]
  /// The tensors with a NaN or an infinity in chunks that are sound, in the order of the file.
  public let nonFinite: [NonFiniteValues]

  public var isIntact: Bool { damageCount == 0 }
}

/// A place where a bundle is not what it was when it was written.
public struct BundleDamage: Sendable, CustomStringConvertible {
  /// The damaged tensor; nil for an asset and for the header.
  public let tensor: TensorName?
  /// The name of the damaged asset; nil for a tensor and for the header.
  public let asset: String?
  /// The damaged chunk of it; nil for the header, and for an asset that is not the one the header
  /// states although its chunks are.
  public let chunk: Int?
  /// Which bytes of the file were checked together and are not right.
  public let fileRange: Range<Int>
  /// Which bytes of the tensor or asset they hold.
  public let byteRange: Range<Int>?
  /// The rule that is broken, with file, tensor, chunk and byte ranges in its text.
  public let error: WeightsError

  public var description: String { error.description }
}
