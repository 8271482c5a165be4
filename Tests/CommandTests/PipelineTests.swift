import DVLAJSON
import DVLATestSupport
import Testing

/// The main job on the command line, once for each family.
struct PipelineTests {
  static let fixtures = [
    "paligemma/hf-hub", "dinov2-with-registers/original", "depth-anything-v2/hf",
    "pi0/lerobot-2025-10", "depthvla/registers",
  ].map(FixtureCheckpoint.init)

  static func settings(_ fixture: FixtureCheckpoint) -> [String] {
    fixture.settings.flatMap { ["--set", "\($0.key)=\($0.value)"] }
  }

  @Test(arguments: fixtures)
  func convertVerifyExportAndDiffAgree(fixture: FixtureCheckpoint) throws {
    let scratch = try ScratchFolder()
    let settings = Self.settings(fixture)
    let converted = try depthvla(
      ["convert", fixture.option, fixture.path, "-o", scratch("b")] + settings)
    #expect(converted.status == 0, "\(converted.error)")
    #expect(converted.error == "")
    #expect(converted.output.contains("verified"))

    let verified = try depthvla("verify", scratch("b"), "--against", fixture.path)
    #expect(verified.status == 0, "\(verified.error)")
    #expect(verified.output.contains("stored unchanged and equal"))

    let exported = try depthvla("export", scratch("b"), "--naming", "source", "-o", scratch("out"))
    #expect(exported.status == 0, "\(exported.error)")
    for name in FixtureFolder.names(in: "checkpoints/" + fixture.name, suffix: ".safetensors") {
      let isSame =
        try scratch.bytes(of: "out/" + name)
        == FixtureFolder.bytes("checkpoints/\(fixture.name)/\(name)")
      #expect(isSame, "\(name)")
    }

    let compared = try depthvla(["diff", scratch("b"), fixture.path] + settings)
    #expect(compared.status == 0, "\(compared.error)")
    #expect(compared.output.contains(" 0 differ"))
    #expect(try scratch.entries == ["b", "out"])
  }

  @Test func aDryRunPrintsThePlanAndWritesNothing() throws {
    let scratch = try ScratchFolder()
    let path = FixtureFolder.path("checkpoints/paligemma/hf-hub")
    let plan = try depthvla(
      "convert", "--paligemma", path, "--dry-run", "-o", scratch("b"), "--precision", "int8")
    #expect(plan.status == 0)
    #expect(plan.output.contains("bundle: paligemma, 103 tensors"))
    #expect(try scratch.entries == [])
    let done = try depthvla(
      "convert", "--paligemma", path, "-o", scratch("b"), "--precision", "int8", "--json")
    let planned = try depthvla(
      "convert", "--paligemma", path, "--dry-run", "--precision", "int8", "--json")
    #expect(planned.json?["tensors"] == done.json?["tensors"])
    #expect(planned.json?["bundle"] == nil)
    #expect(done.json?["bundle"]?.object?["path"]?.string == scratch("b"))
  }

  @Test func diffExitsWith1AndNamesWhatDiffers() throws {
    let paths = ["hf-hub", "hf-hub-bf16"].map { FixtureFolder.path("checkpoints/paligemma/" + $0) }
    let result = try depthvla(["diff"] + paths)
    #expect(result.status == 1)
    #expect(result.output.contains("68 differ"))
    #expect(
      result.output.contains("language_model.model.embed_tokens.weight: max |a - b| 9.68e-04"))
    let json = try depthvla(["diff"] + paths + ["--json"])
    #expect(json.status == 1)
    #expect(json.json?["differing"]?.integer == 68)
  }

  @Test func verifyAgainstAnotherSourceExitsWith1() throws {
    let scratch = try ScratchFolder()
    let path = FixtureFolder.path("checkpoints/dinov2/hf")
    _ = try depthvla("convert", "--dinov2", path, "-o", scratch("b"))
    var other = try PlainCheckpoint(folder: path)
    other.tensors["encoder.layer.2.mlp.fc1.bias"]?.bytes[9] ^= 1
    try other.write(to: scratch, as: "other")
    let result = try depthvla("verify", scratch("b"), "--against", scratch("other"))
    #expect(result.status == 1)
    #expect(result.output.contains("78 tensors stored unchanged and equal, 1 DIFFERENT"))
    #expect(result.output.contains("mlp.fc1.bias: differs from byte 9 on"))
    let json = try depthvla("verify", scratch("b"), "--against", scratch("other"), "--json")
    #expect(json.status == 1)
    let rows = json.json?["against"]?.array ?? []
    #expect(rows.count == 79)
    #expect(rows.filter { $0.object?["outcome"]?.string == "different" }.count == 1)
  }
}
