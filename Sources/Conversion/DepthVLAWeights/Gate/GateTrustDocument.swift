public import DVLABundles
public import DVLAGates
import DVLAHashing
public import DVLAJSON
public import DVLASigning

/// A gate's statement about a bundle, as `JSONOutput.md` describes it.
public struct GateTrustDocument: Sendable {
  public let json: JSONValue

  /// - Parameter key: who signed it; nil where that was not checked.
  public init(path: String, statement: GateStatement, key: PublicKey?) {
    json = [
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

  public init(_ gate: VerifiedGate) {
    self.init(path: gate.path, statement: gate.statement, key: gate.key)
  }
}
