import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLAHostileCorpus
import DVLAJSON
import DVLASigning
import DVLATensors
import DVLATestSupport
import Testing

/// Which bundles open where only signed ones may.
struct SignedBundleTests {
  let folder: TemporaryFolder
  let key: PrivateKey
  let trust: BundleTrust
  init() throws {
    folder = try TemporaryFolder()
    key = try PrivateKey(path: FixtureFolder.path("signing/p256.pem"))
    trust = .signed(by: [key.publicKey])
  }

  /// A bundle of one tensor.
  @discardableResult
  func write(_ name: String, seed: UInt64 = 1) throws -> WeightBundle {
    try writeBundle([try TestTensor("t", .bf16, [40, 30], seed: seed)], to: folder(name))
    return try WeightBundle(path: folder(name))
  }

  /// Signs as `depthvla sign` does, or lies.
  func sign(
    _ name: String, release: Int? = nil, root: Digest? = nil, fileHash: Digest? = nil,
    with key: PrivateKey? = nil
  ) throws {
    let bundle = try WeightBundle(path: folder(name))
    let statement = SignedStatement(
      fileName: name, fileHash: try fileHash ?? bundle.fileHash(), root: root ?? bundle.root,
      release: release)
    try folder.write(SignatureFile(statement, by: key ?? self.key).bytes, to: name + ".sig")
  }

