import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLASafetensors
import DVLATensors

/// Reads the `tensors` document and compares it with the entries of the safetensors header.
///
/// The header is sound already: its entries cover the data without holes. What is checked here is
/// that table and entries say the same, and that the sizes in the table fit each other. Nothing
/// is allocated in proportion to a number in the table.
struct TensorTable {
  private let entries: [TensorName: SafetensorsEntry]
  private let dataStart: Int
  /// Where the next tensor must start, counted from the start of the data.
  private var position = 0
  private var names: Set<TensorName> = []
  private var fillerEntryCount = 0
  private var claimedCount = 0

  /// - Parameter assets: whose rows come first.
  /// - Returns: a row for each asset, then the tensors.
  /// - Throws: `json.*` for a document of another form, and the `bundle.*` codes of the table.
  static func read(
    _ document: JSONReader, assets: [BundleAsset], entries: [SafetensorsEntry], dataStart: Int
  ) throws(WeightsError) -> [BundleTensor] {
    var byName: [TensorName: SafetensorsEntry] = [:]
    byName.reserveCapacity(entries.count)
    for entry in entries { byName[entry.info.name] = entry }
    var table = Self(entries: byName, dataStart: dataStart)
    var tensors: [BundleTensor] = []
    for (index, item) in try document.array().enumerated() {
      tensors.append(try table.tensor(item, index < assets.count ? assets[index] : nil))
    }
    guard tensors.count >= assets.count else {
      throw WeightsError(
        .bundleAssetRow, .malformed,
        "asset \(assets[tensors.count].name.quoted): expected a row of the table of tensors, found"
          + " \(tensors.count) rows for \(assets.count) assets")
    }
    if table.claimedCount != entries.count {
      try table.refuseUnlisted(entries)
    }
    return tensors
  }

  private init(entries: [TensorName: SafetensorsEntry], dataStart: Int) {
    self.entries = entries
    self.dataStart = dataStart
  }

  private mutating func tensor(
    _ item: JSONReader, _ asset: BundleAsset?
  ) throws(WeightsError) -> BundleTensor {
    let row = try TableRow(item, isAsset: asset != nil)
    if let asset { try AssetList.check(row, asset) }
    guard names.insert(row.info.name).inserted else {
      throw WeightsError(
        .bundleDuplicateTensor, .malformed, tensor: row.info.name.string,
        "occurs twice in the table, the second time as \(item.path)")
    }
    do throws(WeightsError) {
      let sizes = row.storedByteCounts
      let start = dataStart + position
      let chunks = Self.chunks(row, start: start)
      let dataEnd = position + sizes.reduce(0, +)
      let filler = BundleLayout.fillerByteCount(
        after: dataEnd - position, encoding: row.encoding)
      switch row.encoding {
      case .zstd:
        let count = dataEnd - position + filler
        try claim(row.info.name, .u8, [count], position..<position + count)
      case .plain:
        try claim(row.info.name, row.info.dtype, row.info.shape, position..<dataEnd)
        if filler > 0 {
          let name = TensorName(BundleLayout.fillerEntryPrefix + String(fillerEntryCount))
          try claim(name, .u8, [filler], dataEnd..<dataEnd + filler)
          fillerEntryCount += 1
        }
      }
      position = dataEnd + filler
      return BundleTensor(
        info: row.info, encoding: row.encoding, planes: row.planes, chunks: chunks,
        filler: dataStart + dataEnd..<dataStart + position,
        storedSource: row.source.map(HeaderValue.built),
        storedQuantization: row.quantization.map(HeaderValue.built))
    } catch {
      throw error.inTensor(row.info.name.string)
    }
  }

  private static func chunks(_ row: TableRow, start: Int) -> [ChunkRecord] {
    var place = start
    return row.storedByteCounts.enumerated().map { index, count in
      defer { place += count }
      return ChunkRecord(
        storedRange: place..<place + count, sha256: row.digests[index], xxh3: row.checksums[index],
        byteRange: BundleLayout.byteRange(ofChunk: index, byteCount: row.info.byteCount))
    }
  }

  /// Checks that the file has exactly that entry.
  private mutating func claim(
    _ name: TensorName, _ dtype: DType, _ shape: Shape, _ range: Range<Int>
  ) throws(WeightsError) {
    // Worded only where it is wanted: there are thousands of entries.
    func expected() -> String {
      "an entry \(name.string.quoted) \(dtype.rawValue) \(shape) at data bytes \(range)"
    }
    guard let entry = entries[name] else {
      throw WeightsError(.bundleEntry, .malformed, "expected \(expected()), found none")
    }
    guard entry.info.dtype == dtype, entry.info.shape == shape, entry.range == range else {
      throw WeightsError(
        .bundleEntry, .malformed,
        "expected \(expected()), found \(entry.info.dtype.rawValue) \(entry.info.shape) at"
          + " \(entry.range)")
    }
    claimedCount += 1
  }

  private func refuseUnlisted(_ entries: [SafetensorsEntry]) throws(WeightsError) {
    let fillers = Set(
      (0..<fillerEntryCount).map { TensorName(BundleLayout.fillerEntryPrefix + String($0)) })
    let unlisted = entries.map(\.info.name).filter { !names.contains($0) && !fillers.contains($0) }
    guard let first = unlisted.first else { return }
    throw WeightsError(
      .bundleUnlisted, .malformed, tensor: first.string,
      "is an entry of the file, but not in the table of tensors",
      details: unlisted.dropFirst().prefix(20).map {
        "\($0.string.quoted) is not in the table either"
      })
  }
}
