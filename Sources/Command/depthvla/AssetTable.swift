import DVLABundles
import DVLADiagnostics
import DVLAJSON

/// The files that travel with tensors, for a person and as a document.
struct AssetTable {
  private let rows: [(name: String, role: BundleAsset.Role, byteCount: Int)]

  init(_ rows: [(name: String, role: BundleAsset.Role, byteCount: Int)]) { self.rows = rows }

  /// A line for each; nothing where there are none.
  var words: String {
    guard !rows.isEmpty else { return "" }
    var text = "  \(rows.count) asset\(rows.count == 1 ? "" : "s")\n"
    for row in rows {
      text +=
        "    \(Units.bytes(row.byteCount).leftPadded(9))  \(row.role.rawValue.padded(23))  "
        + "\(row.name.escapedForTerminal)\n"
    }
    return text
  }

  var json: JSONValue {
    .array(
      rows.map {
        [
          "name": .string($0.name), "role": .string($0.role.rawValue),
          "bytes": .integer(Int64($0.byteCount)),
        ]
      })
  }
}
