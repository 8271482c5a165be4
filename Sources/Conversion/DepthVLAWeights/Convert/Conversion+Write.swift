import DVLABundles
public import DVLADiagnostics
import DVLAFiles
public import DVLAHashing
public import DVLAQuantization
import DVLARemapping
public import DVLASigning
public import DVLATensors

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
  /// never a bundle that lacks its signature.
  ///
  /// With ``ConversionOptions/resumes`` it goes on with what an earlier run of the same conversion
  /// has left, every byte checked; and what it leaves itself, told to stop or out of room, is kept.
  ///
  /// - Throws: `output.is-input`, `convert.resume`, `convert.non-finite`, `convert.overflow`,
  ///   `quantize.non-finite`, `file.changed` when a source was written to meanwhile, and what
  ///   reading and writing throw. Nothing is left at the target then.
  public func write(
    to path: String, progress: @escaping WorkProgress.Handler = { _ in }
  ) throws(WeightsError) -> ConversionResult {
    try InputProtection.check(path, sources: sources, assets: assetFiles)
    let signature = try signatureOutput(ofBundle: path)
    let record = ConversionRecord(self)
    let (output, journal) = try work(at: path, record)
    let hashes = SourceHashes(sources)
    do throws(WeightsError) {
      let writer = try BundleWriter(
        to: output.file, documents: record.documents(hashes: nil), assets: assets,
        plans: plan.tensors.map { tensor in
          BundleTensorPlan(
            tensor.info, source: record.source(of: tensor),
            quantizationPlaceholder: TensorSummary.widestJSON(tensor))
        }, packing: options.packing)
      for file in assetFiles { try writer.append(asset: try file.bytes()) }
      let packing = try Packing(self, into: writer, journal).run(progress: progress)
      let digests = try hashes.wait()
      for source in sources { try source.checkUnchanged() }
      let documents = record.documents(hashes: digests)
      var statement: SignedStatement?
      let root = try writer.finish(
        provenance: documents.provenance, ledger: documents.ledger, after: signature?.file
      ) { (temporary) throws(WeightsError) in
        let bundle = try verifiedBundle(temporary, progress)
        try SourceMarks(sources).check(bundle, of: self, progress)
        statement = try signature?.write(for: bundle, progress: progress)
      }
      return ConversionResult(
        path: path, byteCount: writer.byteCount, root: root, losses: packing.losses,
        signature: statement.flatMap { statement in
          signature.map { ($0.path, statement) }
        }, resumption: packing.resumption)
    } catch {
      hashes.cancel()
      signature?.file.discard()
      if error.code == .convertResume {
        // What is there is the user's to give up.
        output.keep()
        throw error
      }
      guard options.resumes, error.leavesWorkSound, !output.file.isInPlace else {
        output.discard()
        throw error
      }
      output.keep()
      var error = error
      error.message += "; what is done is kept, and --resume goes on from there"
      throw error
    }
  }

  /// The unfinished bundle to write to, with its journal.
  private func work(
    at path: String, _ record: ConversionRecord
  ) throws(WeightsError) -> (output: ResumableOutput, journal: ConversionJournal) {
    let identity = try identity(record)
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

  private func signatureOutput(ofBundle path: String) throws(WeightsError) -> SignatureOutput? {
    guard let signing = options.signing else { return nil }
    let output = try SignatureOutput(signing, ofBundle: path, overwrite: options.overwrite)
    try InputProtection.check(output.path, sources: sources, assets: assetFiles)
    return output
  }

  private func verifiedBundle(
    _ path: String, _ progress: @escaping WorkProgress.Handler
  ) throws(WeightsError) -> WeightBundle {
    let bundle = try WeightBundle(path: path)
    let total = bundle.byteCount
    // The hashes are of bytes that were in memory; the checksum tells whether they arrived.
    let verification = try bundle.verify(threads: options.threads, [.checksum]) { done in
      progress(WorkProgress(phase: "verify", doneByteCount: done, totalByteCount: total))
    }
    if let damage = verification.damages.first { throw damage.error }
    return bundle
  }
}

extension WeightsError {
  /// Whether it says nothing against what was done so far: the device failed, or is full, or does
  /// not give the bundle its name.
  fileprivate var leavesWorkSound: Bool {
    [.fileNoSpace, .fileWrite, .fileRead, .fileCannotCreate, .fileExists, .filePermission]
      .contains(code)
  }
}
