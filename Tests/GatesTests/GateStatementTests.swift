import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLASigning
import DVLATestSupport
import Foundation
import Testing

@testable import DVLAGates

/// Statements of a gate, and those that contradict themselves.
struct GateStatementTests {
  let key: PrivateKey
  let sample: SampleGate
  init() throws {
    key = try PrivateKey(path: FixtureFolder.path("signing/ed25519.pem"))
    sample = try SampleGate(
      root: SHA256.hash(Array("root".utf8)), fileHash: SHA256.hash(Array("file".utf8)))
  }

  func text() throws -> String { try sample.statement().json.encoded() }

  /// Signs any payload, as somebody with the key could.
  func read(_ payload: String) throws -> GateStatement {
    let envelope = try SignedEnvelope(payload: Array(payload.utf8), by: key)
    return try GateFile(envelope.bytes).verify(trusting: [key.publicKey]).statement
  }

  @Test func whatIsSignedIsWhatIsRead() throws {
    let statement = try sample.statement()
    let file = try GateFile(GateFile(statement, by: key).bytes)
    let (read, signer) = try file.verify(trusting: [key.publicKey])
    #expect(read == statement)
    #expect(signer == key.publicKey)
    #expect(read.passed)
    #expect(read.judgements.map(\.found) == [0.001, 0.03, 1, 0.995, .infinity])
    #expect(read.budget == sample.budget)
    #expect(try file.unverifiedStatement() == statement)
    // Ed25519 draws no random number.
    #expect(try GateFile(statement, by: key).bytes == file.bytes)
    let folder = try ScratchFolder()
    try file.write(to: folder("b.gate"))
    #expect(try folder.bytes(of: "b.gate") == file.bytes)
    #expect(try GateFile(path: folder("b.gate")).bytes == file.bytes)
    expectRefusal("file.exists") { try file.write(to: folder("b.gate")) }
  }

