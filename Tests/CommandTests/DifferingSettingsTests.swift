import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// Equal tensors under other settings compute other numbers, which `diff` must not call equal.
struct DifferingSettingsTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  /// A copy of the tiny DINOv2 whose norms have another epsilon.
  private func otherEpsilon() throws -> String {
    let folder = scratch("other")
    try FileManager.default.copyItem(atPath: ParityCommandTests.dinov2, toPath: folder)
    let path = folder + "/config.json"
    let config = try String(contentsOfFile: path, encoding: .utf8)
    let changed = config.replacingOccurrences(
      of: #""layer_norm_eps": 1e-06"#, with: #""layer_norm_eps": 0.001"#)
    try #require(changed != config)
    try changed.write(toFile: path, atomically: true, encoding: .utf8)
    return folder
  }

  private func bundle(_ source: String, _ name: String) throws -> String {
    let path = scratch(name + ".dvla.safetensors")
    let result = try depthvla("convert", "--dinov2", source, "-o", path)
    try #require(result.status == 0, "\(result.error)")
    return path
  }

  @Test func aSettingThatDiffersIsNamedWithBothValues() throws {
    let other = try otherEpsilon()
    let sides = [
      (ParityCommandTests.dinov2, other),
      (try bundle(ParityCommandTests.dinov2, "first"), try bundle(other, "second")),
      (try bundle(ParityCommandTests.dinov2, "third"), other),
    ]
    for (first, second) in sides {
      let result = try depthvla("diff", first, second)
      #expect(result.status == 1)
      #expect(result.output.contains("tensors equal bit for bit, 0 differ"))
      #expect(result.output.contains("1 setting differs"))
      #expect(result.output.contains("setting layer_norm_eps: 1e-06 and 0.001"), "\(result.output)")
    }
    let document = try #require(try depthvla("diff", "--json", sides[1].0, sides[1].1).json)
    #expect(document["differing"] == 0)
    #expect(document["settings_compared"] == true)
    let settings = try #require(document["settings"]?.array).map(\.object)
    #expect(settings.map { $0?["key"] } == ["layer_norm_eps"])
    #expect(settings[0]?["first"]?.number == 1e-6 && settings[0]?["second"]?.number == 0.001)
  }

  @Test func thePageShowsIt() throws {
    let result = try depthvla(
      "diff", ParityCommandTests.dinov2, try otherEpsilon(), "--report", scratch("page.html"))
    #expect(result.status == 1)
    let html = String(decoding: try scratch.bytes(of: "page.html"), as: UTF8.self)
      .replacingOccurrences(of: "<wbr>", with: "")
    #expect(html.contains("<h1>The tensors are equal, but not what is around them</h1>"))
    #expect(html.contains("1 setting differs"))
    #expect(html.contains("<code>layer_norm_eps</code>"))
  }

  @Test func whereAConfigurationIsNotKnownThatIsSaid() throws {
    var checkpoint = try PlainCheckpoint(folder: ParityCommandTests.dinov2)
    checkpoint.tensors["encoder.layer.0.mlp.fc1.weight"] = nil
    let other = try checkpoint.write(to: scratch, as: "incomplete")
    let result = try depthvla("diff", ParityCommandTests.dinov2, other)
    #expect(result.status == 1)
    #expect(
      result.output.contains("settings not compared: the configuration of a side is not known"))
  }
}
