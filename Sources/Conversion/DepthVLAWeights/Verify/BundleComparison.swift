public import DVLABundles
public import DVLADiagnostics
import DVLAJSON
import DVLAParallelism
public import DVLAQuantization
public import DVLARemapping
public import DVLATensors

/// How a bundle differs from the sources it was made from: every tensor is made again and compared
/// byte for byte, and what conversion lost is measured again.
public struct BundleComparison: Sendable {
  public struct Row: Sendable {
    public let name: TensorName
    public let outcome: Outcome
    /// What conversion lost, measured against the source now; nil where it is lossless.
    public let error: QuantizationError?
  }

  public enum Outcome: Sendable, Equatable {
    /// The source bit for bit.
    case exact
    /// The bytes that the recipe makes of the source.
    case asConverted
    /// It came quantized, and the source is not: what was lost on the way is measured.
    case measured
    /// Other bytes than the recipe makes of the source.
    case different(firstByte: Int)
  }

  public let rows: [Row]
  /// The bundle's assets, in its order.
  public let assets: [AssetComparison]
  /// What the sources have beside their weights and the bundle lacks; it does not count as a
  /// difference.
  public let lackingAssets: [LackingAsset]
  /// Where the bundle says otherwise than these sources of how it was made: the first difference of
  /// each document and tensor. No difference of the weights: the same tensors may have come from
  /// other files, or by an earlier version of the program.
  public let recordDifferences: [DocumentDifference]

  /// Whether tensors and assets are those that the sources give. Assets that no source has are no
  /// difference.
  public var isEqual: Bool { differences.isEmpty && !assets.contains { $0.differs } }

  public var differences: [Row] {
    rows.filter { if case .different = $0.outcome { true } else { false } }
  }
}

extension BundleComparison {
  /// Opens sources as they were opened when the bundle was made: of several copies of a model, the
  /// one that was chosen then.
  ///
  /// - Throws: what opening and recognising throw; `bundle.record`.
  public static func sources(
    at paths: [String], of bundle: WeightBundle, library: ManifestLibrary
  ) throws(WeightsError) -> [ImportedSource] {
    var left = try BundleRecord(bundle).chosenPrefixes
    var sources: [ImportedSource] = []
    for path in paths {
      var source: ImportedSource?
      for (position, choice) in left.enumerated() {
        let opened = try? ImportedSource(path: path, library: library, prefix: choice.prefix)
        guard let opened, opened.family == choice.family else { continue }
        source = opened
        left.remove(at: position)
        break
      }
      if let source {
        sources.append(source)
      } else {
        sources.append(try ImportedSource(path: path, library: library))
      }
    }
    return sources
  }

  /// Converts the sources again, compares every tensor with the bundle's, and measures what
  /// conversion lost.
  ///
  /// - Parameters:
  ///   - sources: those the bundle was made from, in any order.
  ///   - threads: how many to compare on.
  /// - Throws: `verify.sources` when a source is missing, or one too many, or they give other
  ///   tensors than the bundle has; `verify.configuration`; `file.changed` when a source was
  ///   written to meanwhile; what planning and reading throw.
  public static func compare(
    _ bundle: WeightBundle, against sources: [ImportedSource], library: ManifestLibrary,
    threads: Int,
    progress: WorkProgress.Handler = { _ in }
  ) throws(WeightsError) -> BundleComparison {
    let record = try BundleRecord(bundle)
    let ordered = try record.ordered(sources, library: library)
    let options = try record.options(threads: threads)
    let conversion: Conversion
    do throws(WeightsError) {
      conversion = try Conversion(sources: ordered, options: options, library: library)
    } catch {
      if error.code == .remapAsk { throw sourcesThatSayLess(error, bundle) }
      // The options are the bundle's own, so no option can supply what is missing.
      var error = error.inFile(bundle.path)
      if error.kind == .usage { error.kind = .malformed }
      error.remedies = []
      throw error
    }
    try checkConfiguration(of: bundle, against: conversion)
    let (assets, lacking) = try AssetComparison.compare(
      bundle, given: record.givenAssets, against: conversion.usedSources,
      families: library.families)
    let documents = try DocumentLedger(
      of: bundle, from: conversion.usedSources, given: record.givenAssets, library: library)
    return try compare(
      bundle, assets: assets, lacking: lacking, documents: documents, withRepeated: conversion,
      progress: progress)
  }

  /// Makes every tensor of a conversion again and compares it with the bundle's.
  ///
  /// - Throws: `verify.sources` where the bundle has others; `file.changed`; what reading throws.
  static func compare(
    _ bundle: WeightBundle, assets: [AssetComparison] = [], lacking: [LackingAsset] = [],
    documents: DocumentLedger? = nil, withRepeated conversion: Conversion,
    progress: WorkProgress.Handler
  ) throws(WeightsError) -> BundleComparison {
    let hashes = SourceHashes.start(for: conversion.sources)
    do throws(WeightsError) {
      let readers = try conversion.readers()
      let measurement = try QuantizationMeasurement(bundle, against: conversion)
      var rows = try measurement.measure(bundle, readers)
      try requireTensors(of: conversion, in: bundle, except: measurement)
      let made = try makeAgain(conversion, except: measurement, bundle, readers, progress)
      rows.merge(made.rows) { _, row in row }
      let digests = try hashes.wait()
      // A bundle's own chunks are checked as they are read.
      for source in conversion.sources { try source.checkUnchanged() }
      let record = RecordComparison(
        bundle, conversion, hashes: digests, documents: documents ?? conversion.documents,
        losses: made.losses)
      return BundleComparison(
        rows: try ordered(rows, as: bundle), assets: assets, lackingAssets: lacking,
        recordDifferences: record.differences.filter { difference in
          // Of a tensor that was measured, the outcome says how it was made.
          !difference.place.hasPrefix("tensors.") || measurement.isEmpty
        })
    } catch {
      hashes.cancel()
      throw error
    }
  }

