import DVLAGates
import DVLAHashing
import DVLAJSON
import DVLASigning
import DVLATestSupport
import Foundation
import Testing

/// Bundles that must have passed a gate, on the command line.
struct GateTrustCommandTests {
  let scratch: ScratchFolder
  let bundle: String
  let sample: SampleGate
  static let picture = FixtureFolder.path("images/rgb8.png")

  init() throws {
    scratch = try ScratchFolder()
    bundle = scratch("depth")
    let source = FixtureFolder.path("checkpoints/depth-anything-v2/hf")
    let result = try depthvla("convert", "--depth-anything", source, "-o", bundle)
    #expect(result.status == 0, "\(result.error)")
    sample = try Self.sample(of: bundle, named: "depth")
  }

  static func sample(
    of path: String, named name: String, _ options: String...
  ) throws -> SampleGate {
    let root = try depthvla(["verify", path, "--json"] + options).json?["root"]?.string
    return try SampleGate(
      root: #require(root.flatMap { Digest(hex: $0) }),
      fileHash: SHA256.hash([UInt8](Data(contentsOf: URL(filePath: path)))), name: name)
  }

  static func key(_ name: String) -> String { SigningCommandTests.key(name) }

  func state(_ sample: SampleGate, by name: String = "ed25519") throws {
    try scratch.write(sample.file(by: PrivateKey(path: Self.key(name))), to: "depth.gate")
  }

  var verify: [String] { ["verify", bundle, "--require-gate", Self.key("ed25519.pub")] }

  func expect(
    _ status: Int32, _ code: String, from arguments: [String], mentioning words: String,
    location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try depthvla(arguments)
    #expect(result.status == status, "\(result.error)", sourceLocation: location)
    #expect(result.errorLines.count == 1, "\(result.error)", sourceLocation: location)
    #expect(result.error.contains(words), "\(result.error)", sourceLocation: location)
    #expect(result.output == "", sourceLocation: location)
    let error = try depthvla(arguments + ["--json"]).json?["error"]?.object
    #expect(error?["code"]?.string == code, "\(result.error)", sourceLocation: location)
  }

