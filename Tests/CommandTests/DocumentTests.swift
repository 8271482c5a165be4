import DVLAJSON
import DVLATestSupport
import Testing

/// `--json` puts one document on stdout and nothing else.
struct DocumentTests {
  let scratch: ScratchFolder
  static let dinov2 = FixtureFolder.path("checkpoints/dinov2/hf")
  init() throws { scratch = try ScratchFolder() }

  func document(_ status: Int32, _ arguments: String...) throws -> JSONObject {
    let result = try depthvla(arguments + ["--json"])
    #expect(result.status == status, "\(result.error)")
    if status == 0 { #expect(result.error == "") }
    return try #require(result.json, "\(result.output.prefix(200))")
  }

  @Test func everyCommandWritesOne() throws {
    let inspection = try document(0, "inspect", Self.dinov2)
    #expect(inspection["family"]?.string == "dinov2")
    #expect(inspection["naming"]?.string == "hub")
    #expect(inspection["tensors"]?.array?.count == 79)
    #expect(inspection["problem"] == .null)

    let conversion = try document(
      0, "convert", "--dinov2", Self.dinov2, "-o", scratch("b"), "--precision", "int8")
    #expect(conversion["family"]?.string == "dinov2")
    #expect(conversion["bundle"]?.object?["root"]?.string?.count == 64)

    let verification = try document(0, "verify", scratch("b"), "--against", Self.dinov2)
    #expect(verification["intact"] == true)
    #expect(verification["root"] == conversion["bundle"]?.object?["root"])
    #expect(
      verification["against"]?.array?.allSatisfy {
        $0.object?["outcome"]?.string == "as-converted"
      } == true)

    let export = try document(0, "export", scratch("b"), "--naming", "timm", "-o", scratch("out"))
    #expect(export["naming"]?.string == "timm")
    #expect(export["files"]?.array?.count == 1)

    let difference = try document(1, "diff", scratch("b"), Self.dinov2)
    #expect(difference["compared_by"]?.string == "dinov2 layout names")
    #expect(difference["tensors"]?.array?.count == 79)

    let bundle = try document(0, "inspect", scratch("b"))
    #expect(bundle["kind"]?.string == "bundle")
  }

  @Test func damageIsADocumentWithStatus65() throws {
    #expect(try depthvla("convert", "--dinov2", Self.dinov2, "-o", scratch("b")).status == 0)
    var bytes = try scratch.bytes(of: "b")
    bytes[bytes.count - 1000] ^= 4
    try scratch.write(bytes, to: "b")
    let verification = try document(65, "verify", scratch("b"))
    #expect(verification["intact"] == false)
    #expect(verification["damage_count"]?.integer == 1)
    let damage = verification["damages"]?.array?.first?.object
    let range = (damage?["file_begin"]?.integer ?? 0)..<(damage?["file_end"]?.integer ?? 0)
    #expect(range.contains(bytes.count - 1000))
    #expect(damage?["tensor"]?.string?.hasPrefix("dinov2.") == true)

    bytes[100] ^= 1
    try scratch.write(bytes, to: "b")
    #expect(try document(65, "verify", scratch("b"))["error"]?.object?["status"]?.integer == 65)
  }

  @Test func everyMissIsInTheDocument() throws {
    var checkpoint = try PlainCheckpoint(folder: Self.dinov2)
    for name in checkpoint.tensors.keys where name.contains("norm1") {
      checkpoint.tensors[name] = nil
    }
    let path = try checkpoint.write(to: scratch, as: "in")
    let refusal = try document(65, "convert", "--dinov2", path, "-o", scratch("b"))
    let error = refusal["error"]?.object
    #expect(error?["code"]?.string == "remap.coverage")
    #expect(error?["file"]?.string == path)
    #expect(error?["details"]?.array?.count == 2, "layers are folded")
    #expect(try scratch.entries == ["in"])
  }
}
