public import DVLADiagnostics
public import DVLAFiles
public import DVLAHashing
public import DVLAJSON
import DVLATensors

/// Writes a bundle: first the assets, each whole, then the tensors in the order of the plan, each
/// chunk by chunk.
///
/// Packing is the expensive part and is done elsewhere, on as many threads as there are, by
/// ``ChunkPacker``; this class takes packed chunks in order, on one thread. The file appears under
/// its name when ``finish(provenance:ledger:after:checking:)`` returns, and not before; without it
/// nothing is left behind.
public final class BundleWriter {
  public let path: String
  public let packing: BundlePacking
  /// Bytes written so far, the place for the header included.
  public private(set) var byteCount: Int

  /// What is written, for reading it back.
  public let written: WrittenChunks

  private let output: AtomicOutputFile
  private let headerByteCount: Int
  private var documents: BundleDocuments
  private let assetPlans: [BundleAssetPlan]
  /// The assets written so far.
  private var assets: [BundleAsset] = []
  /// The bytes of the assets, then the tensors.
  private var items: [HeaderText.Item]
  /// The tensor whose chunks come next, and how many of its stored bytes are written.
  private var current = 0
  private var currentByteCount = 0
  /// Where bytes begin that the device was not asked to take yet.
  private var pendingStart: Int

  /// - Parameters:
  ///   - documents: those known only at the end (provenance, ledger) at their longest.
  ///   - assets: the assets in the order of their names.
  ///   - plans: the tensors in the order of the file.
  /// - Throws: `bundle.duplicate-tensor`, `bundle.reserved-name`, `bundle.header-size`, what
  ///   ``BundleAssetPlan/check(_:)`` throws, `file.*`.
  public convenience init(
    path: String, overwrite: Bool, documents: BundleDocuments,
    assets: [BundleAssetPlan] = [], plans: [BundleTensorPlan], packing: BundlePacking
  ) throws(WeightsError) {
    try self.init(
      to: try AtomicOutputFile(path: path, overwrite: overwrite), documents: documents,
      assets: assets, plans: plans, packing: packing)
  }

  /// Writes to a file that is begun, of which some may be written already: see
  /// ``append(written:toTensor:)``.
  ///
  /// - Throws: as ``init(path:overwrite:documents:assets:plans:packing:)``.
  public init(
    to output: AtomicOutputFile, documents: BundleDocuments,
    assets: [BundleAssetPlan] = [], plans: [BundleTensorPlan], packing: BundlePacking
  ) throws(WeightsError) {
    try Self.check(plans)
    try BundleAssetPlan.check(assets)
    let plans =
      assets.map { BundleTensorPlan(AssetList.info(of: $0.name, byteCount: $0.byteCount)) } + plans
    headerByteCount = HeaderText.widest(documents, packing, assets, plans).bytes().count
    guard headerByteCount - 8 <= BundleLayout.headerByteCount else {
      throw WeightsError(
        .bundleHeaderSize, .cannotCreate, file: output.path,
        "the header of \(plans.count) tensors needs \(headerByteCount - 8) bytes; the format allows"
          + " \(BundleLayout.headerByteCount)")
    }
    self.output = output
    path = output.path
    self.packing = packing
    self.documents = documents
    assetPlans = assets
    items = plans.map {
      HeaderText.Item(plan: $0, quantization: nil, storedByteCounts: [], digests: [], checksums: [])
    }
    byteCount = headerByteCount
    pendingStart = headerByteCount
    written = WrittenChunks(in: output, packing.encoding, rows: plans.map(\.info))
  }

