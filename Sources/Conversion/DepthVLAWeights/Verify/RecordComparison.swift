import DVLABundles
public import DVLADiagnostics
import DVLAHashing
public import DVLAJSON
import DVLARemapping
import DVLATensors

/// Where a bundle's record of how it was made differs from what making it again gives: the hashes
/// of its sources' files, what became of each of their tensors, what each of its own was made of,
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

extension BundleComparison {
  /// The same weights under other heads, epsilons or scales are another model.
  ///
  /// - Throws: `verify.configuration` when the bundle's is not what the sources give.
  static func checkConfiguration(
    of bundle: WeightBundle, against conversion: Conversion
  ) throws(WeightsError) {
    let (documents, remap) = (bundle.documents, conversion.plan.remap)
    if documents.family != remap.family {
      throw WeightsError(
        .verifyConfiguration, .checkFailed, file: bundle.path,
        "is a \(documents.family.escapedForTerminal) bundle, but the sources make a "
          + "\(remap.family) bundle; give the checkpoints it was made from")
    }
    if let difference = DocumentDifference.first(
      of: documents.configuration, from: remap.configuration.json, at: "configuration")
    {
      throw WeightsError(
        .verifyConfiguration, .checkFailed, file: bundle.path,
        difference.words + "; give the checkpoints it was made from")
    }
  }
}

/// A place where a document in a bundle is not what the sources give.
public struct DocumentDifference: Sendable, Equatable {
  /// Keys and positions from the document on, as in `ledger[0][3].name`.
  public let place: String
  /// What the bundle has there; nil for nothing.
  public let found: JSONValue?
  /// What the sources give; nil for nothing.
  public let expected: JSONValue?

  /// In one line.
  public var words: String {
    guard let found else {
      return "\(place.escapedForTerminal) is missing in the bundle, but is "
        + "\(Self.words(expected)) in the sources"
    }
    guard let expected else {
      return
        "\(place.escapedForTerminal) is \(Self.words(found)) in the bundle, but missing in the "
        + "sources"
    }
    return "\(place.escapedForTerminal) is \(Self.words(found)) in the bundle, but "
      + "\(Self.words(expected)) in the sources"
  }

  /// As much of a value as a message shows.
  public static func words(_ value: JSONValue?) -> String {
    guard let value else { return "nothing" }
    let text = value.encoded()
    return String(text.prefix(200)).escapedForTerminal + (text.count > 200 ? "…" : "")
  }

  /// The first difference of two documents in the order of the expected one.
  ///
  /// - Returns: nil where they encode to the same text.
  static func first(
    of found: JSONValue, from expected: JSONValue, at place: String
  ) -> DocumentDifference? {
    switch (found, expected) {
    case (.object(let a), .object(let b)):
      for (key, value) in b.members {
        let place = "\(place).\(key)"
        guard let other = a[key] else {
          return DocumentDifference(place: place, found: nil, expected: value)
        }
        if let difference = first(of: other, from: value, at: place) { return difference }
      }
      if let extra = a.members.first(where: { b[$0.key] == nil }) {
        return DocumentDifference(
          place: "\(place).\(extra.key)", found: extra.value, expected: nil)
      }
      // The same members in another order.
      return found.encoded() == expected.encoded()
        ? nil : DocumentDifference(place: place, found: found, expected: expected)
    case (.array(let a), .array(let b)):
      for (index, (found, expected)) in zip(a, b).enumerated() {
        if let difference = first(of: found, from: expected, at: "\(place)[\(index)]") {
          return difference
        }
      }
      guard a.count != b.count else { return nil }
      let index = min(a.count, b.count)
      return DocumentDifference(
        place: "\(place)[\(index)]", found: a.dropFirst(index).first,
        expected: b.dropFirst(index).first)
    default:
      // An integer and a number of the same text are one.
      return found == expected || found.encoded() == expected.encoded()
        ? nil : DocumentDifference(place: place, found: found, expected: expected)
    }
  }
}

extension WeightsError.Code {
  /// The configuration of a bundle is not what its sources give.
  public static let verifyConfiguration = Self("verify.configuration")
}
