import DVLAJSON
import DVLATestSupport
import Testing

/// A bundle whose every byte is right, and whose values are nothing for a robot.
struct NonFiniteCommandTests {
  let scratch: ScratchFolder

  /// A bundle with a NaN, which whoever made it insisted on.
  init() throws {
    scratch = try ScratchFolder()
    var checkpoint = try PlainCheckpoint(fixture: "dinov2/hf")
    checkpoint.tensors["layernorm.bias"]?.bytes.replaceSubrange(8..<12, with: [0, 0, 0xC0, 0x7F])
    let path = try checkpoint.write(to: scratch, as: "in")
    let result = try depthvla(
      "convert", "--dinov2", path, "--allow-non-finite", "-o", scratch("b"))
    #expect(result.status == 0, "\(result.error)")
  }

  private let line = """
    b: tensor "dinov2.layernorm.bias": has 1 NaN and 0 infinite values, the first at element 2; \
    all values must be finite
    """

  @Test func verifyRefusesItUnlessAllowed() throws {
    let result = try depthvla("verify", "b", in: scratch.path)
    #expect(result.status == 1)
    #expect(result.errorLines == ["depthvla: " + line])
    #expect(result.output.hasPrefix("b: intact; "))
    #expect(result.output.contains("NOT FINITE: 1 tensor with NaN or infinity\n"))
    #expect(
      result.output.contains("  dinov2.layernorm.bias: 1 NaN, 0 infinite, from element 2 on\n"))

    let document = try depthvla("verify", "b", "--json", in: scratch.path)
    #expect(document.status == 1)
    #expect(document.json?["intact"] == true)
    #expect(
      document.json?["non_finite"] == [
        ["tensor": "dinov2.layernorm.bias", "nan": 1, "infinite": 0, "first": 2]
      ])

    let allowed = try depthvla(
      "verify", "b", "--allow-non-finite", "--against", "in", in: scratch.path)
    #expect(allowed.status == 0, "\(allowed.error)")
    #expect(allowed.error == "")
    #expect(allowed.output.contains("NOT FINITE: 1 tensor"))
  }

  @Test func signDoesNotSignItUnlessAllowed() throws {
    let arguments = ["sign", "b", "--key", FixtureFolder.path("signing/p256.pem")]
    let before = try scratch.entries
    let result = try depthvla(arguments, in: scratch.path)
    #expect(result.status == 1)
    #expect(result.errorLines == ["depthvla: " + line])
    #expect(try scratch.entries == before)
    let allowed = try depthvla(arguments + ["--allow-non-finite"], in: scratch.path)
    #expect(allowed.status == 0, "\(allowed.error)")
    #expect(try scratch.entries == (before + ["b.sig"]).sorted())
  }

  @Test func othersHaveNone() throws {
    let result = try depthvla("verify", scratch("b"), "--allow-non-finite", "--json")
    #expect(result.status == 0)
    let sound = try depthvla(
      "convert", "--dinov2", FixtureFolder.path("checkpoints/dinov2/hf"), "-o", scratch("c"))
    #expect(sound.status == 0, "\(sound.error)")
    let verified = try depthvla("verify", scratch("c"), "--json")
    #expect(verified.status == 0)
    #expect(verified.json?["non_finite"] == [])
  }
}