  @Test func aPassedGateIsVerifiedAndSaysByWhom() throws {
    try state(sample)
    let words = try depthvla(verify)
    #expect(words.status == 0, "\(words.error)")
    let fingerprint = try PrivateKey(path: Self.key("ed25519")).publicKey.fingerprint
    #expect(
      words.output.contains(
        "depth.gate: a gate that passed 5 limits on 8 observations, signed with the Ed25519 key "
          + fingerprint), "\(words.output)")
    let document = try depthvla(verify + ["--json"]).json
    let gate = document?["gate"]?.object
    #expect(gate?["passed"] == true && gate?["verified"] == true)
    #expect(gate?["root"] == document?["root"])
    #expect(gate?["key"]?.string == fingerprint)
    // Of two trusted keys one suffices, and without one nothing is asked.
    #expect(try depthvla(verify + ["--require-gate", Self.key("p256.pub")]).status == 0)
    #expect(try depthvla("verify", bundle, "--json").json?["gate"] == .null)
  }

  @Test func everyReasonNotToTrustIsACheckThatFailed() throws {
    try expect(
      1, "gate.missing", from: verify, mentioning: "has no statement of a passed gate: the file")
    try state(sample, by: "p256")
    try expect(1, "signature.key", from: verify, mentioning: "which is not among the trusted keys")
    var bytes = try sample.file(by: PrivateKey(path: Self.key("ed25519")))
    let payload = Data(try sample.statement().json.encoded().utf8)
    let edited = String(decoding: payload, as: UTF8.self)
      .replacing("\"found\":0.001", with: "\"found\":0.000")
    bytes = Array(
      String(decoding: bytes, as: UTF8.self).replacing(
        payload.base64EncodedString(), with: Data(edited.utf8).base64EncodedString()
      ).utf8)
    try scratch.write(bytes, to: "depth.gate")
    try expect(1, "signature.invalid", from: verify, mentioning: "the file was changed")
    var other = sample
    other.subject = GateStatement.Subject(
      name: "other", fileHash: SHA256.hash([]), root: SHA256.hash([]))
    try state(other)
    try expect(
      1, "gate.other-bundle", from: verify, mentioning: "is about another bundle, \"other\"")
    other.subject = GateStatement.Subject(
      name: "depth", fileHash: SHA256.hash([]), root: sample.subject.root)
    try state(other)
    try expect(
      1, "gate.file-hash", from: verify, mentioning: "names the right root hash but another")
    var failed = sample
    failed.gain = 0.01
    try state(failed)
    try expect(
      1, "gate.failed", from: verify,
      mentioning: "did not pass: worst weight.gain_error: at most 0.002, found 0.01")
    try scratch.write("{}", to: "depth.gate")
    try expect(65, "json.missing-key", from: verify, mentioning: "mediaType")
    try expect(
      66, "file.not-found", from: verify + ["--gate", scratch("absent")], mentioning: "absent")
  }

  @Test func anotherKindOfStatementIsToldApart() throws {
    #expect(try depthvla("sign", bundle, "--key", Self.key("ed25519")).status == 0)
    try expect(
      1, "gate.kind", from: verify + ["--gate", bundle + ".sig"],
      mentioning: "expected the statement of a gate")
  }

  @Test func theWeakestBudgetThatWillDoIsNamed() throws {
    try state(sample)
    try scratch.write(SampleGate.budgetText, to: "budget.json")
    let arguments = verify + ["--gate-budget", scratch("budget.json")]
    #expect(try depthvla(arguments).status == 0)
    try scratch.write(
      SampleGate.budgetText.replacing("\"at_most\": 0.05", with: "\"at_most\": 0.04"),
      to: "budget.json")
    try expect(
      1, "gate.weaker-budget", from: arguments,
      mentioning: "limits[1], mean action.rms_of_std, first 10 steps: at most 0.04")
    try scratch.write(
      SampleGate.budgetText.replacing("\"statistic\"", with: "\"kind\""), to: "budget.json")
    try expect(65, "json.unknown-key", from: arguments, mentioning: "budget.json: $.limits[0]")
  }

  /// The policy of a robot, in every command that opens a bundle.
  @Test func noCommandOpensABundleWithoutItsGate() throws {
    let gate = ["--require-gate", Self.key("ed25519.pub")]
    let run = ["run", bundle, "--image", Self.picture, "-o", scratch("seen.png")]
    let export = ["export", bundle, "--naming", "source", "-o", scratch("out")]
    let parity = [
      "parity", bundle, "--golden",
      FixtureFolder.path("goldens/depth-anything-v2_28x70.safetensors"),
    ]
    let serve = ["serve", bundle, "--robot", "libero", "--port", "0", "--quiet"]
    for arguments in [run, export, parity] {
      try expect(1, "gate.missing", from: arguments + gate, mentioning: "has no statement")
    }
    let served = try depthvla(serve + gate)
    #expect(served.status == 1 && served.error.contains("has no statement"), "\(served.error)")
    #expect(try scratch.entries == ["depth"])
    try state(sample)
    let seen = try depthvla(run + gate)
    #expect(seen.status == 0, "\(seen.error)")
    #expect(try depthvla(export + gate).status == 0)
    // Its key and statement are not replaced by what is written.
    try expect(
      73, "output.is-input",
      from: run.dropLast(1) + [scratch("depth.gate"), "--force"] + gate, mentioning: "depth.gate")
  }

  @Test(arguments: [
    ["verify", "b", "--gate", "g"], ["run", "b", "--image", "i", "--gate-budget", "g"],
  ])
  func wrongUsageIs64(arguments: [String]) throws {
    let result = try depthvla(arguments)
    #expect(result.status == 64)
    #expect(result.error.contains("go with --require-gate"), "\(result.error)")
  }
}

