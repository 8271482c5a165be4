import DVLABundles
public import DVLADiagnostics
import DVLAFiles
public import DVLAHashing
import DVLAJSON
public import DVLAQuantization
import DVLARemapping
import DVLASafetensors
public import DVLASigning
public import DVLATensors

/// What a conversion wrote.
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
  /// What an earlier run had done already.
  public let resumption: Resumption

  public struct Resumption: Sendable {
    /// Bytes of tensors that were there and right.
    public internal(set) var keptByteCount = 0
    /// Blocks that the earlier run had noted and whose bytes were not there, or not right.
    public internal(set) var damagedBlockCount = 0
  }
}

extension Conversion {
  /// Writes the bundle, checks it, and gives it its name: reading, converting, compressing and
  /// hashing on all threads, in bounded memory, with the same bytes for any number of them.
  ///
  /// A signature gets its name right before the bundle does, and both or neither: a process that is
  /// killed in between leaves a signature without its bundle, which nobody takes for finished, and
  /// never a bundle that lacks its signature. The recipe and the calibration of a search
  /// (``ConversionOptions/recipeOutput``) get their names before both: there is no bundle that
  /// lacks them.
  ///
  /// With ``ConversionOptions/resumes`` it continues what an earlier run of the same conversion has
  /// left, with every byte checked; and when it is stopped or runs out of room, what it has done
  /// itself is kept.
  ///
  /// - Throws: `quantization.calibration`, `output.is-input`, `convert.resume`,
  ///   `convert.non-finite`, `convert.overflow`,
  ///   `quantization.non-finite`, `file.changed` when a source was written to meanwhile, and what
  ///   reading and writing throw. Nothing is left at the target then.
  public func write(
    to path: String, progress: @escaping WorkProgress.Handler = { _ in }
  ) throws(WeightsError) -> ConversionResult {
    try requireCalibration()
    return try ConversionRun.begin(self, to: path, progress: progress).finish()
  }

  /// - Throws: `output.is-input` when the output is one of the files of a source, or an asset.
  public func protectInputs(from output: String) throws(WeightsError) {
    try InputProtection.check(output, against: assetFiles.map(\.path)) { "the asset \($0.quoted)" }
    for source in sources {
      var inputs = source.checkpoint.files.map(\.file.path)
      if let config = source.config { inputs.append(config.path) }
      if try InputFolder.isFolder(source.path) { inputs += try filesStanding(at: source.path) }
      try InputProtection.check(output, against: inputs) { _ in
        "a file of the source \(source.path.quoted)"
      }
    }
  }
}

/// One run of a conversion: from the unfinished output, new or left by an earlier run, to the
/// bundle under its name.
private struct ConversionRun {
  private let conversion: Conversion
  private let path: String
  private let record: ConversionRecord
  private let output: ResumableOutput
  private let journal: ConversionJournal
  private let signature: SignatureOutput?
  private let recipe: RecipeFiles?
  private let progress: WorkProgress.Handler

  /// Opens what is written: the unfinished bundle with its journal, and the signature.
  static func begin(
    _ conversion: Conversion, to path: String, progress: @escaping WorkProgress.Handler
  ) throws(WeightsError) -> ConversionRun {
    try conversion.protectInputs(from: path)
    let signature = try openSignature(conversion, ofBundle: path)
    let recipe = try conversion.options.recipeOutput.map { (output) throws(WeightsError) in
      try RecipeFiles(output, overwrite: conversion.options.overwrite)
    }
    let record = ConversionRecord(conversion)
    let (output, journal) = try openWork(
      try conversion.identity(record), conversion.options, at: path)
    return ConversionRun(
      conversion: conversion, path: path, record: record, output: output, journal: journal,
      signature: signature, recipe: recipe, progress: progress)
  }

  private static func openSignature(
    _ conversion: Conversion, ofBundle path: String
  ) throws(WeightsError) -> SignatureOutput? {
    let options = conversion.options
    guard let signing = options.signing else { return nil }
    let output = try SignatureOutput(signing, ofBundle: path, overwrite: options.overwrite)
    try conversion.protectInputs(from: output.path)
    return output
  }

