import DVLAHashing
import DVLAJSON
import Foundation
import Testing

@testable import DVLASigning

/// Payloads that a trusted key has signed and that say something else than they should.
struct SignedStatementTests {
  static let hash = SHA256.hash(Array("file".utf8)).hex
  static let subject = SHA256.hash(SHA256.hash(Array("file".utf8)).bytes).hex
  static let sound = """
    {"_type":"https://in-toto.io/Statement/v1",\
    "subject":[{"name":"b","digest":{"sha256":"\(subject)"}}],\
    "predicateType":"https://model_signing/signature/v1.0",\
    "predicate":{"serialization":{"method":"files","hash_type":"sha256","allow_symlinks":false},\
    "resources":[{"name":".","algorithm":"sha256","digest":"\(hash)",\
    "annotations":{"depthvla_root":"\(hash)","depthvla_release":3}}]}}
    """

  static func read(_ payload: String) throws -> SignedStatement {
    let file = try SignatureFile(
      payload: Array(payload.utf8), by: Fixture.privateKey("ed25519"))
    return try SignatureFile(file.bytes).verify(trusting: [Fixture.publicKey("ed25519")]).statement
  }

  @Test func theSoundOneIsRead() throws {
    let statement = try Self.read(Self.sound)
    #expect(statement.fileHash.hex == Self.hash)
    #expect(statement.root?.hex == Self.hash)
    #expect(statement.release == 3)
  }

  @Test(arguments: [
    ("in-toto.io/Statement/v1", "in-toto.io/Statement/v0.1", "signature.kind"),
    ("signature/v1.0", "signature/v2.0", "signature.kind"),
    (
      "https://model_signing/signature/v1.0", "https://model_signing/Digests/v0.1", "signature.kind"
    ),
    ("\"method\":\"files\"", "\"method\":\"shards\"", "signature.hashing"),
    ("\"hash_type\":\"sha256\"", "\"hash_type\":\"blake2\"", "signature.hashing"),
    ("\"algorithm\":\"sha256\"", "\"algorithm\":\"blake2\"", "signature.hashing"),
    (
      "\"resources\":[",
      "\"resources\":[{\"name\":\"a\",\"algorithm\":\"sha256\",\"digest\":\"\"},",
      "signature.files"
    ),
    ("\"digest\":\"\(hash)\"", "\"digest\":\"\(hash.uppercased())\"", "signature.statement"),
    ("\"digest\":\"\(hash)\"", "\"digest\":\"\(subject)\"", "signature.statement"),
    ("\"digest\":\"\(hash)\"", "\"digest\":\"\(hash.dropLast(2))\"", "signature.statement"),
    ("\"sha256\":\"\(subject)\"", "\"sha512\":\"\(subject)\"", "json.missing-key"),
    ("\"subject\":[", "\"subject\":[{\"name\":\"a\"},", "signature.statement"),
    ("\"subject\":[", "\"subject\":[],\"objects\":[", "json.unknown-key"),
    ("\"depthvla_release\":3", "\"depthvla_release\":0", "json.type"),
    ("\"depthvla_release\":3", "\"depthvla_release\":9007199254740992", "json.type"),
    ("\"depthvla_release\":3", "\"depthvla_release\":3.0", "json.type"),
    ("\"depthvla_release\":3", "\"depthvla_release\":\"3\"", "json.type"),
    (
      "\"depthvla_release\":3", "\"depthvla_release\":3,\"depthvla_release\":4",
      "json.duplicate-key"
    ),
    ("\"depthvla_release\":3", "\"depthvla_not_after\":3", "signature.statement"),
    ("\"depthvla_root\":\"", "\"depthvla_root\":\"0", "signature.statement"),
    ("\"depthvla_root\":\"\(hash)\"", "\"depthvla_root\":null", "json.type"),
    ("}]}}", "}]}}}", "json.trailing"),
    ("\"predicate\":{", "\"more\":1,\"predicate\":{", "json.unknown-key"),
  ])
  func whatItMustNotSayIsRefusedThoughItIsSigned(
    found: String, replacement: String, code: String
  ) throws {
    let range = try #require(Self.sound.firstRange(of: found))
    let changed = Self.sound.replacingCharacters(in: range, with: replacement)
    // Lines and columns are those of the payload, not of the file.
    expectRefusal(code, mentioning: "payload") { try Self.read(changed) }
  }

  /// The format lets others add members; verifiers are to pass them over.
  @Test(arguments: [
    ("\"name\":\".\"", "\"name\":\".\",\"media_type\":\"x\""),
    ("\"annotations\":{", "\"annotations\":{\"theirs\":{\"a\":[1]},"),
    ("\"allow_symlinks\":false", "\"allow_symlinks\":true,\"ignore_paths\":[\".git\"]"),
    ("\"resources\":[", "\"model_card\":{},\"resources\":["),
    ("\"name\":\"b\"", "\"name\":\"model\",\"uri\":\"x\""),
  ])
  func membersOfOthersArePassedOver(found: String, replacement: String) throws {
    let range = try #require(Self.sound.firstRange(of: found))
    let statement = try Self.read(
      Self.sound.replacingCharacters(in: range, with: replacement))
    #expect(statement.release == 3)
    #expect(statement.root?.hex == Self.hash)
  }

  /// Members that others may add are passed over, up to these.
  @Test func sizesAreBounded() throws {
    func read(adding value: String) throws {
      let statement = try Self.read(
        Self.sound.replacing("\"predicate\":{", with: "\"predicate\":{\"more\":\(value),"))
      #expect(statement.release == 3)
    }
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    // In the predicate, in the statement.
    try read(adding: nested(30))
    expectRefusal("json.depth") { try read(adding: nested(31)) }
    func zeros(_ count: Int) -> String {
      "[" + Array(repeating: "0", count: count).joined(separator: ",") + "]"
    }
    let room = 100_000 - Self.count(try StrictJSON.parse(Self.sound)) - 1
    try read(adding: zeros(room))
    expectRefusal("json.too-many-values") { try read(adding: zeros(room + 1)) }
  }

  /// The values in a value, itself counted.
  private static func count(_ value: JSONValue) -> Int {
    if let object = value.object { return object.members.reduce(1) { $0 + count($1.value) } }
    return (value.array ?? []).reduce(1) { $0 + count($1) }
  }
}