  /// - Parameter question: what a user could answer when converting, and not here.
  private static func sourcesThatSayLess(
    _ question: WeightsError, _ bundle: WeightBundle
  ) -> WeightsError {
    WeightsError(
      .verifySources, .checkFailed, file: question.file ?? bundle.path,
      "\(question.message); give exactly the checkpoints that the bundle was made from, each with "
        + "its config.json")
  }

  private static func requireTensors(
    of conversion: Conversion, in bundle: WeightBundle, except measurement: QuantizationMeasurement
  ) throws(WeightsError) {
    for tensor in conversion.plan.tensors where !measurement.covers(tensor.info.name) {
      let found = bundle.info(of: tensor.info.name)
      guard found != tensor.info else { continue }
      throw WeightsError(
        .verifySources, .checkFailed, file: bundle.path, tensor: tensor.info.name.string,
        "the sources give \(tensor.info.dtype.rawValue) \(tensor.info.shape), the bundle has "
          + (found.map { "\($0.dtype.rawValue) \($0.shape)" } ?? "no such tensor"))
    }
  }

  /// - Returns: a row for each tensor that is made again, and what the bundle should record of its
  ///   losses.
  private static func makeAgain(
    _ conversion: Conversion, except measurement: QuantizationMeasurement, _ bundle: WeightBundle,
    _ readers: TensorReaders, _ progress: WorkProgress.Handler
  ) throws(WeightsError) -> (rows: [TensorName: Row], losses: [TensorName: JSONValue]) {
    let plan = conversion.plan
    let blocks = plan.blocks.filter { !measurement.covers(plan.tensors[$0.tensor].info.name) }
    var rows: [TensorName: Row] = [:]
    var losses: [TensorName: JSONValue] = [:]
    var state = TensorComparison()
    var done = 0
    let total = bundle.tensors.reduce(0) { $0 + $1.byteCount }
    try OrderedWork.run(
      items: blocks.count, threads: conversion.options.threads,
      makeScratch: { () throws(WeightsError) -> BlockEncoder in BlockEncoder() },
      work: { (index, encoder) throws(WeightsError) -> ComparedBlock in
        let block = blocks[index]
        let tensor = plan.tensors[block.tensor]
        var made = try encoder.encode(
          tensor, block.range, from: try readers.reader(for: tensor.planned))
        let firstDifference = try bundle.firstDifference(
          tensor.info.name, at: block.range.lowerBound, from: made.bytes)
        made.bytes = []
        return ComparedBlock(encoded: made, firstDifference: firstDifference)
      },
      consume: { (index, compared) throws(WeightsError) in
        let block = blocks[index]
        let tensor = plan.tensors[block.tensor]
        state.add(compared)
        done += block.range.count
        try progress(WorkProgress(phase: "compare", doneByteCount: done, totalByteCount: total))
        guard block.isLast else { return }
        rows[tensor.info.name] = state.row(tensor)
        losses[tensor.info.name] = state.summary.json(tensor)
        if case .int8 = tensor.content {
          let scales = plan.tensors[block.tensor + 1].info.name
          let difference = try bundle.firstDifference(
            scales, at: 0, from: state.summary.scales)
          rows[scales] = Row(
            name: scales, outcome: difference.map { .different(firstByte: $0) } ?? .asConverted,
            error: nil)
        }
        state = TensorComparison()
      })
    return (rows, losses)
  }

  private static func ordered(
    _ rows: [TensorName: Row], as bundle: WeightBundle
  ) throws(WeightsError) -> [Row] {
    var ordered: [Row] = []
    for info in bundle.tensors {
      guard let row = rows[info.name] else {
        throw WeightsError(
          .verifySources, .checkFailed, file: bundle.path, tensor: info.name.string,
          "the bundle has it, but the sources do not give it")
      }
      ordered.append(row)
    }
    return ordered
  }
}

private struct ComparedBlock: Sendable {
  let encoded: EncodedBlock
  let firstDifference: Int?
}

private struct TensorComparison {
  var summary = TensorSummary()
  var firstDifference: Int?

  mutating func add(_ block: ComparedBlock) {
    summary.add(block.encoded)
    firstDifference = firstDifference ?? block.firstDifference
  }

  func row(_ tensor: StoredTensor) -> BundleComparison.Row {
    let outcome: BundleComparison.Outcome =
      if let firstDifference { .different(firstByte: firstDifference) } else if tensor.isLossless {
        .exact
      } else { .asConverted }
    return BundleComparison.Row(
      name: tensor.info.name, outcome: outcome,
      error: tensor.isLossless ? nil : QuantizationError(summary.errors))
  }
}

extension TensorSource {
  /// The first byte of the tensor, from `start` on, that is not the expected one; nil when all
  /// are.
  fileprivate func firstDifference(
    _ name: TensorName, at start: Int, from expected: [UInt8]
  ) throws(WeightsError) -> Int? {
    var found = [UInt8](repeating: 0, count: expected.count)
    try found.withBytes(expected.count) { (bytes) throws(WeightsError) in
      try read(name, at: start, into: &bytes)
    }
    guard found != expected else { return nil }
    return zip(found, expected).enumerated().first { $0.1.0 != $0.1.1 }.map { start + $0.0 }
  }
}

extension WeightsError.Code {
  /// The sources are not those the bundle was made from.
  public static let verifySources = Self("verify.sources")
}