  /// The unfinished bundle to write to, with its journal: that of an earlier run, or new ones.
  private static func openWork(
    _ identity: Digest, _ options: ConversionOptions, at path: String
  ) throws(WeightsError) -> (output: ResumableOutput, journal: ConversionJournal) {
    if options.resumes,
      let found = try ConversionJournal.resume(
        identity, path: path, overwrite: options.overwrite)
    {
      found.output.outliveSignals()
      return found
    }
    let output = try ResumableOutput(path: path, overwrite: options.overwrite)
    if options.resumes { output.outliveSignals() }
    return (output, try ConversionJournal(of: identity, on: output))
  }

  /// Writes, checks and signs the bundle, and gives it its name.
  func finish() throws(WeightsError) -> ConversionResult {
    let hashes = SourceHashes.start(for: conversion.sources)
    do throws(WeightsError) {
      let writer = try makeWriter()
      for file in conversion.assetFiles { try writer.append(asset: try file.bytes()) }
      let packing = try Packing(conversion, into: writer, journal).run(progress: progress)
      try readBack(writer)
      let digests = try hashes.wait()
      for source in conversion.sources { try source.checkUnchanged() }
      let (root, statement) = try seal(writer, digests)
      return ConversionResult(
        path: path, byteCount: writer.byteCount, root: root, losses: packing.losses,
        signature: statement.flatMap { statement in
          signature.map { ($0.path, statement) }
        }, resumption: packing.resumption)
    } catch {
      hashes.cancel()
      throw recover(from: error)
    }
  }

  private func makeWriter() throws(WeightsError) -> BundleWriter {
    try BundleWriter(
      to: output.file, documents: record.documents(hashes: nil), assets: conversion.assets,
      plans: conversion.plan.tensors.map { tensor in
        BundleTensorPlan(
          tensor.info, source: record.source(of: tensor),
          quantizationPlaceholder: TensorSummary.widestJSON(tensor))
      }, packing: conversion.options.packing)
  }

  /// Completes the documents, and names the bundle once it was verified and signed.
  private func seal(
    _ writer: BundleWriter, _ digests: [[Digest]]
  ) throws(WeightsError) -> (root: Digest, statement: SignedStatement?) {
    let documents = record.documents(hashes: digests)
    var statement: SignedStatement?
    let root = try writer.finish(
      provenance: documents.provenance, ledger: documents.ledger, after: signature?.file
    ) { (bundle) throws(WeightsError) in
      try SourceMarks(conversion.sources).check(bundle, of: conversion, progress)
      statement = try signature?.write(for: bundle, progress: progress)
      try recipe?.commit()
    }
    return (root, statement)
  }

  /// Checks what was written and not checked while more was packed.
  private func readBack(_ writer: BundleWriter) throws(WeightsError) {
    let byteCount = writer.byteCount
    try writer.readBack(threads: conversion.options.threads) {
      (done, total) throws(WeightsError) in
      try progress(
        WorkProgress(
          phase: "verify", doneByteCount: byteCount * done / total, totalByteCount: byteCount))
    }
  }

  /// Keeps what a later run can continue, and removes the rest.
  ///
  /// - Returns: the error to report.
  private func recover(from error: WeightsError) -> WeightsError {
    signature?.file.discard()
    recipe?.discard()
    if error.code == .convertResume {
      // It belongs to another conversion, and the user decides whether to give it up.
      output.keep()
      return error
    }
    guard conversion.options.resumes, error.leavesWorkSound, !output.file.isInPlace else {
      output.discard()
      return error
    }
    output.keep()
    var error = error
    error.remedies.append(.resume)
    return error
  }
}

extension WeightsError {
  /// Whether what was done so far is still good: the device failed, or is full, or the bundle could
  /// not get its name.
  fileprivate var leavesWorkSound: Bool {
    [.fileNoSpace, .fileWrite, .fileRead, .fileCannotCreate, .fileExists, .filePermission]
      .contains(code)
  }
}
