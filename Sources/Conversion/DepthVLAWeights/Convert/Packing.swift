import DVLABundles
import DVLADiagnostics
import DVLAKernels
import DVLAParallelism
import DVLAQuantization
import DVLARemapping
import DVLATensors

/// The main part of a conversion: block by block, read, converted, packed, written and read back on
/// all threads; or found written already.
struct Packing {
  /// What conversion cost each tensor that did not stay as it was, in the order of the file.
  private(set) var losses: [(name: TensorName, error: QuantizationError)] = []
  private(set) var resumption = ConversionResult.Resumption()

  private let conversion: Conversion
  private let writer: BundleWriter
  private let journal: ConversionJournal
  private let blocks: [StoredBlock]

  /// For scales, which are packed where blocks are consumed.
  private let scalePacker: ScalePacker
  private var summary = TensorSummary()
  private var done = 0

  private var plan: ConversionPlan { conversion.plan }
  private var options: ConversionOptions { conversion.options }

  init(
    _ conversion: Conversion, into writer: BundleWriter, _ journal: ConversionJournal
  ) throws(WeightsError) {
    self.conversion = conversion
    self.writer = writer
    self.journal = journal
    blocks = conversion.plan.blocks
    scalePacker = try ScalePacker()
  }

  /// Packs every tensor.
  ///
  /// - Throws: what ``Conversion/write(to:progress:)`` throws.
  func run(progress: WorkProgress.Handler) throws(WeightsError) -> Packing {
    var packing = self
    let (conversion, journal, blocks, written) = (conversion, journal, blocks, writer.written)
    let readers = try conversion.readers()
    let total = plan.tensors.reduce(0) { $0 + $1.sourceByteCount }
    do throws(WeightsError) {
      try OrderedWork.run(
        items: blocks.count, threads: options.threads,
        makeScratch: { () throws(WeightsError) -> BlockWorker in
          try BlockWorker(written)
        },
        work: { (index, worker) throws(WeightsError) -> PackedBlock in
          try worker.checkWritten()
          let block = blocks[index]
          let tensor = conversion.plan.tensors[block.tensor]
          if let record = try journal.intact(index), record.fits(block, of: tensor) {
            return PackedBlock(
              chunks: .written(record.chunks, record.place), encoded: record.encoded)
          }
          do throws(WeightsError) {
            return try worker.pack(
              tensor, block.range, from: try readers.reader(for: tensor.planned),
              packing: conversion.options.packing)
          } catch { throw conversion.labelled(error, tensor) }
        },
        consume: { (index, packed) throws(WeightsError) in
          try packing.take(packed, index)
          try progress(
            WorkProgress(phase: "pack", doneByteCount: packing.done, totalByteCount: total))
        })
    } catch {
      // All threads have ended, so that it is the first in the file, whichever found it.
      throw written.failure ?? error
    }
    return packing
  }

  private mutating func take(_ packed: PackedBlock, _ index: Int) throws(WeightsError) {
    let block = blocks[index]
    let tensor = plan.tensors[block.tensor]
    switch packed.chunks {
    case .written(let seals, let place):
      guard place == writer.byteCount else {
        throw WeightsError(
          .convertResume, .cannotCreate, file: writer.path,
          "the unfinished work there has block \(index) at byte \(place), expected"
            + " \(writer.byteCount)", remedies: [.startOver])
      }
      try writer.append(written: seals, toTensor: block.tensor)
      resumption.keptByteCount += block.range.count
    case .made(let chunks):
      let place = writer.byteCount
      try writer.append(chunks, toTensor: block.tensor)
      if index < journal.foundCount {
        resumption.damagedBlockCount += 1
      } else {
        try journal.note(
          JournalRecord(place: place, chunks: chunks.map(\.seal), encoded: packed.encoded),
          ofBlock: index)
      }
    }
    summary.add(packed.encoded)
    done += block.range.count * tensor.sourceDType.bitWidth / tensor.info.dtype.bitWidth
    if block.isLast { try finish(tensor, at: block.tensor) }
  }

  private mutating func finish(_ tensor: StoredTensor, at index: Int) throws(WeightsError) {
    let isLeftover = tensor.info.name.string.hasPrefix(unusedPrefix)
    if !options.allowsNonFinite, !isLeftover {
      do throws(WeightsError) { try summary.requireFinite(tensor) } catch {
        throw conversion.labelled(error, tensor)
      }
    }
    if !tensor.isLossless {
      losses.append((tensor.info.name, QuantizationError(summary.errors)))
    }
    if let json = summary.json(tensor) { writer.setQuantization(json, ofTensor: index) }
    if case .int8 = tensor.content {
      let scales = plan.tensors[index + 1]
      try writer.append(
        try scalePacker.pack(summary.scales, dtype: scales.info.dtype, packing: options.packing),
        toTensor: index + 1)
    }
    summary = TensorSummary()
  }
}

extension Conversion {
  /// The error with the source named that the tensor comes from.
  fileprivate func labelled(_ error: WeightsError, _ tensor: StoredTensor) -> WeightsError {
    guard case .source(let index, _, _, _) = plan.origins[tensor.planned].origin else {
      return error
    }
    return error.inFile(sources[index].path).inTensor(tensor.info.name.string)
  }
}

extension JournalRecord {
  /// Whether it can be of that block.
  fileprivate func fits(_ block: StoredBlock, of tensor: StoredTensor) -> Bool {
    let expected = stride(
      from: block.range.lowerBound, to: block.range.upperBound, by: BundleLayout.chunkByteCount
    ).map { min(BundleLayout.chunkByteCount, block.range.upperBound - $0) }
    return chunks.map(\.byteCount) == expected
      && encoded.scales.count == BlockEncoder.scaleByteCount(tensor, block.range)
  }
}

private struct PackedBlock: Sendable {
  enum Chunks: Sendable {
    case made([PackedChunk])
    /// In the file already, from that place on.
    case written([ChunkSeal], Int)
  }

  let chunks: Chunks
  let encoded: EncodedBlock
}

/// What one thread reuses from block to block.
private final class BlockWorker {
  private let encoder = BlockEncoder()
  private var packer: ChunkPacker
  private let written: WrittenChunks
  private let check: WrittenChunkCheck

  init(_ written: WrittenChunks) throws(WeightsError) {
    packer = try ChunkPacker()
    self.written = written
    check = try WrittenChunkCheck(written)
  }

  /// Reads some of what is written back: twice as much as a block, so that reading keeps up with
  /// writing.
  ///
  /// - Throws: what is wrong with it.
  func checkWritten() throws(WeightsError) {
    check.advance(by: 2 * BlockEncoder.blockByteCount / BundleLayout.chunkByteCount)
    if let failure = written.failure { throw failure }
  }

  func pack(
    _ tensor: StoredTensor, _ range: Range<Int>, from reader: TensorReader, packing: BundlePacking
  ) throws(WeightsError) -> PackedBlock {
    var encoded = try encoder.encode(tensor, range, from: reader)
    let chunks = try packer.packAll(
      unsafe encoded.bytes.span.bytes, dtype: tensor.info.dtype, packing: packing)
    encoded.bytes = []
    return PackedBlock(chunks: .made(chunks), encoded: encoded)
  }
}

private final class ScalePacker {
  private var packer: ChunkPacker

  init() throws(WeightsError) { packer = try ChunkPacker() }

  func pack(
    _ scales: [UInt8], dtype: DType, packing: BundlePacking
  ) throws(WeightsError) -> [PackedChunk] {
    try packer.packAll(unsafe scales.span.bytes, dtype: dtype, packing: packing)
  }
}