  /// Packs and writes the next asset, coded by Huffman where the bundle is packed at all: most
  /// are text.
  ///
  /// - Precondition: assets come in the order of the plan, each as long as the plan says, before
  ///   all tensors.
  /// - Throws: `zstd.memory`, `zstd.compress`, `file.*`.
  public func append(asset bytes: [UInt8]) throws(WeightsError) {
    let index = assets.count
    precondition(index < assetPlans.count, "more assets than planned")
    precondition(bytes.count == assetPlans[index].byteCount, "an asset of another size")
    var packer = try ChunkPacker()
    for start in stride(from: 0, to: bytes.count, by: BundleLayout.chunkByteCount) {
      let end = min(start + BundleLayout.chunkByteCount, bytes.count)
      let chunk = try packer.pack(
        unsafe bytes.span.bytes.extracting(start..<end), dtype: .u8,
        packing: packing == .store ? .store : .packed(smallest: true))
      try append([chunk], toItem: index)
    }
    assets.append(BundleAsset(assetPlans[index], sha256: SHA256.hash(bytes)))
  }

  /// Writes the next chunks of a tensor.
  ///
  /// - Precondition: chunks come in the order of tensors and of their bytes, packed with this
  ///   writer's ``packing`` and the tensor's element type, 262 144 bytes each but for the last.
  /// - Throws: `file.*`.
  public func append(
    _ chunks: [PackedChunk], toTensor index: Int
  ) throws(WeightsError) {
    precondition(assets.count == assetPlans.count, "a tensor before the last asset")
    try append(chunks, toItem: index + assets.count)
  }

  /// Takes note of the next chunks of a tensor, whose bytes are where they would be written.
  ///
  /// - Precondition: as ``append(_:toTensor:)``.
  /// - Throws: `file.*`.
  public func append(
    written seals: [ChunkSeal], toTensor index: Int
  ) throws(WeightsError) {
    for seal in seals { try append(seal, nil, toItem: index + assets.count) }
  }

  private func append(
    _ chunks: [PackedChunk], toItem index: Int
  ) throws(WeightsError) {
    for chunk in chunks { try append(chunk.seal, chunk.stored, toItem: index) }
  }

  /// - Parameter stored: nil where they are written.
  private func append(
    _ chunk: ChunkSeal, _ stored: [UInt8]?, toItem index: Int
  ) throws(WeightsError) {
    skipFinishedTensors()
    precondition(index == current, "chunks of item \(index) where \(current) is due")
    let info = items[index].plan.info
    let range = BundleLayout.byteRange(
      ofChunk: items[index].digests.count, byteCount: info.byteCount)
    precondition(chunk.byteCount == range.count, "a chunk that is not the one due")
    let start = byteCount
    if let stored {
      try write(stored)
    } else {
      byteCount += chunk.storedByteCount
    }
    let end = byteCount
    currentByteCount += chunk.storedByteCount
    if range.upperBound == info.byteCount {
      let count = BundleLayout.fillerByteCount(
        after: currentByteCount, encoding: packing.encoding)
      try write(BundleLayout.filler(byteCount: count, encoding: packing.encoding))
      currentByteCount = 0
    }
    written.add(
      WrittenChunks.Piece(
        row: index, chunk: items[index].digests.count,
        record: ChunkRecord(
          storedRange: start..<end, sha256: chunk.sha256, xxh3: chunk.xxh3, byteRange: range),
        filler: end..<byteCount))
    items[index].storedByteCounts.append(chunk.storedByteCount)
    items[index].digests.append(chunk.sha256)
    items[index].checksums.append(chunk.xxh3)
    if byteCount - pendingStart >= Self.stretchByteCount { try settle() }
  }

  /// Records what quantizing a tensor lost. Any time before the end.
  public func setQuantization(_ quantization: JSONValue, ofTensor index: Int) {
    items[index + assetPlans.count].quantization = quantization
  }

  /// Reads back and checks all chunks that were not checked on the way: see ``WrittenChunks``.
  ///
  /// - Parameter progress: called on the calling thread with the number of chunks checked of all.
  /// - Throws: the first failure in the order of the file: `bundle.chunk-checksum`, `zstd.*`,
  ///   `bundle.filler`, `file.*`; `parallelism.no-threads`.
  /// - Precondition: as ``finish(provenance:ledger:after:checking:)``; no thread packs any more.
  public func readBack(
    threads: Int,
    progress: (_ done: Int, _ total: Int) throws(WeightsError) -> Void = { _, _ in }
  ) throws(WeightsError) {
    try settle()
    try written.finish(threads: threads, progress: progress)
  }

