import DVLAHashing
import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

@testable import DVLASigning

struct SignatureFileTests {
  static let statement = SignedStatement(
    fileName: "robot.dvla.safetensors", fileHash: SHA256.hash(Array("file".utf8)),
    root: SHA256.hash(Array("root".utf8)), release: 7)
  static let names = ["ed25519", "p256", "p384", "p521"]

  @Test(arguments: names) func whatIsSignedIsWhatIsRead(name: String) throws {
    let file = try SignatureFile(Self.statement, by: Fixture.privateKey(name))
    let keys = try Self.names.map(Fixture.publicKey)
    let (statement, key) = try SignatureFile(file.bytes).verify(trusting: keys)
    #expect(statement == Self.statement)
    #expect(try key == Fixture.publicKey(name))
    // The text is made of what is kept, so nothing is lost on the way.
    #expect(try SignatureFile(file.bytes).bytes == file.bytes)
  }

  @Test func aReleaseMayBeLeftOut() throws {
    let statement = SignedStatement(
      fileName: "b", fileHash: Self.statement.fileHash, root: SHA256.hash([]), release: nil)
    let file = try SignatureFile(statement, by: Fixture.privateKey("ed25519"))
    let read = try file.verify(trusting: [Fixture.publicKey("ed25519")]).statement
    #expect(read == statement)
    #expect(read.release == nil)
  }

  @Test(arguments: [
    ("tool-p256", "p256"), ("tool-p384", "p384"), ("tool-p521", "p521"), ("tool-1.0", "p256"),
    ("openssl-ed25519", "ed25519"),
  ])
  func signaturesOfOtherProgramsVerify(signature: String, key: String) throws {
    let file = try SignatureFile(Fixture.bytes(signature + ".sig"))
    #expect(try file.keyFingerprint == Fixture.publicKey(key).fingerprint)
    let statement = try file.verify(trusting: [Fixture.publicKey(key)]).statement
    #expect(try statement.fileHash == SHA256.hash(FixtureFolder.bytes(Fixture.bundle)))
    #expect(statement.fileName == nil)
    #expect(statement.root == nil)
    #expect(statement.release == nil)
  }

  @Test func aFolderWithTheBundleAloneIsAStatementOfIt() throws {
    let statement = try SignatureFile(Fixture.bytes("tool-folder.sig"))
      .verify(trusting: [Fixture.publicKey("p256")]).statement
    #expect(statement.fileName == "independent.dvla.safetensors")
    #expect(try statement.fileHash == SHA256.hash(FixtureFolder.bytes(Fixture.bundle)))
  }

  @Test(arguments: [
    ("tool-two-files", "signature.files", "found 2 files"),
    ("tool-blake3", "signature.hashing", "\"blake3\""),
    ("tool-shards", "signature.hashing", "\"shards\""),
  ])
  func whatTheToolCanSignAndThisProgramCannotReadIsRefused(
    name: String, code: String, words: String
  ) throws {
    let file = try SignatureFile(Fixture.bytes(name + ".sig"))
    expectRefusal(code, mentioning: words) {
      try file.verify(trusting: [Fixture.publicKey("p256")])
    }
  }