/// The statement in other people's libraries.
struct GateLibraryTests {
  static let hasLibraries =
    OtherProgramsTests.python.flatMap {
      try? program([$0, "-c", "import in_toto_attestation, securesystemslib, sigstore_models"])
    }?.status == 0
  static let script = FixtureFolder.path("../Tests/python/read_gate.py")
  let scratch: ScratchFolder
  let sample: SampleGate

  init() throws {
    scratch = try ScratchFolder()
    try scratch.write(
      FixtureFolder.bytes("bundles/independent.dvla.safetensors"), to: "b")
    sample = try GateTrustCommandTests.sample(
      of: scratch("b"), named: "b", SigningCommandTests.anyBits)
  }

  func python(_ arguments: String...) throws -> Outcome {
    try program([OtherProgramsTests.python ?? "", Self.script] + arguments)
  }

  @Test(
    .enabled(if: hasLibraries, "DEPTHVLA_PYTHON has no in-toto libraries"),
    arguments: ["ed25519", "p256", "p384", "p521"])
  func inTotoReadsOurStatement(key: String) throws {
    try scratch.write(
      sample.file(by: PrivateKey(path: SigningCommandTests.key(key))), to: "b.gate")
    let result = try python("read", scratch("b.gate"), SigningCommandTests.key(key + ".pub"))
    #expect(result.status == 0, "\(result.error)")
    let found = try StrictJSON.parse(result.output).object
    #expect(found?["signed"] == true && found?["changed"] == false)
    // securesystemslib 1.6 finds no signature whose name is not the key's.
    #expect(found?["unnamed"] == false)
    #expect(found?["type"]?.string == GateStatement.predicateType)
    #expect(found?["subject"] == "b")
    #expect(
      found?["digest"]?.object?["sha256"]?.string == sample.subject.fileHash.hex)
    #expect(found?["digest"]?.object?["depthvla_root"]?.string == sample.subject.root.hex)
    #expect(found?["passed"] == true)
    #expect(found?["measures"]?.array?.count == 5)
    // Integers are doubles there.
    #expect(found?["count"] == 8.0)
    #expect(found?["bundle"] == "application/vnd.dev.sigstore.bundle.v0.3+json")
    #expect(found?["bundle_payload"] == true)
  }

  @Test(
    .enabled(if: hasLibraries, "DEPTHVLA_PYTHON has no in-toto libraries"),
    arguments: ["ed25519", "p256", "p384", "p521"])
  func weReadAStatementThatSecuresystemslibSigned(key: String) throws {
    try scratch.write(
      sample.file(by: PrivateKey(path: SigningCommandTests.key("other-p256"))), to: "ours")
    let result = try python(
      "sign", scratch("ours"), SigningCommandTests.key(key), scratch("b.gate"))
    #expect(result.status == 0, "\(result.error)")
    let verified = try depthvla(
      "verify", scratch("b"), SigningCommandTests.anyBits, "--require-gate",
      SigningCommandTests.key(key + ".pub"))
    #expect(verified.status == 0, "\(verified.error)")
  }

  @Test(.enabled(if: SigningCommandTests.hasTool, "DEPTHVLA_PYTHON has no model_signing"))
  func theOpenSSFToolTakesNoGateForASignature() throws {
    try scratch.write(
      sample.file(by: PrivateKey(path: SigningCommandTests.key("p256"))), to: "b.gate")
    let result = try program([
      OtherProgramsTests.python ?? "", "-m", "model_signing", "verify", "key", scratch("b"),
      "--signature", scratch("b.gate"), "--public_key", SigningCommandTests.key("p256.pub"),
    ])
    #expect(result.status != 0)
    #expect((result.output + result.error).contains("Predicate type mismatch"), "\(result.error)")
  }
}
