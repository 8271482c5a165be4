public import DVLABundles
import DVLAHashing
public import DVLAJSON
public import DVLASigning

/// A signature that was made or verified, as `JSONOutput.md` describes it.
public struct SignatureDocument: Sendable {
  public let members: [(String, JSONValue)]
  public var json: JSONValue { .object(JSONObject(members)) }

  public init(path: String, key: PublicKey, statement: SignedStatement) {
    members = [
      ("path", .string(path)), ("algorithm", .string(key.algorithm.rawValue)),
      ("key", .string(key.fingerprint)), ("sha256", .string(statement.fileHash.hex)),
      ("root", statement.root.map { .string($0.hex) } ?? .null),
      ("release", statement.release.map { .integer(Int64($0)) } ?? .null),
    ]
  }

  public init(_ signature: VerifiedSignature) {
    self.init(path: signature.path, key: signature.key, statement: signature.statement)
  }
}