  func expect(
    _ code: String, _ kind: WeightsError.Kind = .checkFailed, opening name: String,
    _ trust: BundleTrust? = nil, file: String? = nil, location: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: WeightsError.self, sourceLocation: location) {
      try WeightBundle(path: folder(name), trust: trust ?? self.trust, signatureFile: file)
    }
    guard let error else { return }
    #expect(error.code.rawValue == code, "\(error)", sourceLocation: location)
    #expect(error.kind == kind, "\(error)", sourceLocation: location)
    #expect(error.file?.hasPrefix(folder(name)) == true, "\(error)", sourceLocation: location)
  }

  @Test func aSignedBundleOpensAndSaysWhoSignedIt() throws {
    try write("a")
    try sign("a", release: 4)
    let bundle = try WeightBundle(
      path: folder("a"), trust: .signed(by: [key.publicKey], atLeast: 4))
    #expect(bundle.signature?.key == key.publicKey)
    #expect(bundle.signature?.statement.release == 4)
    #expect(bundle.signature?.path == folder("a.sig"))
    #expect(try bundle.fileHash() == SHA256.hash(folder.bytes(of: "a")))
    #expect(try bundle.verify(threads: 1).isIntact)
    #expect(try WeightBundle(path: folder("a")).signature == nil)
  }

  @Test func theSignatureMayLieElsewhereAndTheBundleHaveAnotherName() throws {
    try write("a")
    try sign("a")
    for (from, to) in [("a", "b"), ("a.sig", "elsewhere")] {
      try folder.write(folder.bytes(of: from), to: to)
    }
    expect("signature.missing", opening: "b")
    let bundle = try WeightBundle(
      path: folder("b"), trust: trust, signatureFile: folder("elsewhere"))
    #expect(bundle.signature != nil)
  }

  @Test func aBundleWithoutItsSignatureIsRefused() throws {
    try write("a")
    expect("signature.missing", opening: "a")
    #expect(throws: WeightsError(WeightsError.Code("file.not-found"), "")) {
      try WeightBundle(path: folder("a"), trust: trust, signatureFile: folder("absent"))
    }
    // Where there is no bundle either, that is what is said.
    expect("file.not-found", .notFound, opening: "absent")
    try folder.write([], to: "a.sig")
    expect("json.truncated", .malformed, opening: "a")
  }

  @Test func anotherKeyIsRefused() throws {
    try write("a")
    try sign(
      "a", with: try PrivateKey(path: FixtureFolder.path("signing/other-p256.pem")))
    expect("signature.key", opening: "a")
    expect("signature.key", opening: "a", .signed(by: []))
  }

  @Test func theSignatureOfAnotherBundleIsRefused() throws {
    try write("a")
    try write("b", seed: 2)
    try sign("b")
    try folder.write(folder.bytes(of: "b.sig"), to: "a.sig")
    expect("signature.other-bundle", opening: "a")
  }

  @Test func anOlderReleaseIsRefusedWhereANewerIsAskedFor() throws {
    try write("a")
    try sign("a", release: 6)
    let keys = [key.publicKey]
    #expect(throws: Never.self) {
      try WeightBundle(path: folder("a"), trust: .signed(by: keys, atLeast: 6))
    }
    expect("signature.release", opening: "a", .signed(by: keys, atLeast: 7))
    try sign("a")
    expect("signature.release", opening: "a", .signed(by: keys, atLeast: 1))
    #expect(throws: Never.self) { try WeightBundle(path: folder("a"), trust: .signed(by: keys)) }
  }

  /// A signature of ours binds the header, the header every chunk: damage is found as it is read.
  @Test func damageBehindASignatureIsDamage() throws {
    try write("a")
    try sign("a")
    let sound = try folder.bytes(of: "a")
    var bytes = sound
    bytes[bytes.count - 70] ^= 1
    try folder.write(bytes, to: "a")
    let bundle = try WeightBundle(path: folder("a"), trust: trust)
    #expect(try bundle.verify(threads: 1).damages.map(\.error.code) == [.bundleChunkHash])
    #expect(throws: WeightsError(.bundleChunkHash, "")) { try bundle.load(threads: 1) { _, _ in } }
    // A checksum, which can be met on purpose, will not do, even where it is asked for.
    let unsigned = try WeightBundle(path: folder("a"), check: .checksum)
    #expect(throws: WeightsError(.bundleChunkChecksum, "")) {
      try unsigned.load(threads: 1) { _, _ in }
    }
    #expect(try WeightBundle(path: folder("a"), trust: trust, check: .checksum).check == .digest)
    bytes = sound
    bytes[60] ^= 1
    try folder.write(bytes, to: "a")
    #expect(throws: WeightsError.self) { try WeightBundle(path: folder("a"), trust: trust) }
  }

  /// What an attacker makes: a sound bundle with other weights and a root hash of its own.
  @Test func otherWeightsWithARightRootHashAreRefused() throws {
    try write("a")
    try sign("a")
    var opened = try OpenedBundle(folder.bytes(of: "a"))
    opened.setMetadata("provenance", "{}")
    try folder.write(opened.bytes(), to: "a")
    #expect(throws: Never.self) { try WeightBundle(path: folder("a")) }
    expect("signature.other-bundle", opening: "a")
  }

  @Test func aSignatureThatContradictsItselfIsFoundByTheHashOfTheFile() throws {
    try write("a")
    try sign("a", fileHash: SHA256.hash([]))
    let bundle = try WeightBundle(path: folder("a"), trust: trust)
    let hash = try bundle.fileHash()
    #expect(throws: WeightsError(.signatureFileHash, "")) {
      try bundle.signature?.check(fileHash: hash)
    }
    try sign("a", root: SHA256.hash([]))
    expect("signature.other-bundle", opening: "a")
  }

  /// The OpenSSF tool signs the bytes of the file alone, so all of them are read before the bundle
  /// is used.
  @Test func aSignatureWithoutARootIsHeldAgainstEveryByteAtOnce() throws {
    let name = "independent.dvla.safetensors"
    let bytes = try FixtureFolder.bytes("bundles/" + name)
    let path = try folder.write(bytes, to: name)
    for signature in ["tool-p256", "tool-folder", "tool-1.0"] {
      let bundle = try WeightBundle(
        path: path, trust: trust,
        signatureFile: FixtureFolder.path("signing/\(signature).sig"))
      #expect(bundle.signature?.statement.root == nil)
    }
    let signature = FixtureFolder.path("signing/tool-p256.sig")
    for position in stride(from: 0, to: bytes.count, by: 97) {
      var damaged = bytes
      damaged[position] ^= 0x10
      try folder.write(damaged, to: name)
      #expect(throws: WeightsError.self, "byte \(position)") {
        try WeightBundle(path: path, trust: trust, signatureFile: signature)
      }
    }
    var opened = try OpenedBundle(bytes)
    opened.setMetadata("provenance", "{}")
    try folder.write(opened.bytes(), to: name)
    let expected = WeightsError(.signatureOtherBundle, "")
    #expect(throws: expected) {
      try WeightBundle(path: path, trust: trust, signatureFile: signature)
    }
  }

  @Test func aSignatureOverAFileOfAnotherNameIsRefused() throws {
    let bytes = try FixtureFolder.bytes("bundles/independent.dvla.safetensors")
    let path = try folder.write(bytes, to: "renamed")
    #expect(throws: WeightsError(.signatureFiles, "")) {
      try WeightBundle(
        path: path, trust: trust,
        signatureFile: FixtureFolder.path("signing/tool-folder.sig"))
    }
  }

  @Test func theHashOfAFileThatChangesIsNotGiven() throws {
    let bundle = try write("a")
    let bytes = try folder.bytes(of: "a")
    try overwrite(folder("a"), at: bytes.count - 70, with: ~bytes[bytes.count - 70])
    #expect(throws: WeightsError(WeightsError.Code("file.changed"), "")) { try bundle.fileHash() }
    try overwrite(folder("a"), at: 100, with: ~bytes[100])
    #expect(throws: WeightsError(.bundleRoot, "")) { try bundle.fileHash() }
  }
}
