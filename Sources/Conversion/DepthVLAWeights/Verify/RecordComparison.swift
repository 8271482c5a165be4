import DVLABundles
import DVLAHashing
import DVLAJSON
import DVLATensors

/// What a bundle says of how it was made, held against what making it again says: the hashes of the
/// files of its sources, what became of each of their tensors, what each of its own was made of,
/// and what it lost by that.
struct RecordComparison {
  /// The first difference of each document, and of each tensor.
  private(set) var differences: [DocumentDifference] = []

  /// - Parameters:
  ///   - hashes: of the sources' files, by source.
  ///   - losses: what conversion of each tensor records, where it records anything.
  ///   - documents: the ledger of keys that these sources and the bundle's assets give.
  init(
    _ bundle: WeightBundle, _ conversion: Conversion, hashes: [[Digest]], documents: DocumentLedger,
    losses: [TensorName: JSONValue]
  ) {
    let record = ConversionRecord(conversion)
    let expected = record.documents(hashes: hashes)
    // Versions are those of the program that made it; the options are where this comparison took
    // its own from.
    for key in ["sources", "variants"] {
      compare(
        bundle.documents.provenance.object?[key], expected.provenance.object?[key],
        "provenance.\(key)")
    }
    compare(
      bundle.documents.provenance.object?["documents"], documents.json, "provenance.documents")
    compare(bundle.documents.ledger, expected.ledger, "ledger")
    let planned = Dictionary(
      conversion.plan.tensors.map { ($0.info.name, $0) }, uniquingKeysWith: { first, _ in first })
    for tensor in bundle.bundleTensors {
      guard let plan = planned[tensor.name] else { continue }
      compare(tensor.source, record.source(of: plan), "tensors.\(tensor.name.string).source")
      compare(
        tensor.quantization, losses[tensor.name], "tensors.\(tensor.name.string).quantization")
    }
  }

  private mutating func compare(_ found: JSONValue?, _ expected: JSONValue?, _ place: String) {
    switch (found, expected) {
    case (nil, nil): return
    case (let found?, let expected?):
      if let difference = DocumentDifference.first(of: found, from: expected, at: place) {
        differences.append(difference)
      }
    default:
      differences.append(DocumentDifference(place: place, found: found, expected: expected))
    }
  }
}