  @Test func theStatementIsInToto() throws {
    let statement = try #require(sample.statement().json.object)
    #expect(statement["_type"] == "https://in-toto.io/Statement/v1")
    let subject = try #require(statement["subject"]?.array?.first?.object)
    #expect(subject["name"] == "robot.dvla.safetensors")
    // SHA-256 of "file" and of "root", by sha256sum.
    #expect(
      subject["digest"] == [
        "sha256": "3b9c358f36f0a31b6ad3e14f309c7cf198ac9246e8316f9ce543d5b19ac02b80",
        "depthvla_root": "4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2",
      ])
    let predicate = try #require(statement["predicate"]?.object)
    #expect(predicate["passed"] == true)
    #expect(predicate["judgements"]?.array?.count == 5)
    #expect(
      predicate["judgements"]?.array?.last?.encoded()
        == #"{"measure":"stage.sqnr_db","statistic":"worst","at_least":12.0,"match":"vlm.**","#
        + #""found":"inf","samples":16,"place":"vlm.layers.3.mlp.up_proj.weight","passed":true}"#)
  }

  @Test func aFailedVerdictIsAStatementToo() throws {
    var failing = sample
    failing.gain = 0.01
    let statement = try failing.statement()
    #expect(!statement.passed)
    #expect(try read(statement.json.encoded()) == statement)
    #expect(statement.judgements[0].failure.contains("at most 0.002, found 0.01 at vlm.layers.3"))
  }

  /// Each of these is signed by a trusted key and says two things at once.
  @Test(arguments: [
    (#""found":0.001"#, #""found":0.01"#, "is broken with 0.01"),
    (#""found":0.001"#, #""found":-0.001"#, "never below 0"),
    (
      #""samples":16,"place":"vlm.layers.3.mlp.up_proj.weight","passed":true"#,
      #""samples":16,"place":"vlm.layers.3.mlp.up_proj.weight","passed":false"#, "holds"
    ),
    (#""predicate":{"passed":true"#, #""predicate":{"passed":false"#, "states that"),
    (#""at_most":0.002,"found""#, #""at_most":0.02,"found""#, "but the limit of the budget is"),
    (
      #""statistic":"worst","at_most":0.002,"found""#,
      #""statistic":"percentile","percentile":50,"at_most":0.002,"found""#, "judges"
    ),
    (
      #""measure":"weight.gain_error","statistic":"worst","at_most":0.002,"why""#,
      #""measure":"weight.gain_error","statistic":"worst","at_most":0.2,"why""#, "digest"
    ),
    (#""interval":[0.025"#, #""interval":[0.9"#, "expected an interval"),
    (#""interval":[0.025,0.035],"#, "", "which is not there"),
    (#""samples":16"#, #""interval":[0,0],"samples":16"#, "only a mean has an interval"),
    (#""count":8"#, #""count":6"#, "6 observations give no verdict"),
  ])
  func statementsThatContradictThemselvesAreRefused(
    found: String, replacement: String, words: String
  ) throws {
    let text = try text()
    let changed = text.replacing(found, with: replacement, maxReplacements: 1)
    #expect(changed != text)
    expectRefusal("gate.contradiction", mentioning: words, "payload.predicate") {
      try read(changed)
    }
    let error = #expect(throws: WeightsError.self) { try read(changed) }
    #expect(error?.kind == .checkFailed)
  }

  @Test(arguments: [
    (GateStatement.predicateType, "https://model_signing/signature/v1.0", "gate.kind"),
    ("Statement/v1", "Statement/v0.1", "signature.kind"),
    (#""subject":[{"#, #""subject":[{},{"#, "signature.statement"),
    (#""depthvla_root":"48"#, #""depthvla_root":"4"#, "gate.statement"),
    (#""depthvla_root":"48"#, #""root":"48"#, "json.missing-key"),
    (#""sha256":"3b9c"#, #""sha256":"3B9C"#, "gate.statement"),
    (#""seeds":2"#, #""seeds":0"#, "json.type"),
    (#""seeds":2"#, #""seeds":2.0"#, "json.type"),
    (#""seeds":2"#, #""seeds":2,"time":0"#, "json.unknown-key"),
    (#""tool":"#, #""waived":true,"tool":"#, "json.unknown-key"),
    (#""found":0.001"#, #""found":"nan""#, "json.type"),
    (#""found":0.001"#, #""found":null"#, "json.type"),
    (#""place":"#, #""where":1,"place":"#, "json.unknown-key"),
    (#""at_least":8"#, #""at_least":0"#, "json.type"),
    (#""interval":[0.025,0.035]"#, #""interval":[0.025]"#, "gate.statement"),
  ])
  func otherStatementsAreRefused(found: String, replacement: String, code: String) throws {
    let text = try text()
    let changed = text.replacing(found, with: replacement, maxReplacements: 1)
    #expect(changed != text)
    expectRefusal(code) { try read(changed) }
  }

  /// Without the key an edited number is an edited file.
  @Test func everyBitFlipIsFound() throws {
    var bytes = try sample.file(by: key)
    for position in bytes.indices {
      bytes[position] ^= 1 << (position % 8)
      #expect(
        (try? GateFile(bytes).verify(trusting: [key.publicKey])) == nil, "byte \(position)")
      bytes[position] ^= 1 << (position % 8)
    }
  }

  @Test func editedNumbersAndOtherKeysAreToldApart() throws {
    let text = String(decoding: try sample.file(by: key), as: UTF8.self)
    let payload = Data(try self.text().utf8).base64EncodedString()
    let edited = Data(try self.text().replacing("\"found\":0.001", with: "\"found\":0.000").utf8)
    let changed = text.replacing(payload, with: edited.base64EncodedString())
    #expect(changed != text)
    expectRefusal("signature.invalid", mentioning: "the file was changed") {
      try GateFile(Array(changed.utf8)).verify(trusting: [key.publicKey])
    }
    let other = try PrivateKey(path: FixtureFolder.path("signing/other-p256.pem"))
    expectRefusal("signature.key", mentioning: other.publicKey.fingerprint) {
      try GateFile(sample.file(by: other)).verify(trusting: [key.publicKey])
    }
  }

  @Test func numbersThatAreNoneAreNotSigned() throws {
    for gain in [Double.nan, -1] {
      var bad = sample
      bad.gain = gain
      #expect(throws: WeightsError.self) { try bad.statement() }
    }
  }

  /// A budget of a caller's making is held to the rules of documents.
  @Test func budgetsThatCouldNotBeReadAreNotSigned() throws {
    var bad = sample
    bad.budget = Budget(
      leastObservations: 1, grippers: [],
      limits: [BudgetLimit(.weightGain, .worst, bound: -1)])
    expectRefusal("budget.bound") { try bad.statement() }
  }
}
