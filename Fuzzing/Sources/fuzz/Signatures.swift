import DVLADiagnostics
import DVLAGates
import DVLAHashing
import DVLAJSON

@testable import DVLASigning

extension FuzzTarget {
  /// What lies beside a bundle and says that it is to be trusted.
  static let signatures = [
    FuzzTarget("signature") { (bytes) throws(WeightsError) in
      let file = try SignatureFile(bytes)
      guard let again = try? SignatureFile(file.bytes) else {
        // What escapes make longer may exceed the limit.
        return demand(file.bytes.count > SignatureFile.byteCountLimit, "what is written to be read")
      }
      demand(again.bytes == file.bytes, "what is written to say the same")
      try demandRefusal { () throws(WeightsError) in _ = try file.verify(trusting: [stranger]) }
    },
    // As if the signer were the attacker.
    FuzzTarget("statement") { (bytes) throws(WeightsError) in
      let statement = try SignedStatement(bytes)
      demand(statement.release.map { SignedStatement.releases.contains($0) } ?? true, "a release")
      let text = Array(statement.json.encoded().utf8)
      guard let again = try? SignedStatement(text) else {
        return demand(text.count > SignatureFile.byteCountLimit, "what is written to be read")
      }
      demand(again == statement, "the statement that is written to say the same")
    },
    FuzzTarget("gate") { (bytes) throws(WeightsError) in
      let file = try GateFile(bytes)
      try demandRefusal { () throws(WeightsError) in _ = try file.verify(trusting: [stranger]) }
    },
    // As if the gate were the attacker.
    FuzzTarget("gate-statement") { (bytes) throws(WeightsError) in
      let statement = try GateStatement(bytes)
      demand(
        statement.passed == statement.judgements.allSatisfy { $0.limit.admits($0.judged) },
        "the verdict to follow from the numbers")
      let text = Array(statement.json.encoded().utf8)
      guard let again = try? GateStatement(text) else {
        return demand(text.count > GateFile.byteCountLimit, "what is written to be read")
      }
      demand(again == statement, "the statement that is written to say the same")
    },
    FuzzTarget("public-key") { (bytes) throws(WeightsError) in
      let key = try PublicKey(pem: bytes)
      demand(key.fingerprint.utf8.count == 64, "a fingerprint")
      demand(!key.verifies([0x30, 0], of: bytes), "no signature of nothing")
    },
  ]

  /// Made for this and thrown away: its private half signed nothing.
  private static let stranger = try! PublicKey(
    pem: Array(
      """
      -----BEGIN PUBLIC KEY-----
      MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEzUqjQDCcl+f/WdVnQz81tj9UtXxw
      9qX6fK2sJFIinon1sUD/q4Yy3NrSFzYuLAxIWuOvBZrfNWFL0MYKzte0gw==
      -----END PUBLIC KEY-----

      """.utf8))
}

/// A file that no trusted key signed is refused before its payload is read.
private func demandRefusal(
  _ verify: () throws(WeightsError) -> Void
) throws(WeightsError) {
  do throws(WeightsError) { try verify() } catch {
    demand(
      error.code == .signatureKey || error.code == .signatureInvalid,
      "nothing of the payload to be read: \(error)")
    throw error
  }
  demand(false, "no signature of a key that signed nothing")
}
