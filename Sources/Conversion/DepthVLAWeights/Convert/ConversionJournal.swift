import DVLABundles
public import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLAJSON
import DVLASafetensors
import DVLATensors

/// What a conversion has done so far, in a file beside the unfinished bundle: first what conversion
/// it is, then a record for each block, in their order. Each part is preceded by its length
/// and its checksum, so that an end that was not written whole is recognised.
///
/// Nothing in it is believed. A record is used where its checksum fits, and a block where its
/// stored bytes fit the SHA-256 of the record; any other block is made again. Records are read one
/// at a time, so that memory stays bounded.
final class ConversionJournal: Sendable {
  private let output: ResumableOutput
  /// Where the records are that were found at the start.
  private let found: [Range<Int>]

  private static let word = Array("depthvla-journal-1\n".utf8)
  /// Length and checksum.
  private static let headByteCount = 16

  /// How many blocks another run has noted.
  var foundCount: Int { found.count }

  /// Begins a journal.
  ///
  /// - Throws: `file.*`.
  init(of identity: Digest, on output: ResumableOutput) throws(WeightsError) {
    self.output = output
    found = []
    try output.note(Self.sealed(Self.word + identity.bytes, at: 0))
  }

  private init(_ output: ResumableOutput, _ found: [Range<Int>]) {
    self.output = output
    self.found = found
  }

  /// Goes on with the work that has come furthest among what runs have left, and removes the rest.
  ///
  /// - Returns: nil where nothing is left.
  /// - Throws: `convert.resume` where all that is left is of other conversions; `file.*`.
  static func resume(
    _ identity: Digest, path: String, overwrite: Bool
  ) throws(WeightsError) -> (output: ResumableOutput, journal: ConversionJournal)? {
    let left = try UnfinishedOutput.all(path: path, overwrite: overwrite)
    var best: (work: UnfinishedOutput, contents: Contents)?
    for work in left {
      guard let contents = try Contents(work, identity) else { continue }
      if contents.records.count >= best?.contents.records.count ?? 0 { best = (work, contents) }
    }
    guard let best else {
      // A run that was killed before it began its journal has left nothing worth a word.
      for work in left where try work.noted(0..<1) != nil {
        throw WeightsError(
          .convertResume, .cannotCreate, file: path,
          "the unfinished work there belongs to another conversion: its sources, its options, or the "
            + "version of depthvla or libzstd differ", remedies: [.startOver])
      }
      return nil
    }
    for work in left where work != best.work { work.remove() }
    let output = try best.work.resume(
      journalByteCount: best.contents.byteCount, fileByteCount: best.contents.fileByteCount)
    return (output, ConversionJournal(output, best.contents.records))
  }

  /// The record of a block whose stored bytes are all there; nil for one that has to be made. Safe
  /// to call from several threads.
  ///
  /// - Throws: `file.read`.
  func intact(_ index: Int) throws(WeightsError) -> JournalRecord? {
    guard index < found.count, let bytes = try output.noted(found[index]),
      let record = JournalRecord(bytes)
    else { return nil }
    var start = record.place
    for chunk in record.chunks {
      let end = start + chunk.storedByteCount
      guard let stored = try output.written(start..<end), chunk.fits(stored) else { return nil }
      start = end
    }
    return record
  }

  /// Adds the record of the next block.
  ///
  /// - Throws: `file.*`.
  func note(_ record: JournalRecord, ofBlock index: Int) throws(WeightsError) {
    try output.note(Self.sealed(record.bytes, at: index + 1))
  }

  /// A part of the journal. The checksum covers which part it is.
  private static func sealed(_ bytes: [UInt8], at index: Int) -> [UInt8] {
    word(UInt64(bytes.count)) + word(checksum(bytes, at: index)) + bytes
  }

  private static func checksum(_ bytes: [UInt8], at index: Int) -> UInt64 {
    XXH3.hash(word(UInt64(index)) + bytes)
  }

