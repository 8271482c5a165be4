import DVLABundles
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// A checkpoint exported in another naming of its family is what that naming's fixture is.
struct OtherNamingTests {
  /// All namings of one model that hold its full-precision numbers.
  static func namings(of model: String) -> [FixtureCheckpoint] {
    FixtureCheckpoint.all.filter { $0.model == model && $0.isFullPrecision }
  }

  /// Tensors that the source does not have as they are, and what to expect instead.
  static func exceptions(from source: FixtureCheckpoint, to target: FixtureCheckpoint) -> Set<
    String
  > {
    var names: Set<String> = []
    if source.folder == "timm", target.folder != "timm" {
      // timm drops the mask token, and folds a position into the class token of a model with
      // registers; neither can be undone.
      names = ["mask_token", "embeddings.mask_token"]
      if source.model == "dinov2-with-registers" {
        names.formUnion([
          "cls_token", "pos_embed", "embeddings.cls_token", "embeddings.position_embeddings",
        ])
      }
    }
    if target.folder.hasPrefix("lerobot-save") {
      // The fixture's head is stale on purpose; an export writes a fresh copy of the embedding.
      names = ["model.paligemma_with_expert.paligemma.lm_head.weight"]
    }
    return names
  }

  static let full = FixtureCheckpoint.all.filter { $0.isFullPrecision && $0.family != "depthvla" }

  @Test(arguments: full)
  func everyOtherNamingIsWrittenBitForBit(source: FixtureCheckpoint) throws {
    let scratch = try ScratchFolder()
    let bundle = try convert(source, to: scratch("bundle"))
    for target in Self.namings(of: source.model) where target.folder != source.folder {
      let result = try export(bundle, naming: target.naming, to: scratch(target.folder))
      #expect(result.naming == target.naming)
      let written = try PlainCheckpoint(folder: scratch(target.folder))
      let expected = try PlainCheckpoint(fixture: target.name)
      let allowed = Self.exceptions(from: source, to: target)
      let differing = written.differences(from: expected).filter { !allowed.contains($0) }
      #expect(differing == [], "to \(target)")
      // One file, with the metadata that the naming's library writes: pi0's tells of the tie.
      #expect(written.metadata.count == 1)
      #expect(written.metadata.values.first == expected.metadata.values.first)
      for name in allowed where expected.tensors[name] != nil {
        #expect(written.tensors[name]?.shape == expected.tensors[name]?.shape, "\(name)")
        #expect(written.tensors[name]?.dtype == "F32")
      }
    }
  }

  /// The head that training left behind is not the one that comes out.
  @Test func aStaleHeadIsReplacedByTheEmbedding() throws {
    let scratch = try ScratchFolder()
    let source = FixtureCheckpoint("pi0/lerobot-save-transformers-5.6-on")
    let bundle = try convert(source, to: scratch("bundle"))
    try export(bundle, naming: "openpi", to: scratch("out"))
    let given = try PlainCheckpoint(fixture: source.name).tensors
    let prefix = "model.paligemma_with_expert.paligemma."
    let embedding = try #require(given[prefix + "model.language_model.embed_tokens.weight"])
    #expect(embedding != given[prefix + "lm_head.weight"])
    let written = try PlainCheckpoint(folder: scratch("out")).tensors
    #expect(written["paligemma_with_expert.paligemma.lm_head.weight"] == embedding)
  }

  @Test func shardsStayUnderTheLimitAndTheIndexNamesEveryTensor() throws {
    let scratch = try ScratchFolder()
    let bundle = try convert(FixtureCheckpoint("paligemma/hf-hub"), to: scratch("bundle"))
    let result = try export(bundle, naming: "hub", to: scratch("out")) {
      $0.shardByteCount = 60_000
    }
    #expect(result.files.count > 4)
    #expect(result.files.map(\.tensorCount).reduce(0, +) == 68)
    let again = try convert([scratch("out")], to: scratch("again"))
    for tensor in bundle.tensors {
      let isSame = try bundle.array(tensor.name.string) == again.array(tensor.name.string)
      #expect(isSame, "\(tensor.name)")
    }
  }
}
