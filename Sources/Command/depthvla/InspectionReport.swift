import DVLADiagnostics
import DVLAJSON
import DVLAQuantization
import DVLARemapping
import DVLATensors
import DepthVLAWeights

/// An inspection for a person and as a document.
struct InspectionReport {
  private let inspection: Inspection
  /// The statement beside a bundle; nil where none is.
  private let gate: UnverifiedGate?

  init(_ inspection: Inspection, gate: UnverifiedGate?) {
    self.inspection = inspection
    self.gate = gate
  }

  func words(listingTensors: Bool, listingLedger: Bool) -> String {
    var text = "\(inspection.path.escapedForTerminal): \(identity)\n"
    let files = inspection.files.count
    text +=
      "  \(inspection.tensors.count) tensors, \(Units.count(inspection.parameterCount)) "
      + "parameters, \(Units.bytes(inspection.byteCount)) in \(files) file\(files == 1 ? "" : "s")\n"
    if let words = inspection.wrapping.words { text += "  \(words.escapedMessage)\n" }
    for (reason, count) in inspection.aside {
      let tensors = count == 1 ? "1 tensor is" : "\(count) tensors are"
      text += "  \(tensors) not read: \(reason.escapedMessage)\n"
    }
    for group in inspection.dtypes {
      text +=
        "  \(group.dtype.rawValue.padded(8)) \(Units.bytes(group.byteCount).leftPadded(9))  in "
        + "\(group.tensorCount) tensors\n"
    }
    text += AssetTable(inspection.assets.map { ($0.name, $0.role, $0.byteCount) }).words
    if let robot = inspection.robot { text += RobotReport(robot).words(indent: "  ") }
    for remark in inspection.remarks { text += "  note: \(remark)\n" }
    text += LedgerTable(inspection.documents).unknownWords
    text += provenance
    if let gate { text += "  " + gate.words(ofBundleWithRoot: inspection.root) }
    text += LossTable(inspection.losses.map { ($0.name, $0.error) }).words
    if let problem = inspection.problem {
      text += "  \(problem.message(in: "inspect").escapedMessage)\n"
      for line in problem.shownDetails { text += "    \(line.escapedMessage)\n" }
    }
    if listingTensors {
      for tensor in inspection.tensors {
        text +=
          "  \(tensor.dtype.rawValue.padded(8)) \(tensor.shape.description.padded(20)) "
          + "\(tensor.name.string.escapedForTerminal)\n"
      }
    }
    if listingLedger { text += LedgerTable(inspection.documents).words(inspection.ledger) }
    return text
  }

  /// What a bundle was made with and from.
  private var provenance: String {
    guard let root = inspection.root, let record = inspection.provenance?.object else { return "" }
    var text = "  root \(root)\n"
    if let tool = record["tool"]?.string { text += "  made by \(tool.escapedForTerminal) from\n" }
    for source in record["sources"]?.array ?? [] {
      let family = source.object?["family"]?.string ?? ""
      let naming = source.object?["naming"]?.string ?? ""
      text += "    \(family.escapedForTerminal), \(naming.escapedForTerminal) naming\n"
      for file in source.object?["files"]?.array ?? [] {
        let name = file.object?["name"]?.string ?? ""
        let digest = file.object?["sha256"]?.string ?? ""
        let start = String(String.UnicodeScalarView(digest.unicodeScalars.prefix(16)))
        text += "      \(start.escapedForTerminal)…  \(name.escapedForTerminal)\n"
      }
    }
    return text
  }

  private var identity: String {
    guard let family = inspection.family else { return "not recognised" }
    let variants =
      inspection.variants.isEmpty ? "" : " " + inspection.variants.joined(separator: ", ")
    switch inspection.kind {
    case .bundle: return "\(family.escapedForTerminal)\(variants) bundle"
    case .checkpoint: return "\(family)\(variants), \(inspection.naming ?? "") naming"
    }
  }

  var json: JSONValue {
    .object(
      JSONObject([
        ("path", .string(inspection.path)), ("kind", .string(inspection.kind.rawValue)),
        ("family", inspection.family.map { .string($0) } ?? .null),
        ("naming", inspection.naming.map { .string($0) } ?? .null),
        ("names", inspection.wrapping.json),
        (
          "not_read",
          .array(
            inspection.aside.map {
              ["reason": .string($0.reason), "tensors": .integer(Int64($0.count))]
            })
        ),
        ("variants", .array(inspection.variants.map { .string($0) })),
        ("configuration", inspection.configuration.json),
        ("parameters", .integer(Int64(inspection.parameterCount))),
        ("bytes", .integer(Int64(inspection.byteCount))),
        (
          "files",
          .array(
            inspection.files.map {
              ["name": .string($0.name), "bytes": .integer(Int64($0.byteCount))]
            })
        ),
        (
          "tensors",
          .array(
            inspection.tensors.map { tensor in
              [
                "name": .string(tensor.name.string), "dtype": .string(tensor.dtype.rawValue),
                "shape": .array(tensor.shape.dimensions.map { .integer(Int64($0)) }),
                "bytes": .integer(Int64(tensor.byteCount)),
              ]
            })
        ),
        (
          "assets",
          AssetTable(inspection.assets.map { ($0.name, $0.role, $0.byteCount) }).json
        ),
        ("robot", inspection.robot.map { RobotReport($0).json } ?? .null),
        ("documents", LedgerTable(inspection.documents).json),
        ("ledger", inspection.ledger ?? .null),
        ("root", inspection.root.map { .string($0) } ?? .null),
        ("provenance", inspection.provenance ?? .null), ("gate", gate?.json ?? .null),
        (
          "losses",
          .object(JSONObject(inspection.losses.map { ($0.name.string, $0.error.json) }))
        ),
        ("remarks", .array(inspection.remarks.map { .string($0.description) })),
        ("problem", inspection.problem.map(Self.json) ?? .null),
      ]))
  }

  private static func json(_ error: WeightsError) -> JSONValue {
    [
      "code": .string(error.code.rawValue), "message": .string(error.message(in: "inspect")),
      "details": .array(error.details.map { .string($0) }),
    ]
  }
}
