public import DVLADiagnostics
import DVLAFiles
public import DVLAJSON
public import DVLAParity

/// A file that a person writes and names: a manifest, a recipe, tolerances.
public enum UserDocument {
  /// Thousands of rules have some hundred kilobytes.
  private static let byteCountLimit = 4 << 20

  /// - Throws: `file.*`, `file.too-large` among them.
  public static func text(of path: String) throws(WeightsError) -> [UInt8] {
    try readWholeFile(path: path, limit: byteCountLimit)
  }

  /// - Throws: as ``text(of:)``; `json.*`.
  public static func json(of path: String) throws(WeightsError) -> JSONValue {
    try StrictJSON.parse(text(of: path), limits: .document)
  }
}

extension Tolerances {
  /// Those of a file; those built in where there is none.
  ///
  /// - Throws: as ``init(json:)``, ``UserDocument/json(of:)``.
  public init(file: String?) throws(WeightsError) {
    guard let file else {
      self = try .embedded()
      return
    }
    self = try inFile(file) { () throws(WeightsError) in
      try Tolerances(json: UserDocument.json(of: file))
    }
  }
}
