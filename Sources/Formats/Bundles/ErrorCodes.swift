public import DVLADiagnostics

/// The rules of the bundle format. Rules of the safetensors format underneath have the codes
/// `safetensors.*`, those of a single frame `zstd.*`.
extension WeightsError.Code {
  /// A sound safetensors file that is no bundle.
  public static let bundleFormat = Self("bundle.format")
  /// A bundle of another format version.
  public static let bundleVersion = Self("bundle.version")
  /// The keys of `__metadata__` are not those of the format, in their order.
  public static let bundleMetadata = Self("bundle.metadata")
  /// The root hash is missing or is no digest.
  public static let bundleRootForm = Self("bundle.root-form")
  /// The root hash does not match the header.
  public static let bundleRoot = Self("bundle.root")
  /// The data do not start on a multiple of 64.
  public static let bundleAlignment = Self("bundle.alignment")
  /// A tensor stands twice in the table.
  public static let bundleDuplicateTensor = Self("bundle.duplicate-tensor")
  /// A name the format keeps for itself.
  public static let bundleReservedName = Self("bundle.reserved-name")
  /// An element type that does not exist.
  public static let bundleDType = Self("bundle.dtype")
  /// A shape that overflows, has too many axes or does not fill whole bytes.
  public static let bundleShape = Self("bundle.shape")
  /// An encoding that does not exist.
  public static let bundleEncoding = Self("bundle.encoding")
  /// A plane order that does not exist, or does not fit the element type or the encoding.
  public static let bundlePlanes = Self("bundle.planes")
  /// Not as many chunks as the tensor's bytes make.
  public static let bundleChunkCount = Self("bundle.chunk-count")
  /// A chunk whose stored size cannot be.
  public static let bundleChunkSize = Self("bundle.chunk-size")
  /// Not 64 lowercase hexadecimal digits for each chunk.
  public static let bundleHashForm = Self("bundle.hash-form")
  /// A tensor of the table has no entry, or one of another type, size or place.
  public static let bundleEntry = Self("bundle.entry")
  /// An entry of the file that the table does not list.
  public static let bundleUnlisted = Self("bundle.unlisted-entry")

  /// More assets than a bundle may have.
  public static let bundleAssetCount = Self("bundle.asset-count")
  /// An asset whose family or file name could not name a file.
  public static let bundleAssetName = Self("bundle.asset-name")
  /// A role that does not exist.
  public static let bundleAssetRole = Self("bundle.asset-role")
  /// An empty asset, or one larger than the format allows.
  public static let bundleAssetSize = Self("bundle.asset-size")
  /// Assets that are not in the order of their names, or two of one name.
  public static let bundleAssetOrder = Self("bundle.asset-order")
  /// An asset and its row in the table of tensors do not agree.
  public static let bundleAssetRow = Self("bundle.asset-row")
  /// An asset that the bundle does not have.
  public static let bundleAssetUnknown = Self("bundle.asset-unknown")
  /// The bytes of an asset do not have the SHA-256 that the header states.
  public static let bundleAssetHash = Self("bundle.asset-hash")

  /// The stored bytes of a chunk do not have the XXH3 of the table.
  public static let bundleChunkChecksum = Self("bundle.chunk-checksum")
  /// The stored bytes of a chunk do not have the SHA-256 of the table.
  public static let bundleChunkHash = Self("bundle.chunk-hash")
  /// The filler behind a tensor is not what the format demands.
  public static let bundleFiller = Self("bundle.filler")
  /// A tensor has a NaN or an infinity where finite values are expected.
  public static let bundleNonFinite = Self("bundle.non-finite")
  /// The header to be written would be longer than the format allows.
  public static let bundleHeaderSize = Self("bundle.header-size")
  /// The final documents are larger than the place reserved for them.
  public static let bundleReserve = Self("bundle.reserve")
}
