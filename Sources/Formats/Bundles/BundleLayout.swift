import DVLATensors

/// The fixed numbers and words of format version 1.
public enum BundleLayout {
  /// The value of `format` in `__metadata__`, which distinguishes a bundle from other files.
  public static let formatName = "depthvla-bundle"
  /// The value of `format_version` that this module writes, and the only one it reads.
  public static let version = "1"
  /// Tensor bytes in one chunk; the last chunk of a tensor may have fewer.
  public static let chunkByteCount = 256 << 10
  /// Every tensor starts on a multiple of this many bytes, counted from the start of the file.
  public static let alignment = 64
  /// A frame may be longer than its chunk by this much at most.
  public static let frameOverhead = 64
  /// Bytes of a frame, at most.
  static let frameByteCount = chunkByteCount + frameOverhead
  /// Longest header, in bytes: the limit of the safetensors format.
  public static let headerByteCount = 100_000_000

  /// Assets of one bundle, at most.
  public static let assetCount = 64
  /// Bytes of one asset, at most.
  public static let assetByteCount = 256 << 20
  /// Bytes of the family and of the file name of an asset, at most.
  static let assetNameByteCount = 120

  /// The keys of `__metadata__`, in the order they must have.
  static let metadataKeys = [
    "format", "format_version", "family", "configuration", "recipe", "provenance", "ledger",
    "assets", "tensors", "root",
  ]
  static let fillerEntryPrefix = "__pad."
  static let assetEntryPrefix = "__asset."
  static let skippableMagic: [UInt8] = [0x50, 0x2A, 0x4D, 0x18]
  static let skippableHeaderByteCount = 8

  /// How many chunks a tensor of that many bytes has.
  public static func chunkCount(of byteCount: Int) -> Int {
    byteCount / chunkByteCount + (byteCount % chunkByteCount == 0 ? 0 : 1)
  }

  /// The bytes of a tensor that chunk `index` holds.
  static func byteRange(ofChunk index: Int, byteCount: Int) -> Range<Int> {
    let start = index * chunkByteCount
    return start..<min(start + chunkByteCount, byteCount)
  }

  /// Bytes that fill up stored data of `byteCount` bytes to the alignment.
  ///
  /// Behind frames the filler is a skippable frame, which takes at least its own header.
  static func fillerByteCount(after byteCount: Int, encoding: BundleEncoding) -> Int {
    let gap = (alignment - byteCount % alignment) % alignment
    guard encoding == .zstd, gap > 0, gap < skippableHeaderByteCount else { return gap }
    return gap + alignment
  }

  /// The filler itself: zeros, behind frames with the header of a skippable frame before them.
  static func filler(byteCount: Int, encoding: BundleEncoding) -> [UInt8] {
    guard encoding == .zstd, byteCount > 0 else { return [UInt8](repeating: 0, count: byteCount) }
    let size = byteCount - skippableHeaderByteCount
    var bytes = skippableMagic
    bytes.append(UInt32(size), .littleEndian)
    bytes.append(contentsOf: repeatElement(0, count: size))
    return bytes
  }
}
