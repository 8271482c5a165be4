public import DVLABundles
public import DVLADiagnostics
import DVLAJSON
import DVLAParallelism
public import DVLAQuantization
public import DVLARemapping
public import DVLATensors

/// A bundle held against the sources it was made from: every tensor is made again and compared
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
  /// What the sources have beside their weights and the bundle has not, which is no difference.
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

  /// - Parameters:
  ///   - sources: those the bundle was made from, in any order.
  ///   - threads: how many to compare on.
  /// - Throws: `verify.sources` when a source is missing, or one too many, or they give other
  ///   tensors than the bundle has; `verify.configuration`; `file.changed` when a source was
  ///   written to meanwhile; what planning and reading throw.
  public init(
    _ bundle: WeightBundle, against sources: [ImportedSource], library: ManifestLibrary,
    threads: Int,
    progress: WorkProgress.Handler = { _ in }
  ) throws(WeightsError) {
    let record = try BundleRecord(bundle)
    let ordered = try record.ordered(sources, library: library)
    let options = try record.options(threads: threads)
    let conversion: Conversion
    do throws(WeightsError) {
      conversion = try Conversion(sources: ordered, options: options, library: library)
    } catch {
      if error.code == .remapAsk { throw Self.sourcesThatSayLess(error, bundle) }
      // No option comes from the command line: what they ask for, the bundle says.
      var error = error.inFile(bundle.path)
      if error.kind == .usage { error.kind = .malformed }
      throw error
    }
    try Self.checkConfiguration(of: bundle, against: conversion)
    let (assets, lacking) = try AssetComparison.compare(
      bundle, given: record.givenAssets, against: conversion.usedSources,
      families: library.families)
    let documents = try DocumentLedger(
      of: bundle, from: conversion.usedSources, given: record.givenAssets, library: library)
    try self.init(
      bundle, assets: assets, lacking: lacking, documents: documents, repeating: conversion,
      progress: progress)
  }

  /// Makes every tensor again that a conversion has made.
  ///
  /// - Throws: `verify.sources` where the bundle has others; `file.changed`; what reading throws.
  init(
    _ bundle: WeightBundle, assets: [AssetComparison] = [], lacking: [LackingAsset] = [],
    documents: DocumentLedger? = nil, repeating conversion: Conversion,
    progress: WorkProgress.Handler
  ) throws(WeightsError) {
    let hashes = SourceHashes(conversion.sources)
    do throws(WeightsError) {
      try self.init(
        bundle, assets: assets, lacking: lacking, documents: documents ?? conversion.documents,
        conversion, hashes, threads: conversion.options.threads, progress: progress)
    } catch {
      hashes.cancel()
      throw error
    }
  }

  /// - Parameter question: what could be said to a conversion, and not here.
  private static func sourcesThatSayLess(
    _ question: WeightsError, _ bundle: WeightBundle
  ) -> WeightsError {
    let open = question.message.prefix { $0 != ";" }
    return WeightsError(
      .verifySources, .checkFailed, file: question.file ?? bundle.path,
      "\(open), which the bundle's sources did; expected those it was made from, config.json included"
    )
  }

  private init(
    _ bundle: WeightBundle, assets: [AssetComparison], lacking: [LackingAsset],
    documents: DocumentLedger, _ conversion: Conversion, _ hashes: SourceHashes, threads: Int,
    progress: WorkProgress.Handler
  ) throws(WeightsError) {
    let (plan, sources) = (conversion.plan, conversion.sources)
    let readers = try ReaderCache(of: conversion)
    let measurement = try QuantizationMeasurement(bundle, against: conversion)
    let blocks = plan.blocks.filter { !measurement.covers(plan.tensors[$0.tensor].info.name) }
    var rows = try measurement.rows(bundle, readers)
    var losses: [TensorName: JSONValue] = [:]
    var state = TensorComparison()
    var done = 0
    let total = bundle.tensors.reduce(0) { $0 + $1.byteCount }
    for tensor in plan.tensors where !measurement.covers(tensor.info.name) {
      guard let info = bundle.info(of: tensor.info.name), info == tensor.info else {
        throw WeightsError(
          .verifySources, .checkFailed, file: bundle.path, tensor: tensor.info.name.string,
          "the sources give \(tensor.info.dtype.rawValue) \(tensor.info.shape), the bundle has "
            + (bundle.info(of: tensor.info.name).map { "\($0.dtype.rawValue) \($0.shape)" }
              ?? "no such tensor"))
      }
    }
    try OrderedWork.run(
      items: blocks.count, threads: threads,
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
        progress(WorkProgress(phase: "compare", doneByteCount: done, totalByteCount: total))
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
    let digests = try hashes.wait()
    // A bundle's own chunks are checked as they are read.
    for source in sources { try source.checkUnchanged() }
    var ordered: [Row] = []
    for info in bundle.tensors {
      guard let row = rows[info.name] else {
        throw WeightsError(
          .verifySources, .checkFailed, file: bundle.path, tensor: info.name.string,
          "the bundle has it, but the sources do not give it")
      }
      ordered.append(row)
    }
    self.rows = ordered
    self.assets = assets
    lackingAssets = lacking
    recordDifferences =
      RecordComparison(
        bundle, conversion, hashes: digests, documents: documents, losses: losses
      ).differences.filter { difference in
        // The tensor came otherwise than this source gives it, as its outcome says.
        !difference.place.hasPrefix("tensors.") || measurement.isEmpty
      }
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
