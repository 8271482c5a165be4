import DVLAHashing
import DVLAJSON
import DVLATensors

/// The JSON text of a bundle's header.
///
/// It comes before the data but depends on them, so it is made twice: before the data, with every
/// number as wide as it can get, to know how much room to leave; and after them.
struct HeaderText {
  /// One tensor with what is known of its chunks.
  struct Item {
    let plan: BundleTensorPlan
    var quantization: JSONValue?
    var storedByteCounts: [Int]
    var digests: [Digest]
    var checksums: [UInt64]
  }

  let documents: BundleDocuments
  let packing: BundlePacking
  let assets: [BundleAsset]
  /// First the bytes of the assets, then the tensors.
  let items: [Item]
  let root: String

  /// The header of data not yet written, at its widest.
  static func widest(
    _ documents: BundleDocuments, _ packing: BundlePacking, _ assets: [BundleAssetPlan],
    _ plans: [BundleTensorPlan]
  ) -> HeaderText {
    let digest = SHA256.hash([])
    return HeaderText(
      documents: documents, packing: packing,
      assets: assets.map { BundleAsset($0, sha256: digest) },
      items: plans.map { plan in
        let count = BundleLayout.chunkCount(of: plan.info.byteCount)
        return Item(
          plan: plan, quantization: plan.quantizationPlaceholder,
          storedByteCounts: (0..<count).map {
            let range = BundleLayout.byteRange(ofChunk: $0, byteCount: plan.info.byteCount)
            return range.count + (packing == .store ? 0 : BundleLayout.frameOverhead)
          },
          digests: [Digest](repeating: digest, count: count),
          checksums: [UInt64](repeating: 0, count: count))
      },
      root: RootHash.placeholder)
  }

  /// The whole header: length, text, and spaces that make it a multiple of 64 bytes and as long
  /// as `byteCount` if that is longer.
  func bytes(paddedTo byteCount: Int = 0) -> [UInt8] {
    let text = Array(json.encoded().utf8)
    let needed = 8 + text.count
    let alignment = BundleLayout.alignment
    let count = max(byteCount, (needed + alignment - 1) / alignment * alignment)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    bytes.append(UInt64(count - 8), .littleEndian)
    bytes.append(contentsOf: text)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: count - needed))
    return bytes
  }

  private var json: JSONValue {
    let metadata = [
      BundleLayout.formatName, BundleLayout.version, documents.family,
      documents.configuration.encoded(), documents.recipe.encoded(),
      documents.provenance.encoded(), documents.ledger.encoded(),
      AssetList.json(assets).encoded(), JSONValue.array(items.map(row)).encoded(), root,
    ]
    let pairs = zip(BundleLayout.metadataKeys, metadata.map(JSONValue.string))
    return .object(JSONObject([("__metadata__", .object(JSONObject(Array(pairs))))] + entries))
  }

  private func row(_ item: Item) -> JSONValue {
    let info = item.plan.info
    var members: [(String, JSONValue)] = [
      ("name", .string(info.name.string)), ("dtype", .string(info.dtype.rawValue)),
      ("shape", Self.integers(info.shape.dimensions)),
      ("encoding", .string(packing.encoding.rawValue)),
      ("planes", .string(packing.planes(for: info.dtype).rawValue)),
      ("stored", Self.integers(item.storedByteCounts)),
      ("sha256", .string(item.digests.map(\.hex).joined())),
      ("xxh3", .string(item.checksums.map(\.hex).joined())),
    ]
    if let source = item.plan.source { members.append(("source", source)) }
    if let quantization = item.quantization { members.append(("quantization", quantization)) }
    return .object(JSONObject(members))
  }

  private var entries: [(String, JSONValue)] {
    var entries: [(String, JSONValue)] = []
    var position = 0
    var fillerEntryCount = 0
    func append(_ name: String, _ dtype: DType, _ shape: [Int], _ byteCount: Int) {
      let entry = JSONObject([
        ("dtype", .string(dtype.rawValue)), ("shape", Self.integers(shape)),
        ("data_offsets", Self.integers([position, position + byteCount])),
      ])
      entries.append((name, .object(entry)))
      position += byteCount
    }
    for item in items {
      let info = item.plan.info
      let stored = item.storedByteCounts.reduce(0, +)
      let filler = BundleLayout.fillerByteCount(after: stored, encoding: packing.encoding)
      switch packing.encoding {
      case .zstd:
        append(info.name.string, .u8, [stored + filler], stored + filler)
      case .plain:
        append(info.name.string, info.dtype, info.shape.dimensions, stored)
        if filler > 0 {
          append(BundleLayout.fillerEntryPrefix + String(fillerEntryCount), .u8, [filler], filler)
          fillerEntryCount += 1
        }
      }
    }
    return entries
  }

  private static func integers(_ values: [Int]) -> JSONValue {
    .array(values.map { .integer(Int64($0)) })
  }
}
