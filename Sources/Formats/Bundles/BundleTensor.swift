public import DVLAHashing
public import DVLAJSON
public import DVLATensors

/// One tensor of a bundle: what it is, and where and how its bytes are stored.
public struct BundleTensor: Sendable {
  /// Name, element type and shape of the tensor itself, not of its entry in the file.
  public let info: TensorInfo
  public let encoding: BundleEncoding
  public let planes: PlaneOrder
  /// The chunks in order. Their stored bytes follow each other without gaps.
  public let chunks: [ChunkRecord]
  /// Zeros behind the last chunk, up to the next multiple of 64, as a range of the file.
  public let filler: Range<Int>
  let storedSource: HeaderValue?
  let storedQuantization: HeaderValue?

  /// Where the tensor came from: what the converter wrote. Built at each call.
  public var source: JSONValue? { storedSource?.value }
  /// What quantizing it lost: what the converter wrote. Built at each call.
  public var quantization: JSONValue? { storedQuantization?.value }
  public var name: TensorName { info.name }
  /// The asset whose bytes the row of the table holds; nil for a tensor.
  var assetName: String? { name.assetName }
  /// All bytes of the file that belong to the tensor, its filler included.
  public var storedRange: Range<Int> {
    (chunks.first?.storedRange.lowerBound ?? filler.lowerBound)..<filler.upperBound
  }
}

/// One chunk of a tensor.
public struct ChunkRecord: Sendable, Hashable {
  /// Where the chunk is stored, as a range of the file.
  public let storedRange: Range<Int>
  /// SHA-256 of the stored bytes.
  public let sha256: Digest
  /// XXH3 of the stored bytes, 64 bits.
  public let xxh3: UInt64
  /// Which bytes of the tensor it holds.
  public let byteRange: Range<Int>
}

/// A tensor that will be written to a bundle.
public struct BundleTensorPlan: Sendable {
  public let info: TensorInfo
  /// Where it comes from, as the table will say.
  public let source: JSONValue?
  /// Stands in for the quantization errors, which are known only once the data are: as long as
  /// text as they can get, so that the header has room for them.
  public let quantizationPlaceholder: JSONValue?

  public init(
    _ info: TensorInfo, source: JSONValue? = nil, quantizationPlaceholder: JSONValue? = nil
  ) {
    self.info = info
    self.source = source
    self.quantizationPlaceholder = quantizationPlaceholder
  }
}

extension TensorName {
  /// The name of the asset whose bytes a row of that name holds; nil for a tensor.
  var assetName: String? {
    let prefix = BundleLayout.assetEntryPrefix
    guard string.hasPrefix(prefix) else { return nil }
    return String(string.dropFirst(prefix.count))
  }
}