  private static func word(_ number: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(number, .littleEndian)
    return bytes
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    UInt64(bytes: bytes, .littleEndian)
  }

  /// What of a journal is sound.
  private struct Contents {
    var records: [Range<Int>] = []
    /// Bytes of the journal up to the end of the last record.
    private(set) var byteCount = 0
    /// Bytes of the bundle up to the end of the last block.
    private(set) var fileByteCount = 0

    /// Nil where it is the journal of another conversion.
    init?(_ work: UnfinishedOutput, _ identity: Digest) throws(WeightsError) {
      guard let first = try next(work, 0),
        try work.noted(first) == ConversionJournal.word + identity.bytes
      else { return nil }
      byteCount = first.upperBound
      while let range = try next(work, records.count + 1), let bytes = try work.noted(range),
        let record = JournalRecord(bytes)
      {
        records.append(range)
        byteCount = range.upperBound
        fileByteCount = record.end
      }
    }

    private func next(
      _ work: UnfinishedOutput, _ index: Int
    ) throws(WeightsError) -> Range<Int>? {
      let start = byteCount + headByteCount
      guard let head = try work.noted(byteCount..<start) else { return nil }
      let count = number(head[..<8])
      guard count <= UInt64(JournalRecord.largestByteCount) else { return nil }
      let range = start..<start + Int(count)
      guard let bytes = try work.noted(range), checksum(bytes, at: index) == number(head[8...])
      else { return nil }
      return range
    }
  }
}

extension Conversion {
  /// What distinguishes this conversion from every other: two with the same one write the same
  /// bytes. It is SHA-256 over the documents of the bundle (options, recipe, versions, sources by
  /// name, the ledger), the tensors as they will be stored, what the file system says of each
  /// source file, their headers, and the assets.
  ///
  /// The data of the sources are not read for it: a file whose number, size and times of change are
  /// the same counts as the same.
  ///
  /// - Throws: `file.*` for assets that cannot be read.
  func identity(_ record: ConversionRecord) throws(WeightsError) -> Digest {
    var hash = LabelledHash()
    let documents = record.documents(hashes: nil)
    hash.add([
      .string(documents.family), documents.configuration, documents.recipe, documents.provenance,
      documents.ledger, .string("\(options.packing)"),
      .integer(Int64(BlockEncoder.blockByteCount)), .integer(Int64(BundleLayout.chunkByteCount)),
    ])
    for tensor in plan.tensors {
      hash.add([
        .string(tensor.info.name.string), .string(tensor.info.dtype.rawValue),
        .array(tensor.info.shape.dimensions.map { .integer(Int64($0)) }),
        .string(tensor.sourceDType.rawValue), record.source(of: tensor),
        TensorSummary.widestJSON(tensor) ?? .null,
      ])
    }
    for file in sources.flatMap(\.checkpoint.files) {
      hash.add(.array(file.file.fingerprint.map { .integer($0) }))
      hash.add(try file.file.bytes(at: 0, count: file.header.dataStart))
    }
    for file in assetFiles {
      // The header says all of it, so that the data begin elsewhere under another name.
      hash.add([
        .string(file.plan.name), .string(file.plan.role.rawValue), .string(file.plan.source),
      ])
      hash.add(Array(SHA256.hash(try file.bytes()).bytes))
    }
    return hash.finalize()
  }
}

/// SHA-256 over parts, each behind its length, so that no two lists of parts have the same bytes.
private struct LabelledHash: ~Copyable {
  private var hash = SHA256()

  mutating func add(_ bytes: [UInt8]) {
    hash.update(Array("\(bytes.count):".utf8))
    hash.update(bytes)
  }

  mutating func add(_ value: JSONValue) { add(Array(value.encoded().utf8)) }

  consuming func finalize() -> Digest { hash.finalize() }
}

extension WeightsError.Code {
  /// What is left to go on with is of another conversion.
  public static let convertResume = Self("convert.resume")
}
