import BundleFormat
public import Diagnostics
public import Hashing
import Parallelism
public import Quantization
import Remapping
public import Signing
public import TensorCore

/// What came of a conversion.
public struct ConversionResult: Sendable {
  public let path: String
  /// Bytes of the bundle.
  public let byteCount: Int
  /// The identity of the bundle.
  public let root: Digest
  /// What conversion cost each tensor that did not stay as it was, in the order of the file.
  public let losses: [(name: TensorName, error: QuantizationError)]
  /// The signature file and what it says; nil where none was asked for.
  public let signature: (path: String, statement: SignedStatement)?
}

extension Conversion {
  /// Writes the bundle, checks it, and gives it its name: reading, converting, compressing and
  /// hashing on all threads, in bounded memory, with the same bytes for any number of them.
  ///
  /// A signature gets its name before the bundle does: a process that is killed in between leaves a
  /// signature without its bundle, which nobody takes for finished, and never a bundle that lacks
  /// its signature.
  ///
  /// - Throws: `output.is-input`, `convert.non-finite`, `convert.overflow`, `quantize.non-finite`, `file.changed`
  ///   when a source was written to meanwhile, and what reading and writing throw. Nothing is left
  ///   at the target then.
  public func write(
    to path: String, progress: @escaping Progress.Handler = { _ in }
  ) throws(WeightsError) -> ConversionResult {
    try InputProtection.check(path, sources: sources, assets: assetFiles)
    let signature = try signatureOutput(ofBundle: path)
    let record = ConversionRecord(self)
    let writer = try BundleWriter(
      path: path, overwrite: options.overwrite,
      documents: record.documents(hashes: nil), assets: assets,
      plans: plan.tensors.map { tensor in
        BundleTensorPlan(
          tensor.info, source: record.source(of: tensor),
          quantizationPlaceholder: TensorSummary.widestJSON(tensor))
      }, packing: options.packing)
    let hashes = SourceHashes(sources)
    do throws(WeightsError) {
      for file in assetFiles { try writer.append(asset: try file.bytes()) }
      let losses = try pack(into: writer, progress: progress)
      let digests = try hashes.wait()
      for source in sources { try source.checkUnchanged() }
      let documents = record.documents(hashes: digests)
      var statement: SignedStatement?
      let root = try writer.finish(
        provenance: documents.provenance, ledger: documents.ledger
      ) { (temporary) throws(WeightsError) in
        let bundle = try verifiedBundle(temporary, progress)
        statement = try signature?.write(for: bundle, progress: progress)
      }
      return ConversionResult(
        path: path, byteCount: writer.byteCount, root: root, losses: losses,
        signature: statement.flatMap { statement in
          signature.map { ($0.path, statement) }
        })
    } catch {
      hashes.cancel()
      writer.discard()
      if !writer.isInPlace { signature?.withdraw() }
      throw error
    }
  }

  private func signatureOutput(ofBundle path: String) throws(WeightsError) -> SignatureOutput? {
    guard let signing = options.signing else { return nil }
    let output = try SignatureOutput(signing, ofBundle: path, overwrite: options.overwrite)
    try InputProtection.check(output.path, sources: sources, assets: assetFiles)
    return output
  }

  private func verifiedBundle(
    _ path: String, _ progress: @escaping Progress.Handler
  ) throws(WeightsError) -> Bundle {
    let bundle = try Bundle(path: path)
    let total = bundle.byteCount
    // The hashes are of bytes that were in memory; the checksum tells whether they arrived.
    let verification = try bundle.verify(threads: options.threads, [.checksum]) { done in
      progress(Progress(phase: "verify", doneByteCount: done, totalByteCount: total))
    }
    if let damage = verification.damages.first { throw damage.error }
    return bundle
  }

  private func pack(
    into writer: BundleWriter, progress: Progress.Handler
  ) throws(WeightsError) -> [(name: TensorName, error: QuantizationError)] {
    var losses: [(name: TensorName, error: QuantizationError)] = []
    let sources: [any TensorSource] = sources.map(\.checkpoint)
    let blocks = plan.blocks
    let readers = ReaderCache(plan: plan, sources: sources, seed: options.seed ?? 0)
    var packer = try ChunkPacker()
    var summary = TensorSummary()
    var done = 0
    let total = plan.tensors.reduce(0) { $0 + $1.sourceByteCount }
    try OrderedWork.run(
      items: blocks.count, threads: options.threads,
      makeScratch: { () throws(WeightsError) -> BlockWorker in
        try BlockWorker()
      },
      work: { (index, worker) throws(WeightsError) -> PackedBlock in
        let block = blocks[index]
        let tensor = plan.tensors[block.tensor]
        do throws(WeightsError) {
          var encoded = try worker.encoder.encode(
            tensor, block.range, from: try readers.reader(for: tensor.planned))
          let chunks = try worker.packer.packAll(
            encoded.bytes, dtype: tensor.info.dtype, packing: options.packing)
          encoded.bytes = []
          return PackedBlock(chunks: chunks, encoded: encoded)
        } catch { throw labelled(error, tensor) }
      },
      consume: { (index, packed) throws(WeightsError) in
        let block = blocks[index]
        let tensor = plan.tensors[block.tensor]
        try writer.append(packed.chunks, toTensor: block.tensor)
        summary.add(packed.encoded)
        done += block.range.count * tensor.sourceDType.bitWidth / tensor.info.dtype.bitWidth
        progress(Progress(phase: "pack", doneByteCount: done, totalByteCount: total))
        guard block.isLast else { return }
        let isLeftover = tensor.info.name.string.hasPrefix(unusedPrefix)
        if !options.allowsNonFinite, !isLeftover {
          do throws(WeightsError) { try summary.requireFinite(tensor) } catch {
            throw labelled(error, tensor)
          }
        }
        if !tensor.isLossless {
          losses.append((tensor.info.name, QuantizationError(summary.errors)))
        }
        if let json = summary.json(tensor) {
          writer.setQuantization(json, ofTensor: block.tensor)
        }
        if case .int8 = tensor.content {
          let scales = plan.tensors[block.tensor + 1]
          try writer.append(
            try packer.packAll(summary.scales, dtype: scales.info.dtype, packing: options.packing),
            toTensor: block.tensor + 1)
        }
        summary = TensorSummary()
      })
    return losses
  }

  /// The error with the source named that the tensor comes from.
  private func labelled(_ error: WeightsError, _ tensor: StoredTensor) -> WeightsError {
    guard case .source(let index, _, _, _) = plan.remap.tensors[tensor.planned].origin else {
      return error
    }
    return error.inFile(sources[index].path).inTensor(tensor.info.name.string)
  }
}

/// What one thread reuses from block to block.
private final class BlockWorker {
  let encoder = BlockEncoder()
  var packer: ChunkPacker

  init() throws(WeightsError) { packer = try ChunkPacker() }
}

private struct PackedBlock: Sendable {
  let chunks: [PackedChunk]
  let encoded: EncodedBlock
}

extension ChunkPacker {
  /// The chunks of a run of bytes that starts at a chunk's border.
  fileprivate mutating func packAll(
    _ bytes: [UInt8], dtype: DType, packing: BundlePacking
  ) throws(WeightsError) -> [PackedChunk] {
    var chunks: [PackedChunk] = []
    var start = 0
    while start < bytes.count {
      let count = min(BundleLayout.chunkByteCount, bytes.count - start)
      let part = unsafe bytes.span.bytes.extracting(start..<start + count)
      chunks.append(try pack(part, dtype: dtype, packing: packing))
      start += count
    }
    return chunks
  }
}