  @Test(.enabled(if: openssl("version") == 0, "no openssl"), arguments: names)
  func opensslVerifiesOurSignatures(name: String) throws {
    let scratch = try ScratchFolder()
    let file = try SignatureFile(Self.statement, by: Fixture.privateKey(name))
    let envelope = try #require(
      StrictJSON.parse(file.bytes).object?["dsseEnvelope"]?.object)
    let payload = try #require(
      Data(base64Encoded: envelope["payload"]?.string ?? "").map { [UInt8]($0) })
    let signature = try #require(
      Data(
        base64Encoded: envelope["signatures"]?.array?.first?.object?["sig"]?.string ?? ""
      ).map { [UInt8]($0) })
    // The encoding of DSSE 1.0, written out for this payload type of 28 bytes.
    let message =
      Array("DSSEv1 28 application/vnd.in-toto+json \(payload.count) ".utf8) + payload
    try scratch.write(message, to: "message")
    try scratch.write(signature, to: "signature")
    let key = Fixture.path(name + ".pub.pem")
    let digest = ["p256": "-sha256", "p384": "-sha384", "p521": "-sha512"][name]
    func verify() -> Int32? {
      if let digest {
        return openssl(
          "dgst", digest, "-verify", key, "-signature", scratch("signature"), scratch("message"))
      }
      return openssl(
        "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", key, "-in", scratch("message"),
        "-sigfile", scratch("signature"))
    }
    #expect(verify() == 0)
    try scratch.write(message + [0x20], to: "message")
    #expect(verify() == 1)
  }

  @Test func anotherKeyIsRefusedByName() throws {
    let file = try SignatureFile(Fixture.bytes("tool-p256.sig"))
    let (right, wrong) = (try Fixture.publicKey("p256"), try Fixture.publicKey("other-p256"))
    expectRefusal("signature.key", mentioning: right.fingerprint, wrong.fingerprint) {
      try file.verify(trusting: [wrong])
    }
    expectRefusal("signature.key") { try file.verify(trusting: []) }
    #expect(try file.verify(trusting: [wrong, right]).key == right)
  }

  /// The name of the key is not signed: it chooses among the trusted keys and proves nothing.
  @Test func aSignatureThatLiesAboutItsKeyDoesNotVerify() throws {
    let (right, wrong) = (try Fixture.publicKey("p256"), try Fixture.publicKey("other-p256"))
    let text = String(decoding: try Fixture.bytes("tool-p256.sig"), as: UTF8.self)
    let lie = text.replacing(right.fingerprint, with: wrong.fingerprint)
    expectRefusal("signature.invalid", mentioning: "does not verify") {
      try SignatureFile(Array(lie.utf8)).verify(trusting: [right, wrong])
    }
    let silent = Array(text.replacing("\"hint\":\"\(right.fingerprint)\"", with: "").utf8)
    #expect(try SignatureFile(silent).verify(trusting: [wrong, right]).key == right)
    expectRefusal("signature.invalid") { try SignatureFile(silent).verify(trusting: [wrong]) }
  }

  /// Each of these changes the text of a sound signature.
  @Test(arguments: [
    ("\"tlogEntries\":[]", "\"tlogEntries\":[{}]", "signature.form"),
    ("\"keyid\":\"\"", "\"keyid\":\"x\"", "signature.form"),
    ("\"keyid\":\"\"", "\"keyid\":1", "json.type"),
    ("\"keyid\":\"\"", "\"extra\":\"\"", "json.unknown-key"),
    ("}]}}", "},{\"sig\":\"AAAA\"}]}}", "signature.form"),
    ("\"signatures\":[{", "\"signatures\":[],\"old\":[{", "json.unknown-key"),
    ("bundle.v0.3+json", "bundle.v0.2+json", "signature.kind"),
    ("vnd.in-toto+json", "vnd.in-toto+xml", "signature.kind"),
    ("{\"mediaType\"", "{\"messageSignature\":{},\"mediaType\"", "signature.kind"),
    ("{\"mediaType\"", "{\"mediaType\":\"x\",\"mediaType\"", "json.duplicate-key"),
    ("\"publicKey\":{", "\"certificate\":{", "signature.kind"),
    ("\"publicKey\":{", "\"x509CertificateChain\":{},\"publicKey\":{", "signature.kind"),
    ("\"publicKey\":{", "\"publicKey\":{\"more\":1,", "json.unknown-key"),
    ("\"hint\":\"", "\"rawBytes\":\" ", "signature.form"),
    ("\"sig\":\"M", "\"sig\":\" M", "signature.form"),
    ("\"sig\":\"M", "\"sig\":\"", "signature.form"),
    ("\"payload\":\"", "\"payload\":\"\\n", "signature.form"),
    ("\"payload\":\"", "\"payload\":\"\",\"x\":\"", "json.unknown-key"),
    ("\"payloadType\":", "\"payloadtype\":", "json.unknown-key"),
    ("}]}}", "}]}} {}", "json.trailing"),
  ])
  func anythingElseInTheFileIsRefused(found: String, replacement: String, code: String) throws {
    let text = String(decoding: try Fixture.bytes("tool-p256.sig"), as: UTF8.self)
    let range = try #require(text.firstRange(of: found))
    let changed = text.replacingCharacters(in: range, with: replacement)
    expectRefusal(code) { try SignatureFile(Array(changed.utf8)) }
  }

  @Test func sizesAreBounded() throws {
    let blank = [UInt8](repeating: 0x20, count: SignatureFile.byteCountLimit)
    let bytes = try Fixture.bytes("tool-p256.sig")
    #expect(throws: Never.self) { try SignatureFile(bytes + blank.dropFirst(bytes.count)) }
    expectRefusal("json.too-large") { try SignatureFile(bytes + blank) }
    for (depth, code) in [(16, "json.type"), (17, "json.depth")] {
      let deep =
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      expectRefusal(code) { try SignatureFile(Array(deep.utf8)) }
    }
    // The list around them is a value too.
    for (count, code) in [(999, "json.type"), (1000, "json.too-many-values")] {
      let many = "[" + Array(repeating: "1", count: count).joined(separator: ",") + "]"
      expectRefusal(code) { try SignatureFile(Array(many.utf8)) }
    }
    for bytes in [[], Array("null".utf8), Array("[]".utf8), Array("{}".utf8)] {
      #expect(throws: (any Error).self) { try SignatureFile(bytes) }
    }
  }
}
