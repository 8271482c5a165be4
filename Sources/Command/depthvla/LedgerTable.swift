import DVLAAccounting
import DVLADiagnostics
import DVLAJSON
import DepthVLAWeights

/// How every source tensor and every key of the documents beside the weights was used, for a person
/// and as a document.
struct LedgerTable {
  private let documents: DocumentLedger

  init(_ documents: DocumentLedger) { self.documents = documents }

  private static let shownCount = 20

  /// A note for each unknown key; empty where all are known.
  var unknownWords: String {
    let unknown = documents.unknown
    var text = ""
    for (document, entry) in unknown.prefix(Self.shownCount) {
      text +=
        "  note: \(document.escapedForTerminal): unknown key "
        + "\(entry.key.quoted) (\(entry.value.escapedForTerminal))\n"
    }
    if unknown.count > Self.shownCount {
      text +=
        "  note: … and \(unknown.count - Self.shownCount) more unknown keys; --json lists all\n"
    }
    return text
  }

  /// - Parameter ledger: of the tensors, as a bundle keeps it.
  func words(_ ledger: JSONValue?) -> String {
    var text = ""
    for (index, source) in (ledger?.array ?? []).enumerated() {
      text += "  tensors of source \(index)\n"
      for entry in source.array ?? [] {
        let name = entry.object?["name"]?.string ?? ""
        text += "    \(name.escapedForTerminal)  \(Self.fate(of: entry))\n"
      }
    }
    for row in documents.rows {
      text += "  keys of \(row.account.document.escapedForTerminal)"
      text += row.source.map { " of source \($0)\n" } ?? ", given by the user\n"
      for entry in row.account.entries {
        text +=
          "    \(entry.key.escapedForTerminal) = \(entry.value.escapedForTerminal)  "
          + "\(Self.fate(entry.fate))\n"
      }
    }
    return text
  }

  var json: JSONValue {
    .array(
      documents.rows.map { row in
        [
          "source": row.source.map { .integer(Int64($0)) } ?? .null,
          "document": .string(row.account.document),
          "keys": row.account.json.object?["keys"] ?? .array([]),
        ]
      })
  }

  private static func fate(_ fate: KeyFate) -> String {
    switch fate {
    case .used(let what): "used: \(what.escapedForTerminal)"
    case .neutral(let reason): "neutral: \(reason.escapedForTerminal)"
    case .fixed: "fixed: the only supported value"
    case .unknown: "unknown"
    }
  }

  private static func fate(of entry: JSONValue) -> String {
    guard let object = entry.object else { return "" }
    if let names = object["used"]?.array {
      return "used: " + names.compactMap(\.string).map(\.escapedForTerminal).joined(separator: ", ")
    }
    for (key, words) in [("tied", "tied to"), ("not_taken", "not taken: component")] {
      if let value = object[key]?.string { return "\(words) \(value.escapedForTerminal)" }
    }
    guard let reason = object["dropped"]?.string else { return "unknown" }
    let kept = object["kept"]?.string.map { ", kept as \($0.escapedForTerminal)" } ?? ""
    return "left out: \(reason.escapedForTerminal)\(kept)"
  }
}
