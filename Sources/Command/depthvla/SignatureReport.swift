import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLASigning
import DepthVLAWeights

/// A signature that was made or verified, for a person and as a document.
struct SignatureReport {
  let path: String
  let key: PublicKey
  let statement: SignedStatement

  init(path: String, key: PublicKey, statement: SignedStatement) {
    self.path = path
    self.key = key
    self.statement = statement
  }

  init(_ signature: VerifiedSignature) {
    self.init(path: signature.path, key: signature.key, statement: signature.statement)
  }

  /// - Parameter verb: what was done with the key.
  func words(_ verb: String) -> String {
    let release = statement.release.map { ", as release \($0)" } ?? ""
    return "\(path.escapedForTerminal): \(verb) with the \(key)\(release)\n"
  }

  var json: JSONValue { document.json }

  func json(bundle: String) -> JSONValue {
    .object(JSONObject([("bundle", .string(bundle))] + document.members))
  }

  private var document: SignatureDocument {
    SignatureDocument(path: path, key: key, statement: statement)
  }
}
