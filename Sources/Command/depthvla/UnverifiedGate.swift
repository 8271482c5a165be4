import DVLADiagnostics
import DVLAFiles
import DVLAGates
import DVLAHashing
import DVLAJSON

/// What a statement beside a bundle says, whoever wrote it. `verify --require-gate` believes it or
/// not.
struct UnverifiedGate {
  private let path: String
  private let statement: Result<GateStatement, WeightsError>

  /// Nil where no file has the name.
  init?(besideBundle bundle: String) {
    let path = GateFile.path(ofBundle: bundle)
    guard (try? FileIdentity(path: path)) != nil else { return nil }
    self.path = path
    statement = Result { () throws(WeightsError) in
      try GateFile(path: path).unverifiedStatement()
    }
  }

  func words(ofBundleWithRoot root: String?) -> String {
    switch statement {
    case .success(let statement):
      let other = statement.subject.root.hex == root ? "" : "  note: it is about another bundle\n"
      return GateTrustReport(path: path, statement: statement, key: nil).words + other
    case .failure(let error):
      return "note: no sound statement of a gate: \(error)\n"
    }
  }

  var json: JSONValue {
    switch statement {
    case .success(let statement):
      GateTrustReport(path: path, statement: statement, key: nil).json
    case .failure(let error):
      [
        "path": .string(path),
        "problem": [
          "code": .string(error.code.rawValue), "message": .string(error.message),
        ],
      ]
    }
  }
}
