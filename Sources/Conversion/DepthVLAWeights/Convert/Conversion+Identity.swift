import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLAJSON
import DVLASafetensors
import DVLATensors

extension Conversion {
  /// What tells this conversion from every other: two that have it write the same bytes. It is
  /// SHA-256 over the documents of the bundle (options, recipe, versions, sources by name, the
  /// ledger), the tensors as they will be stored, what the file system says of each source file,
  /// their headers, and the assets.
  ///
  /// The data of the sources are not read for it. A file whose number, size and times of change are
  /// the same is taken for the same.
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

/// SHA-256 over parts of which each is told from the next.
private struct LabelledHash: ~Copyable {
  private var hash = SHA256()

  mutating func add(_ bytes: [UInt8]) {
    hash.update(Array("\(bytes.count):".utf8))
    hash.update(bytes)
  }

  mutating func add(_ value: JSONValue) { add(Array(value.encoded().utf8)) }

  consuming func finalize() -> Digest { hash.finalize() }
}
