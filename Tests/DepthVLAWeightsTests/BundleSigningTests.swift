import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLAQuantization
import DVLASigning
import DVLATestSupport
import DepthVLAWeights
import Synchronization
import Testing

/// Signing at the end of a conversion, and afterwards.
struct BundleSigningTests {
  static let source = FixtureCheckpoint("dinov2/hf")
  let scratch: ScratchFolder
  let key: PrivateKey
  init() throws {
    scratch = try ScratchFolder()
    key = try PrivateKey(path: FixtureFolder.path("signing/ed25519.pem"))
  }

  func trusted(_ name: String, atLeast release: Int? = nil) throws -> WeightBundle {
    try WeightBundle(path: scratch(name), trust: .signed(by: [key.publicKey], atLeast: release))
  }

  @Test func aConversionSignsWhatItWrote() throws {
    try convert(Self.source, to: scratch("b")) {
      $0.signing = SigningOptions(key: key, release: 3)
    }
    let bundle = try trusted("b", atLeast: 3)
    let signature = try #require(bundle.signature)
    #expect(signature.statement.root == bundle.root)
    #expect(signature.statement.fileHash == SHA256.hash(try scratch.bytes(of: "b")))
    #expect(try scratch.entries == ["b", "b.sig"])
  }

  /// A signature changes nothing in the bundle, and Ed25519 draws no number.
  @Test func signedBundlesAreTheSameBytes() throws {
    for name in ["one", "two"] {
      let folder = try scratch.makeFolder(name)
      try convert(Self.source, to: folder + "/b") { $0.signing = SigningOptions(key: key) }
    }
    try convert(Self.source, to: scratch("unsigned"))
    #expect(try scratch.bytes(of: "one/b") == scratch.bytes(of: "unsigned"))
    #expect(try scratch.bytes(of: "one/b.sig") == scratch.bytes(of: "two/b.sig"))
    // The same as of the bundle that is there already.
    let signing = try BundleSigning.sign(
      scratch("one/b"), with: SigningOptions(key: key, path: scratch("later")),
      overwrite: false, threads: 2)
    #expect(signing.path == scratch("later"))
    #expect(try scratch.bytes(of: "later") == scratch.bytes(of: "one/b.sig"))
  }

  @Test func aDamagedBundleIsNotSigned() throws {
    try convert(Self.source, to: scratch("b"))
    var bytes = try scratch.bytes(of: "b")
    bytes[bytes.count - 1000] ^= 1
    try scratch.write(bytes, to: "b")
    #expect(throws: WeightsError(.bundleChunkHash, "")) {
      try BundleSigning.sign(
        scratch("b"), with: SigningOptions(key: key), overwrite: false, threads: 1)
    }
    #expect(try scratch.entries == ["b"])
  }

  @Test func aSignatureIsReplacedOnlyWhenAsked() throws {
    try convert(Self.source, to: scratch("b"))
    try scratch.write("precious", to: "b.sig")
    let expected = WeightsError(.fileExists, "")
    #expect(throws: expected) {
      try BundleSigning.sign(
        scratch("b"), with: SigningOptions(key: key), overwrite: false, threads: 1)
    }
    #expect(throws: expected) {
      try convert(Self.source, to: scratch("c")) {
        $0.signing = SigningOptions(key: key, path: scratch("b.sig"))
      }
    }
    #expect(try scratch.bytes(of: "b.sig") == Array("precious".utf8))
    #expect(try scratch.entries == ["b", "b.sig"])
    _ = try BundleSigning.sign(
      scratch("b"), with: SigningOptions(key: key), overwrite: true, threads: 1)
    #expect(throws: Never.self) { try trusted("b") }
  }

  @Test func theBundleIsNeverReplacedByItsSignature() throws {
    try convert(Self.source, to: scratch("b"))
    let before = try scratch.bytes(of: "b")
    #expect(throws: WeightsError(.outputIsInput, "")) {
      try BundleSigning.sign(
        scratch("b"), with: SigningOptions(key: key, path: scratch("b")), overwrite: true,
        threads: 1)
    }
    // Nor does a new bundle get the name of its signature.
    #expect(throws: WeightsError(.outputIsInput, "")) {
      try convert(Self.source, to: scratch("new")) {
        $0.signing = SigningOptions(key: key, path: scratch("new"))
      }
    }
    let source = try scratch.copy("dinov2/hf", to: "in")
    let weights = source + "/model.safetensors"
    #expect(throws: WeightsError(.outputIsInput, "")) {
      try convert([source], to: scratch("c")) {
        $0.signing = SigningOptions(key: key, path: weights)
        $0.overwrite = true
      }
    }
    #expect(try scratch.bytes(of: "b") == before)
    #expect(try scratch.entries == ["b", "in"])
  }

  /// The signature gets its name first. Where the bundle then cannot have its own, the signature
  /// goes again, and what took the bundle's place stays.
  @Test func aBundleThatCannotBePlacedLeavesNoSignature() throws {
    let library = try Library.get()
    let source = try ImportedSource(path: Self.source.path, library: library)
    var options = ConversionOptions(recipe: .preset(.source))
    options.signing = SigningOptions(key: key)
    let conversion = try Conversion(sources: [source], options: options, library: library)
    let scratch = scratch
    let isTaken = Mutex(false)
    #expect(throws: WeightsError(.fileExists, "")) {
      try conversion.write(to: scratch("b")) { progress in
        guard progress.phase == "sign" else { return }
        isTaken.withLock { isTaken in
          if !isTaken { _ = try? scratch.write("somebody else's", to: "b") }
          isTaken = true
        }
      }
    }
    #expect(try scratch.entries == ["b"])
    #expect(try scratch.bytes(of: "b") == Array("somebody else's".utf8))
  }

  @Test func aBundleMadeAnewIsNotTrustedForTheOldSignature() throws {
    try convert(Self.source, to: scratch("b")) { $0.signing = SigningOptions(key: key) }
    try convert(Self.source, to: scratch("b"), precision: .bf16) { $0.overwrite = true }
    #expect(throws: WeightsError(.signatureOtherBundle, "")) { try trusted("b") }
  }
}
