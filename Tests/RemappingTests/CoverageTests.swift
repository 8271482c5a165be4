import DVLADiagnostics
import DVLAJSON
import DVLATensors
import Testing

@testable import DVLARemapping

/// Valid files of the wrong model: every misfit is named, and all of them at once.
@Suite struct CoverageTests {
  @Test func listsEverythingAtOnceWithLayersFolded() throws {
    var model = try Model(fixture: "dinov2/hf")
    for layer in 0..<4 { model.remove("encoder.layer.\(layer).layer_scale1.lambda1") }
    model.remove("layernorm.bias")
    try model.append("encoder.layer.1.extra.weight", [3])
    try model.append("encoder.layer.2.extra.weight", [3])
    for layer in 0..<3 { try model.reshape("encoder.layer.\(layer).norm2.bias", [21]) }
    let error = try #require(failure { try model.plan() })
    #expect(error.code == .remapCoverage)
    #expect(error.file == "source")
    #expect(
      error.details == [
        "missing: encoder.layer.{0-3}.layer_scale1.lambda1", "missing: layernorm.bias",
        "misshapen: encoder.layer.{0-2}.norm2.bias: expected [22], found [21]",
        "unexpected: encoder.layer.{1-2}.extra.weight",
      ])
    #expect(
      error.message == "the tensors do not match dinov2: 5 missing, 3 misshapen, 2 unexpected; "
        + "first missing: encoder.layer.{0-3}.layer_scale1.lambda1")
  }

  /// The naming has rules for any name under these prefixes, so that no name is unexpected to it.
  @Test func wrongNamesAreReportedBeforeTheUserIsAskedForSizes() throws {
    var model = try Model(fixture: "dinov2/hf")
    model.config = nil
    let count = model.tensors.count
    try model.rename { $0 + "x" }
    let error = try #require(failure { try model.plan() })
    #expect(error.code == .remapCoverage)
    #expect(
      error.message.hasPrefix("the tensors do not match dinov2: \(count) unexpected; "), "\(error)")
    #expect(error.details.contains("unexpected: layernorm.weightx"), "\(error.details)")
    // With the right names the same question remains one.
    var sound = try Model(fixture: "dinov2/original")
    sound.config = nil
    #expect(failure { try sound.plan() }?.code == .remapAsk)
  }

  @Test func aRenamedTensorIsOneMissingAndOneUnexpected() throws {
    var model = try Model(fixture: "dinov2/hf")
    try model.rename { $0 == "layernorm.weight" ? "layernorm.gain" : $0 }
    let error = try #require(failure { try model.plan() })
    #expect(error.details == ["missing: layernorm.weight", "unexpected: layernorm.gain"])
  }

  @Test func aFusedTensorCountsOnceHoweverMuchItMakes() throws {
    var model = try Model(fixture: "dinov2/original")
    model.remove("blocks.2.attn.qkv.weight")
    let error = try #require(failure { try model.plan(["num_attention_heads": 2]) })
    #expect(error.details == ["missing: blocks.2.attn.qkv.weight"])
    #expect(error.message.contains(": 1 missing;"))
  }

  @Test func fusedRowsThatDoNotDivideAreMisshapenAndNotMissing() throws {
    var model = try Model(fixture: "dinov2/original")
    try model.reshape("blocks.2.attn.qkv.weight", [65, 22])
    let error = try #require(failure { try model.plan(["num_attention_heads": 2]) })
    #expect(error.details.count == 1)
    #expect(
      error.details[0] == "misshapen: blocks.2.attn.qkv.weight: the operation needs one tensor "
        + "whose axis 0 divides into 3 parts, found [65, 22]")
  }

  @Test func theAbsentPartOfAConcatenationIsNamed() throws {
    var model = try Model(fixture: "dinov2-swiglu/state-dict-5.18-to-5.23")
    model.remove("encoder.layer.1.mlp.up_proj.weight")
    let error = try #require(failure { try model.plan(["num_attention_heads": 2]) })
    #expect(error.details == ["missing: encoder.layer.1.mlp.up_proj.weight"])
  }

  @Test func aDroppedTensorMustHaveTheShapeThatTheManifestStates() throws {
    let name = "paligemma_with_expert.gemma_expert.lm_head.weight"
    var model = try Model(fixture: "pi0/openpi")
    #expect(model.shapes[TensorName(name)] == [131, 28])
    try model.reshape(name, [131, 27])
    let error = try #require(
      failure { try model.plan(["text.num_attention_heads": 8, "vision.num_attention_heads": 2]) })
    #expect(error.details == ["misshapen: \(name): expected [131, 28], found [131, 27]"])
  }

  @Test func aTiedCopyMustHaveTheShapeOfTheOther() throws {
    var model = try Model(fixture: "paligemma/state-dict-5.6-to-5.23")
    try model.reshape("lm_head.weight", [138, 44])
    let error = try #require(
      failure { try model.plan(["text.num_attention_heads": 8, "vision.num_attention_heads": 2]) })
    #expect(error.code == .remapCoverage)
    #expect(error.details.count == 1 && error.details[0].contains("found [138, 44]"))
  }

  @Test func layerScalesThatAreAbsentAreMissing() throws {
    var model = try Model(fixture: "dinov2/original")
    model.tensors.removeAll { $0.name.string.hasSuffix(".gamma") }
    let error = try #require(failure { try model.plan(["num_attention_heads": 2]) })
    #expect(
      error.details == ["missing: blocks.{0-3}.ls1.gamma", "missing: blocks.{0-3}.ls2.gamma"])
  }

  @Test func aGapInTheLayersIsMissing() throws {
    var model = try Model(fixture: "dinov2/hf")
    model.tensors.removeAll { $0.name.string.hasPrefix("encoder.layer.1.") }
    let error = try #require(failure { try model.plan() })
    #expect(error.details.count == 18)
    #expect(error.details.allSatisfy { $0.hasPrefix("missing: encoder.layer.1.") })
  }

  @Test func oneLayerTooFewDisagreesWithTheConfig() throws {
    var model = try Model(fixture: "dinov2/hf")
    model.tensors.removeAll { $0.name.string.hasPrefix("encoder.layer.3.") }
    let error = try #require(failure { try model.plan() })
    #expect(error.code == .remapContradiction)
    #expect(
      error.message.hasPrefix(
        "num_hidden_layers is 3 according to tensors up to dinov2.encoder.layer.{i}."))
    #expect(error.message.contains("but 4 according to config.json"))
  }

  @Test func noLayersAtAllAreMissing() throws {
    var model = try Model(fixture: "dinov2/hf")
    model.config = nil
    model.tensors.removeAll { $0.name.string.hasPrefix("encoder.") }
    #expect(failure { try model.plan(["num_attention_heads": 2]) } != nil)
  }

  @Test func aLayerIndexPastAnyModelIsRefusedBeforeAPlanGrows() throws {
    var model = try Model(fixture: "dinov2/hf")
    model.config = nil
    try model.append("encoder.layer.9999999.norm1.weight", [22])
    let error = try #require(failure { try model.plan(["num_attention_heads": 2]) })
    #expect(error.code == .remapConfiguration)
    #expect(error.message.contains("is 10000000, expected at most 1024"))
  }

  @Test func aConfigOfAnotherVariantIsToldWhichVariantTheShapesAre() throws {
    let small = try PublishedPlan.of("dinov2-small.hf")
    let large = try PublishedPlan.of("dinov2-large.hf")
    var model = small.model
    model.config = small.recognition.manifest.configDocument(
      for: large.plan.configuration, dtype: "float32")
    let error = try #require(failure { try model.plan() })
    #expect(error.code == .remapContradiction)
    #expect(
      error.description
        == "source: hidden_size is 384 according to axis 2 of dinov2.embeddings.cls_token, but 1024 "
        + "according to config.json hidden_size; correct one of them; the shapes are those of dinov2 small"
    )
  }

  @Test func aComponentThatIsNotTakenIsSaidSo() throws {
    let library = try Embedded.library.get()
    let depth = try Model(fixture: "depth-anything-v2/hf").recognise()
    let draft = try RemapPlanner(
      library: library, family: "dinov2", sources: [.init(label: "depth", recognition: depth)]
    ).plan()
    #expect(draft.fate("head.conv1.weight") == "not taken: dpt")
    #expect(draft.fate("backbone.layernorm.weight") == "used dinov2.layernorm.weight")
  }

  @Test func twoSourcesOfOneComponentAreAskedFor() throws {
    let library = try Embedded.library.get()
    let sources = [
      RemapPlanner.Source(
        label: "one", recognition: try Model(fixture: "paligemma/hf-hub").recognise()),
      RemapPlanner.Source(label: "two", recognition: try Model(fixture: "pi0/openpi").recognise()),
    ]
    func plan(_ choices: [String: Int]) throws -> RemapPlan {
      try RemapPlanner(
        library: library, family: "pi0", sources: sources, choices: choices,
        given: Configuration(["vision.num_attention_heads": 2])
      ).plan()
    }
    let error = try #require(failure { try plan([:]) })
    #expect(error.code == .remapSeveralSources && error.kind == .usage)
    #expect(error.message.contains("component vlm is in one and two"))
    // The VLM of the other: what the first says of its own VLM does not count.
    let first = try plan(["vlm": 0])
    #expect(first.tensor("vlm.embed_tokens.weight")?.shape == [139, 44])
    #expect(
      first.fate("paligemma_with_expert.paligemma.lm_head.weight", source: 1)
        == "not taken: vlm")
    #expect(first.configuration["image_token_index"] == 133)
    // The first is passed over, and its config.json no longer answers for the heads.
    #expect(failure { try plan(["vlm": 1]) }?.code == .remapAsk)
  }
}