  /// Writes the header and puts the file in its place.
  ///
  /// What was not read back before is now, on this thread. The header is read back too: what the
  /// finished file says of its chunks must be what was checked.
  ///
  /// - Parameters:
  ///   - provenance: replaces the document given at the start.
  ///   - ledger: likewise.
  ///   - companion: a file that belongs to the bundle, such as its signature, and gets its name
  ///     right before it: see `AtomicOutputFile.commit(after:)`.
  ///   - check: looks at the finished bundle, synced, before it gets its name; what it throws ends
  ///     it.
  /// - Returns: the root hash.
  /// - Throws: `bundle.reserve` when the documents have grown beyond the room left for them;
  ///   `safetensors.*` for names that format cannot hold; as ``readBack(threads:progress:)``;
  ///   `bundle.root` for a header that was damaged on its way; `bundle.asset-hash`; `file.*`.
  /// - Precondition: every asset and every chunk of every tensor has been appended.
  public func finish(
    provenance: JSONValue? = nil, ledger: JSONValue? = nil,
    after companion: AtomicOutputFile? = nil,
    checking check: (WeightBundle) throws(WeightsError) -> Void = { _ in }
  ) throws(WeightsError) -> Digest {
    skipFinishedTensors()
    precondition(current == items.count, "item \(current) of \(items.count) is not complete")
    try readBack(threads: 1)
    if let provenance { documents.provenance = provenance }
    if let ledger { documents.ledger = ledger }
    let text = HeaderText(
      documents: documents, packing: packing, assets: assets, items: items,
      root: RootHash.placeholder)
    var header = text.bytes(paddedTo: headerByteCount)
    guard header.count == headerByteCount else {
      throw WeightsError(
        .bundleReserve, .cannotCreate, file: path,
        "the final header needs \(header.count) bytes, but only \(headerByteCount) were reserved")
    }
    let digits = try RootHash.digits(in: header)
    let root = RootHash.compute(header, digits: digits)
    header.replaceSubrange(digits, with: root.hex.utf8)
    unsafe try output.write(header.span.bytes, at: 0)
    try output.synchronize()
    let bundle = try WeightBundle(path: output.temporaryPath)
    try bundle.check(against: written, root: root)
    try check(bundle)
    try output.commit(after: companion)
    return root
  }

  /// Whether the bundle has its name, which it has also where the last step of
  /// ``finish(provenance:ledger:after:checking:)``, syncing the folder, has failed.
  public var isInPlace: Bool { output.isInPlace }

  /// Gives up and removes what was written.
  public func discard() { output.discard() }

  private func write(_ bytes: [UInt8]) throws(WeightsError) {
    guard !bytes.isEmpty else { return }
    unsafe try output.write(bytes.span.bytes, at: byteCount)
    byteCount += bytes.count
  }

  /// Has the device take what is written.
  private func settle() throws(WeightsError) {
    if pendingStart == byteCount { return }
    try written.settle(pendingStart..<byteCount)
    pendingStart = byteCount
  }

  /// Bytes that the device is given at a time while the next are made, so that the end of a large
  /// file does not wait for all of it; and that are read back together.
  private static let stretchByteCount = 32 << 20

  private func skipFinishedTensors() {
    while current < items.count,
      items[current].digests.count
        == BundleLayout.chunkCount(of: items[current].plan.info.byteCount)
    {
      current += 1
    }
  }

  private static func check(_ plans: [BundleTensorPlan]) throws(WeightsError) {
    var names: Set<TensorName> = []
    for plan in plans {
      let name = plan.info.name
      try TableRow.check(name.string)
      guard names.insert(name).inserted else {
        throw WeightsError(
          .bundleDuplicateTensor, .malformed, tensor: name.string,
          "occurs twice in the plan")
      }
    }
  }
}
