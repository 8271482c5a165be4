import DVLABundles
import DVLADiagnostics
import DVLAGates
import DVLAHashing
import DVLAJSON
import DVLASigning

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

  var json: JSONValue {
    [
      "path": .string(path), "passed": .bool(statement.passed), "verified": .bool(key != nil),
      "algorithm": key.map { .string($0.algorithm.rawValue) } ?? .null,
      "key": key.map { .string($0.fingerprint) } ?? .null,
      "sha256": .string(statement.subject.fileHash.hex),
      "root": .string(statement.subject.root.hex),
      "budget_sha256": .string(statement.budget.digest.hex),
      "observations_sha256": .string(statement.observations.digest.hex),
      "reference_root": statement.reference.root.map { .string($0.hex) } ?? .null,
    ]
  }
}
