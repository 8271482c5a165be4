import DVLABundles
import DVLADiagnostics
import DVLAGates
import DVLAJSON
import DVLASigning
import DepthVLAWeights

/// The statement of a gate about a bundle, for a person and as a document.
struct GateTrustReport {
  let path: String
  let statement: GateStatement
  /// Who signed it; nil where that was not checked.
  let key: PublicKey?

  init(path: String, statement: GateStatement, key: PublicKey?) {
    self.path = path
    self.statement = statement
    self.key = key
  }

  init(_ gate: VerifiedGate) {
    self.init(path: gate.path, statement: gate.statement, key: gate.key)
  }

  var words: String {
    let verdict = statement.passed ? "passed" : "DID NOT PASS"
    let count = statement.budget.limits.count
    let limits = "\(count) limit\(count == 1 ? "" : "s")"
    let observations = statement.observations.count
    let set = "\(observations) observation\(observations == 1 ? "" : "s")"
    let signer = key.map { "signed with the \($0)" } ?? "whose signature was not checked"
    return "\(path.escapedForTerminal): a gate that \(verdict) \(limits) on \(set), \(signer)\n"
  }

  var json: JSONValue { GateTrustDocument(path: path, statement: statement, key: key).json }
}
