import DVLAJSON
import DVLATestSupport
import Testing

/// A PaliGemma whose output head is not its embedding. The head and the logits are transformers
/// 5.24.0's (`Fixtures/generate/untied_head.py`).
struct UntiedHeadTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  static let fixture = "paligemma/transformers-5.6-to-5.23-fresh-save"

  /// - Parameter tied: what config.json says beside text_config; nil: nothing.
  func checkpoint(tied: Bool?, hasHead: Bool = true) throws -> String {
    var checkpoint = try PlainCheckpoint(fixture: Self.fixture)
    if hasHead {
      let head = try PlainCheckpoint(folder: FixtureFolder.path("untied-head"))
      checkpoint.tensors["lm_head.weight"] = head.tensors["lm_head.weight"]
    }
    let members = (checkpoint.config?.object?.members ?? []).filter {
      $0.key != "tie_word_embeddings"
    }.map { ($0.key, $0.value) }
    checkpoint.config = .object(
      JSONObject(members + (tied.map { [("tie_word_embeddings", .bool($0))] } ?? [])))
    return try checkpoint.write(to: scratch, as: "in")
  }

  @Test func theHeadIsATensorOfItsOwnInForwardAndExport() throws {
    let source = try checkpoint(tied: false)
    let converted = try depthvla("convert", "--paligemma", source, "-o", scratch("b"))
    #expect(converted.status == 0, "\(converted.error)")
    let golden = FixtureFolder.path("untied-head/golden.safetensors")
    let parity = try depthvla("parity", scratch("b"), "--golden", golden)
    #expect(parity.status == 0, "\(parity.error)\(parity.output)")
    // The tied model is another one.
    let other = FixtureFolder.path("checkpoints/" + Self.fixture)
    #expect(try depthvla("parity", other, "--golden", golden).status == 1)
    let namings = [
      "hub", "save-5.4", "save-5.6", "state-dict-4.52", "state-dict-5.6", "source",
    ]
    for naming in namings {
      let exported = try depthvla(
        "export", scratch("b"), "--naming", naming, "-o", scratch(naming))
      #expect(exported.status == 0, "\(exported.error)")
      let config = try PlainCheckpoint(folder: scratch(naming)).config?.object
      #expect(config?["tie_word_embeddings"] == false, "\(naming)")
      let same = try depthvla("diff", scratch(naming), scratch("b"))
      #expect(same.status == 0, "\(naming): \(same.output)\(same.error)")
    }
  }

  @Test func aCompositeInLayoutNamesSaysThatItsHeadIsItsOwn() throws {
    var checkpoint = try PlainCheckpoint(fixture: "depthvla/plain")
    checkpoint.tensors["vlm.lm_head.weight"] = checkpoint.tensors["vlm.embed_tokens.weight"]
    _ = try checkpoint.write(to: scratch, as: "in")
    let untied = ["--set", "text.tie_word_embeddings=false"]
    let converted = try depthvla(
      ["convert", "--depthvla", scratch("in"), "-o", scratch("b")] + untied)
    #expect(converted.status == 0, "\(converted.error)")
    let exported = try depthvla("export", scratch("b"), "--naming", "layout", "-o", scratch("out"))
    #expect(exported.status == 0, "\(exported.error)")
    let again = try depthvla("convert", "--depthvla", scratch("out"), "-o", scratch("b2"))
    #expect(again.status == 0, "\(again.error)")
    #expect(try depthvla("diff", scratch("b"), scratch("b2")).status == 0)
  }

  @Test func aHeadThatIsNotThereIsMissing() throws {
    let source = try checkpoint(tied: false, hasHead: false)
    let result = try depthvla("convert", "--paligemma", source, "-o", scratch("b"))
    #expect(result.status == 65)
    #expect(result.error.contains("lm_head.weight"), "\(result.error)")
    #expect(try scratch.entries == ["in"])
  }

  /// Here versions of the library differ: 4 reads the embedding, 5.24 the head, with a warning.
  @Test(arguments: [true, nil] as [Bool?])
  func aHeadThatIsSaidToBeTheEmbeddingMustBeIt(tied: Bool?) throws {
    let source = try checkpoint(tied: tied)
    let result = try depthvla("convert", "--paligemma", source, "-o", scratch("b"))
    #expect(result.status == 65)
    #expect(result.error.contains("lm_head.weight"), "\(result.error)")
    #expect(try scratch.entries == ["in"])
  }

  /// What decides how the library writes text travels, though nothing here reads it.
  @Test func settingsOfGenerationComeBack() throws {
    let source = try checkpoint(tied: false)
    let text = "{\"max_length\": 20, \"eos_token_id\": 1}"
    try scratch.write(text, to: "in/generation_config.json")
    #expect(
      try depthvla("convert", "--paligemma", source, "-o", scratch("b"), "--quiet").status == 0)
    for naming in ["hub", "source"] {
      _ = try depthvla("export", scratch("b"), "--naming", naming, "-o", scratch(naming))
      #expect(try scratch.bytes(of: naming + "/generation_config.json") == Array(text.utf8))
    }
  }
}

/// What no action depends on and a bundle in BF16 or INT8 does not keep is written all the same:
/// lerobot draws anew what a checkpoint lacks, and goes on.
struct ReplacedLeftoverTests {
  @Test(
    arguments: [
      "lerobot-save-transformers-5.4-to-5.5", "lerobot-save-transformers-5.6-on", "openpi",
    ],
    ["bf16", "int8"])
  func aSourceExportOfPi0HasBothHeads(naming: String, precision: String) throws {
    let scratch = try ScratchFolder()
    let fixture = FixtureCheckpoint("pi0/" + naming)
    let converted = try depthvla(
      ["convert", fixture.option, fixture.path, "--precision", precision, "-o", scratch("b")]
        + PipelineTests.settings(fixture))
    #expect(converted.status == 0, "\(converted.error)")
    let exported = try depthvla("export", scratch("b"), "--naming", "source", "-o", scratch("out"))
    #expect(exported.status == 0, "\(exported.error)")
    let source = try PlainCheckpoint(fixture: fixture.name)
    let written = try PlainCheckpoint(folder: scratch("out"))
    #expect(Set(written.tensors.keys) == Set(source.tensors.keys))
    let tensors = written.tensors
    let heads = tensors.keys.filter { $0.hasSuffix("lm_head.weight") }.sorted()
    #expect(heads.count == 2)
    // The expert's is zeros, the other one the embedding.
    #expect(tensors[heads[0]]?.bytes.allSatisfy { $0 == 0 } == true, "\(heads)")
    let embedding = tensors.first {
      $0.key.hasSuffix("paligemma.model.language_model.embed_tokens.weight")
    }
    if let embedding { #expect(tensors[heads[1]]?.bytes == embedding.value.bytes) }
    #expect(exported.output.contains("lm_head"))
  }
}
