import DVLABundles
import DVLADiagnostics
import DVLAGates
import DVLAHashing
import DVLASigning
import DVLATensors
import DVLATestSupport
import Testing

/// Which bundles open where only those that passed a gate may.
struct GatedBundleTests {
  let folder: TemporaryFolder
  let key: PrivateKey
  init() throws {
    folder = try TemporaryFolder()
    key = try PrivateKey(path: FixtureFolder.path("signing/p256.pem"))
  }

  var requirement: GateRequirement { GateRequirement(keys: [key.publicKey]) }

  func write(_ name: String, seed: UInt64 = 1) throws -> SampleGate {
    try writeBundle([try TestTensor("t", .bf16, [40, 30], seed: seed)], to: folder(name))
    let bundle = try WeightBundle(path: folder(name))
    return try SampleGate(root: bundle.root, fileHash: bundle.fileHash(), name: name)
  }

  func state(_ sample: SampleGate, to name: String, by key: PrivateKey? = nil) throws {
    try folder.write(sample.file(by: key ?? self.key), to: name + ".gate")
  }

  func expect(
    _ code: String, _ kind: WeightsError.Kind = .checkFailed, opening name: String,
    under requirement: GateRequirement? = nil, mentioning words: String = "",
    location: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: WeightsError.self, sourceLocation: location) {
      try WeightBundle(path: folder(name), trust: .gated(requirement ?? self.requirement))
    }
    guard let error else { return }
    #expect(error.code.rawValue == code, "\(error)", sourceLocation: location)
    #expect(error.kind == kind, "\(error)", sourceLocation: location)
    #expect(error.file?.hasPrefix(folder(name)) == true, "\(error)", sourceLocation: location)
    #expect(
      words.isEmpty || error.description.contains(words), "\(error)", sourceLocation: location)
  }

  @Test func aBundleThatPassedOpensAndSaysWhoSaysSo() throws {
    try state(write("a"), to: "a")
    let bundle = try WeightBundle(path: folder("a"), trust: .gated(requirement))
    #expect(bundle.gate?.key == key.publicKey)
    #expect(bundle.gate?.path == folder("a.gate"))
    #expect(bundle.gate?.statement.passed == true)
    #expect(bundle.signature == nil)
    // The statement binds the header, and the header each chunk by its digest alone.
    #expect(bundle.check == .digest)
    #expect(try WeightBundle(path: folder("a")).gate == nil)
    try bundle.gate?.check(fileHash: SHA256.hash(folder.bytes(of: "a")))
    #expect(throws: WeightsError(.gateFileHash, "")) {
      try bundle.gate?.check(fileHash: SHA256.hash([]))
    }
  }

  @Test func theStatementMayLieElsewhere() throws {
    try state(write("a"), to: "elsewhere")
    expect("gate.missing", opening: "a", mentioning: "has no statement of a passed gate")
    var elsewhere = requirement
    elsewhere.file = folder("elsewhere.gate")
    #expect(throws: Never.self) {
      try WeightBundle(path: folder("a"), trust: .gated(elsewhere))
    }
    elsewhere.file = folder("absent")
    #expect(throws: WeightsError(WeightsError.Code("file.not-found"), "")) {
      try WeightBundle(path: folder("a"), trust: .gated(elsewhere))
    }
    expect("file.not-found", .notFound, opening: "absent")
  }

  @Test func otherKeysAndOtherBundlesAreRefused() throws {
    let sample = try write("a")
    let other = try PrivateKey(path: FixtureFolder.path("signing/other-p256.pem"))
    try state(sample, to: "a", by: other)
    expect("signature.key", opening: "a", mentioning: other.publicKey.fingerprint)
    expect("signature.key", opening: "a", under: GateRequirement(keys: []))
    try state(write("b", seed: 2), to: "a")
    expect("gate.other-bundle", opening: "a", mentioning: "is about another bundle, \"b\"")
    var bytes = try sample.file(by: key)
    bytes[bytes.count / 2] ^= 1
    try folder.write(bytes, to: "a.gate")
    #expect(throws: WeightsError.self) {
      try WeightBundle(path: folder("a"), trust: .gated(requirement))
    }
  }

  @Test func aFailedVerdictIsRefusedWithItsReason() throws {
    var sample = try write("a")
    sample.gain = 0.01
    try state(sample, to: "a")
    expect(
      "gate.failed", opening: "a",
      mentioning: "worst weight.gain_error: at most 0.002, found 0.01 at vlm.layers.3.mlp")
  }

  @Test func aWeakerBudgetIsRefusedByItsLimit() throws {
    try state(write("a"), to: "a")
    var strict = requirement
    strict.budget = try Budget(contents: Array(SampleGate.budgetText.utf8))
    #expect(throws: Never.self) {
      try WeightBundle(path: folder("a"), trust: .gated(strict))
    }
    strict.budget = try Budget(
      contents: Array(SampleGate.budgetText.replacing("0.002", with: "0.001").utf8))
    expect(
      "gate.weaker-budget", opening: "a", under: strict,
      mentioning: "limits[0], worst weight.gain_error: at most 0.001")
    strict.budget = try Budget(
      contents: Array(
        SampleGate.budgetText.replacing(#""at_least": 8}"#, with: #""at_least": 9}"#).utf8))
    expect(
      "gate.weaker-budget", opening: "a", under: strict, mentioning: "at least 9 observations")
  }

  @Test func otherObservationsAreRefusedWhereTheyAreNamed() throws {
    let sample = try write("a")
    try state(sample, to: "a")
    var strict = requirement
    strict.observations = sample.observations.digest
    #expect(throws: Never.self) {
      try WeightBundle(path: folder("a"), trust: .gated(strict))
    }
    strict.observations = SHA256.hash([])
    expect("gate.observations", opening: "a", under: strict)
  }

  /// A signature by the same key says nothing of a gate, nor a gate of a signature.
  @Test func oneStatementDoesNotStandForTheOther() throws {
    let sample = try write("a")
    let signature = try SignatureFile(
      SignedStatement(
        fileName: "a", fileHash: sample.subject.fileHash, root: sample.subject.root, release: 1),
      by: key
    ).bytes
    try folder.write(signature, to: "a.gate")
    expect("gate.kind", opening: "a", mentioning: "https://model_signing/signature/v1.0")
    try folder.write(sample.file(by: key), to: "a.sig")
    let error = #expect(throws: WeightsError.self) {
      try WeightBundle(path: folder("a"), trust: .signed(by: [key.publicKey]))
    }
    #expect(error?.code == .signatureKind)
    // Both may be asked for.
    try folder.write(signature, to: "a.sig")
    let both = BundleTrust.signed(by: [key.publicKey], atLeast: 1).gated(requirement)
    expect("gate.kind", opening: "a")
    try state(sample, to: "a")
    let bundle = try WeightBundle(path: folder("a"), trust: both)
    #expect(bundle.signature != nil && bundle.gate != nil)
    #expect(throws: WeightsError(.signatureRelease, "")) {
      try WeightBundle(path: folder("a"), trust: both.raised(to: 2))
    }
    #expect(both.raised(to: 2).gate != nil)
  }
}
