import DVLAJSON
import DVLATestSupport
import Testing

/// Damaged weights of a policy, which are found while the forward is under way.
struct PolicyDamageTests {
  /// A bundle of stored bytes with one of a tensor's flipped.
  private func damaged(_ tensor: String) throws -> PolicyScratch {
    let bundle = try PolicyScratch("one-camera", convert: ["--store"])
    let source = try PlainCheckpoint(fixture: bundle.policy.checkpoint.name)
    let stored = try #require(source.tensors[tensor]).bytes
    var bytes = try bundle.scratch.bytes(of: "b")
    let place = try #require(
      stride(from: 0, to: bytes.count, by: 4).first { bytes[$0...].starts(with: stored) })
    bytes[place + stored.count / 2] ^= 4
    try bundle.scratch.write(bytes, to: "b")
    return bundle
  }

  @Test(arguments: [
    "action.layers.2.mlp.down_proj.weight", "action.layers.0.self_attn.q_proj.weight",
    "action.action_out_proj.weight", "vlm.layers.1.mlp.up_proj.weight",
    "depth.layers.2.mlp.gate_proj.weight", "depth.head.weight",
    "vlm.vision_tower.encoder.layers.0.mlp.fc1.weight",
  ])
  func oneFlippedBitIsNamedAndNothingIsWritten(_ tensor: String) throws {
    let bundle = try damaged(tensor)
    for way in [[], ["--load-first"], ["--threads", "1"], ["--mask", "full"]] {
      let result = try depthvla(
        bundle.arguments + way + ["--actions", bundle("a.json"), "-o", bundle("d.png")])
      #expect(result.status == 65, "\(way): \(result.error)")
      #expect(result.errorLines.count == 1 && result.output == "", "\(way): \(result.error)")
      #expect(result.error.hasPrefix("depthvla: \(bundle("b")): "), "\(result.error)")
      #expect(result.error.contains(tensor) && result.error.contains("chunk 0"), "\(result.error)")
      #expect(try bundle.scratch.entries == ["b", "s.json"])
    }
  }

  /// What is left out is not read.
  @Test(arguments: ["depth.layers.2.mlp.gate_proj.weight", "depth.input_proj.weight"])
  func damageInTheDepthExpertIsNoneWithoutIt(_ tensor: String) throws {
    let bundle = try damaged(tensor)
    #expect(try depthvla(bundle.arguments).status == 65)
    try bundle.run("--no-depth")
  }

  @Test func theTokenizerInTheBundleIsCheckedToo() throws {
    let bundle = try PolicyScratch("one-camera", convert: ["--store"])
    let model = try FixtureFolder.bytes("tokenizers/tiny/tokenizer.model")
    var bytes = try bundle.scratch.bytes(of: "b")
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: model) })
    bytes[place + 100] ^= 1
    try bundle.scratch.write(bytes, to: "b")
    let result = try depthvla(bundle.arguments)
    #expect(result.status == 65 && result.errorLines.count == 1, "\(result.error)")
    #expect(result.error.contains("tokenizer.model"), "\(result.error)")
    // One that is given takes its place, and it is not read.
    try bundle.run("--tokenizer", PolicyCase.tokenizer)
  }

  @Test func aBundleCutOffAnywhereIsRefused() throws {
    let bundle = try PolicyScratch("pi0")
    let sound = try bundle.scratch.bytes(of: "b")
    for count in [0, 100, sound.count / 3, sound.count - 4096, sound.count - 1] {
      try bundle.scratch.write(Array(sound.prefix(count)), to: "b")
      let result = try depthvla(bundle.arguments + ["--actions", bundle("a.json")])
      #expect(result.status == 65 && result.errorLines.count == 1, "\(count): \(result.error)")
      #expect(result.error.contains(bundle("b")))
      #expect(try bundle.scratch.entries == ["b", "s.json"])
    }
  }
}
