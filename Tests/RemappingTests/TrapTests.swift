import DVLADiagnostics
import DVLAJSON
import DVLATensors
import DVLATestSupport
import Testing

@testable import DVLARemapping

/// One test for each trap that upstream's checkpoints lay in names, ties, vocabulary, defaults,
/// orders, features and heads.
@Suite struct TrapTests {
  private func inputs(_ plan: RemapPlan, _ name: String) -> (names: [String], output: Int)? {
    guard case .source(_, let inputs, _, let output) = plan.tensor(name)?.origin else { return nil }
    return (inputs.map(\.string), output)
  }

  @Test func oneLibraryHasFivePaliGemmaNamingsAndTheFileTellsWhich() throws {
    let layouts = PublishedLayoutTests.layouts.filter { $0.hasPrefix("paligemma-3b-pt-224") }
    let namings = try layouts.map { try PublishedPlan.of($0).recognition.naming }
    #expect(
      Set(namings) == ["hub", "save-5.4", "save-5.6", "state-dict-4.52", "state-dict-5.6"])
    #expect(namings.count == 5)
  }

  @Test func theVersionInTheConfigDoesNotTellTheNames() throws {
    // From 5.6 on a save gives back the names of the file that was loaded.
    var model = try Model(fixture: "paligemma/hf-hub")
    model.config = try Model(fixture: "paligemma/transformers-5.6-to-5.23-fresh-save").config
    #expect(try model.recognise().naming == "hub")
  }

  @Test func aStateDictHasOtherNamesThanTheFileOfTheSameModel() throws {
    #expect(try PublishedPlan.of("dinov2-base.hf").recognition.naming == "hub")
    let dump = try PublishedPlan.of("dinov2-base.state-dict-5.18-to-5.23")
    #expect(dump.recognition.naming == "state-dict-5.18")
    let file = try PublishedPlan.of("dinov2-base.hf")
    #expect(file.plan.tensors.map(\.name) == dump.plan.tensors.map(\.name))
    #expect(file.plan.tensors.map(\.shape) == dump.plan.tensors.map(\.shape))
  }

  @Test func lerobotsNamesFollowTheInstalledTransformers() throws {
    let old = try PublishedPlan.of("pi0.lerobot-save-transformers-5.4-to-5.5")
    let new = try PublishedPlan.of("pi0.lerobot-save-transformers-5.6-on")
    #expect(old.recognition.naming == "lerobot-save-5.4")
    #expect(new.recognition.naming == "lerobot-save-5.6")
    #expect(old.plan.tensors.map(\.name) == new.plan.tensors.map(\.name))
  }

  @Test func theModulePrefixOfATrainingCheckpointIsReadOver() throws {
    var model = try Model(fixture: "depth-anything-v2-metric/original")
    try model.rename { "module." + $0 }
    let recognition = try model.recognise()
    #expect(recognition.family == "depth-anything-v2" && recognition.naming == "original")
    #expect(recognition.prefix == "module.")
  }

  @Test func aPrefixOnHalfOfTheNamesIsNoPrefix() throws {
    var model = try Model(fixture: "depth-anything-v2-metric/original")
    try model.rename { $0.hasPrefix("pretrained.") ? "module." + $0 : $0 }
    #expect(failure { try model.plan() } != nil)
  }

  @Test func layerScaleGammasBecomeLambdas() throws {
    let plan = try PublishedPlan.of("dinov2-base.timm").plan
    let name = "dinov2.encoder.layer.11.layer_scale1.lambda1"
    #expect(inputs(plan, name)?.names == ["blocks.11.ls1.gamma"])
  }

  @Test func paliGemmaStoresTheEmbeddingAndNoHead() throws {
    let published = try PublishedPlan.of("paligemma-3b-pt-224.hf-hub")
    #expect(!published.model.tensors.contains { $0.name.string.contains("lm_head") })
    #expect(
      inputs(published.plan, "vlm.embed_tokens.weight")?.names
        == ["language_model.model.embed_tokens.weight"])
  }

  @Test func pi0StoresTheHeadAndNoEmbedding() throws {
    let published = try PublishedPlan.of("pi0-base.openpi")
    #expect(
      inputs(published.plan, "vlm.embed_tokens.weight")?.names
        == ["paligemma_with_expert.paligemma.lm_head.weight"])
  }

  @Test func ofALerobotFineTuneTheEmbeddingIsTakenAndTheHeadMayBeStale() throws {
    let plan = try PublishedPlan.of("pi0.lerobot-save-transformers-5.4-to-5.5").plan
    let embedding =
      "model.paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight"
    #expect(inputs(plan, "vlm.embed_tokens.weight")?.names == [embedding])
    #expect(
      plan.fate("model.paligemma_with_expert.paligemma.lm_head.weight")
        == "tied vlm.embed_tokens.weight \(embedding) false")
  }

  @Test func copiesOfARawStateDictMustBeEqual() throws {
    let plan = try PublishedPlan.of("paligemma-3b-pt-224.state-dict-5.6-to-5.23").plan
    #expect(
      plan.fate("lm_head.weight")
        == "tied vlm.embed_tokens.weight model.language_model.embed_tokens.weight true")
  }

  @Test func theExpertsOwnHeadIsNoiseAndIsDroppedForThatReason() throws {
    let plan = try PublishedPlan.of("pi0-base.openpi").plan
    let entry = plan.ledger.first {
      $0.tensor.name == "paligemma_with_expert.gemma_expert.lm_head.weight"
    }
    guard case .dropped(let reason, nil) = entry?.fate else {
      Issue.record("\(String(describing: entry))")
      return
    }
    #expect(!reason.isEmpty)
    #expect(!plan.tensors.contains { $0.name.string.contains("lm_head") })
  }

  @Test func tensorsThatNothingReadsAreKeptAndSaidToBeUnused() throws {
    let plan = try PublishedPlan.of("depth-anything-v2-small.original").plan
    let unused = plan.tensors.filter { $0.unusedReason != nil }.map(\.name.string)
    #expect(unused.contains("depth_anything.backbone.embeddings.mask_token"))
    #expect(
      unused.filter { $0.contains("fusion_stage.layers.0.residual_layer1") }.count == 4)
    #expect(!unused.contains { $0.contains("fusion_stage.layers.1.") })
  }

  @Test func buffersThatOthersStoreAreDroppedByRule() throws {
    var model = try Model(fixture: "paligemma/hf-hub")
    try model.append("vision_tower.vision_model.embeddings.position_ids", [1, 9])
    try model.append("language_model.model.layers.1.self_attn.rotary_emb.inv_freq", [3])
    let plan = try model.plan()
    #expect(plan.fate("vision_tower.vision_model.embeddings.position_ids") == "dropped")
    #expect(
      plan.fate("language_model.model.layers.1.self_attn.rotary_emb.inv_freq") == "dropped")
  }

  @Test func theVocabularyIsReadOffTheTable() throws {
    let hub = try PublishedPlan.of("paligemma-3b-pt-224.hf-hub").plan.configuration
    let pi0 = try PublishedPlan.of("pi0-base.openpi").plan.configuration
    #expect(hub["text.vocab_size"] == 257_216 && pi0["text.vocab_size"] == 257_152)
  }

  @Test func theImageTokenOfPi0IsPastTheEndOfItsTable() throws {
    let pi0 = try PublishedPlan.of("pi0-base.openpi").plan.configuration
    #expect(pi0["image_token_index"] == 257_152)
    #expect(pi0.integer("image_token_index") == pi0.integer("text.vocab_size"))
  }

  @Test func theHeadSizeIsNotTheWidthOverTheHeads() throws {
    let pi0 = try PublishedPlan.of("pi0-base.openpi").plan.configuration
    #expect(pi0["action.num_attention_heads"] == 8 && pi0["action.hidden_size"] == 1024)
    #expect(pi0["action.head_dim"] == 256 && pi0["action.num_key_value_heads"] == 1)
  }

  @Test func whatAHubConfigLeavesOutIsTheLibrarysDefault() throws {
    var model = try PublishedPlan.of("paligemma-3b-pt-224.hf-hub").model
    model.config = [
      "model_type": "paligemma", "image_token_index": 257152,
      "text_config": [
        "model_type": "gemma", "num_attention_heads": 8, "num_key_value_heads": 1,
        "num_hidden_layers": 18,
      ],
      "vision_config": [
        "model_type": "siglip_vision_model", "num_attention_heads": 16, "num_hidden_layers": 27,
      ],
    ]
    let configuration = try model.plan().configuration
    #expect(configuration["text.head_dim"] == 256)
    #expect(configuration["text.rms_norm_eps"]?.number == 1e-6)
    #expect(configuration["text.rope_theta"]?.number == 10000)
    #expect(configuration["vision.image_size"] == 224)
  }

  @Test func aRelativeDepthAnythingMayLeaveOutWhatIsDefault() throws {
    var model = try PublishedPlan.of("depth-anything-v2-small.hf").model
    model.config = [
      "model_type": "depth_anything", "fusion_hidden_size": 64, "head_hidden_size": 32,
      "neck_hidden_sizes": [48, 96, 192, 384], "reassemble_hidden_size": 384,
      "backbone_config": [
        "model_type": "dinov2", "hidden_size": 384, "num_attention_heads": 6,
        "out_indices": [3, 6, 9, 12], "image_size": 518, "reshape_hidden_states": false,
      ],
    ]
    let configuration = try model.plan().configuration
    #expect(configuration["depth_estimation_type"] == "relative")
    #expect(configuration["apply_layernorm"] == true)
  }

  @Test func theImageSizeIsReadOffThePositionTable() throws {
    for (layout, key, size) in [
      ("dinov2-giant.hf", "image_size", 518), ("dinov2-base.timm", "image_size", 518),
      ("dinov2-with-registers-large.timm", "image_size", 518),
      ("paligemma-3b-pt-448.hf-hub", "vision.image_size", 448),
      ("paligemma-3b-pt-896.hf-hub", "vision.image_size", 896),
    ] {
      #expect(try PublishedPlan.of(layout).plan.configuration.integer(key) == size)
    }
  }

  @Test func fusedRowsAreQueryThenKeyThenValue() throws {
    for layout in ["dinov2-base.original", "dinov2-base.timm"] {
      let plan = try PublishedPlan.of(layout).plan
      for (third, part) in ["query", "key", "value"].enumerated() {
        let name = "dinov2.encoder.layer.3.attention.attention.\(part).weight"
        let found = try #require(inputs(plan, name))
        #expect(found == (["blocks.3.attn.qkv.weight"], third))
        guard case .source(_, _, let transform, _) = plan.tensor(name)?.origin else { return }
        #expect(
          transform.segments()[third]
            == [Segment(input: 0, offset: third * 768 * 768, count: 768 * 768)])
      }
    }
  }

  @Test func swiGLUIsGateThenValue() throws {
    let name = "dinov2.encoder.layer.0.mlp.weights_in.weight"
    let split = try PublishedPlan.of("dinov2-giant.state-dict-5.18-to-5.23").plan
    #expect(
      inputs(split, name)?.names == [
        "encoder.layer.0.mlp.gate_proj.weight", "encoder.layer.0.mlp.up_proj.weight",
      ])
    #expect(
      inputs(try PublishedPlan.of("dinov2-giant.timm").plan, name)?.names
        == ["blocks.0.mlp.fc1.weight"])
    #expect(
      inputs(try PublishedPlan.of("dinov2-giant.original").plan, name)?.names
        == ["blocks.0.mlp.w12.weight"])
    #expect(split.configuration["intermediate_size"] == 4096)
  }

  @Test func refinenetsRunBackwards() throws {
    let plan = try PublishedPlan.of("depth-anything-v2-large.original").plan
    for layer in 0..<4 {
      let name = "depth_anything.neck.fusion_stage.layers.\(layer).projection.weight"
      #expect(
        inputs(plan, name)?.names == [
          "depth_head.scratch.refinenet\(4 - layer).out_conv.weight"
        ])
    }
  }

  @Test func transposedConvolutionsAreNotTransposed() throws {
    let plan = try PublishedPlan.of("depth-anything-v2-small.original").plan
    let name = "depth_anything.neck.reassemble_stage.layers.0.resize.weight"
    guard case .source(_, let inputs, let transform, _) = plan.tensor(name)?.origin else {
      Issue.record("\(name) has no source")
      return
    }
    #expect(inputs == ["depth_head.resize_layers.0.weight"])
    #expect(transform == .identity([48, 48, 4, 4]))
    #expect(plan.tensor(name.replacing("layers.0", with: "layers.2")) == nil)
  }

  @Test func anMLXConversionWithChannelsLastIsRefusedByName() throws {
    var model = try PublishedPlan.of("dinov2-small.hf").model
    try model.reshape("embeddings.patch_embeddings.projection.weight", [384, 14, 14, 3])
    let error = try #require(failure { try model.recognise() })
    #expect(error.code == .remapRefused && error.message.contains("MLX"))
  }

  @Test func outIndicesAreOneMoreThanTheOriginals() throws {
    for (layout, taps) in [
      ("depth-anything-v2-small.original", [3, 6, 9, 12]),
      ("depth-anything-v2-large.original", [5, 12, 18, 24]),
    ] {
      let published = try PublishedPlan.of(layout)
      let original = published.inventory.document.object?["config"]?.object?[
        "intermediate_layer_idx"]?.array?.compactMap(\.integer)
      #expect(original?.map { $0 + 1 } == taps)
      let found = published.plan.configuration["out_indices"]?.array?.compactMap(\.integer)
      #expect(found == taps)
    }
  }

  @Test func theSameTensorsWithTheTapsOfV1AreRefused() throws {
    let model = try PublishedPlan.of("depth-anything-v2-small.original").model
    let error = try #require(
      failure {
        try model.plan(["out_indices": [9, 10, 11, 12], "depth_estimation_type": "relative"])
      })
    #expect(error.code == .remapRefused && error.message.contains("V1"))
  }

  @Test func whatTheTensorsCannotTellIsAskedFor() throws {
    let model = try PublishedPlan.of("depth-anything-v2-small.original").model
    let error = try #require(failure { try model.plan() })
    #expect(error.code == .remapAsk)
    #expect(error.message.contains("depth_estimation_type"))
  }

  @Test func timmsFoldedClassRowIsUnfolded() throws {
    let plan = try PublishedPlan.of("dinov2-with-registers-base.timm").plan
    let name = "dinov2.embeddings.position_embeddings"
    #expect(plan.tensor(name)?.shape == [1, 1370, 768])
    #expect(try #require(inputs(plan, name)) == (["cls_token", "pos_embed"], 1))
    guard case .source(_, _, let transform, _) = plan.tensor(name)?.origin else { return }
    #expect(transform.steps == [.unfoldClassPosition])
  }
}
