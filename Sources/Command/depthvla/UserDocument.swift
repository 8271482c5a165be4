import DVLADiagnostics
import DVLAFiles
import DVLAJSON

/// A file that a person writes and names on the command line: a manifest, a recipe, tolerances.
enum UserDocument {
  /// Thousands of rules have some hundred kilobytes.
  private static let byteCountLimit = 4 << 20

  /// - Throws: `file.*`, `file.too-large` among them.
  static func text(of path: String) throws(WeightsError) -> [UInt8] {
    try readWholeFile(path: path, limit: byteCountLimit)
  }

  /// - Throws: as ``text(of:)``; `json.*`.
  static func json(of path: String) throws(WeightsError) -> JSONValue {
    try StrictJSON.parse(text(of: path), limits: .document)
  }
}
