import DVLADiagnostics
import DVLAJSON
import DVLATensors
import Testing

@testable import DVLARemapping

@Suite struct RecognitionTests {
  @Test func wholeCoverageWinsOverTheMostNames() throws {
    // The nearest wrong naming is one tensor away each time.
    for (layout, naming) in [
      ("pi0.lerobot-2025-10", "lerobot-2025-10"),
      ("pi0.lerobot-save-transformers-5.4-to-5.5", "lerobot-save-5.4"),
      ("dinov2-base.original", "original"), ("dinov2-base.timm", "timm"),
    ] {
      let published = try PublishedPlan.of(layout)
      let fits = try published.model.library.bestFits(
        published.model.tensors.map(NamedTensor.init), modelType: nil)
      #expect(fits.map(\.match.manifest.naming) == [naming])
      #expect(fits[0].problemCount == 0)
    }
  }

  @Test func wholeCoverageWinsOverTheModelTypeOfTheConfig() throws {
    // A config.json of the hub beside a file of the original's names: the tensors decide.
    var model = try Model(fixture: "dinov2/original")
    model.config = try Model(fixture: "dinov2/hf").config
    #expect(try model.recognise().naming == "original")
  }

  @Test func aNamingThatKnowsEveryNameButLacksSomeLosesToTheOneThatIsCovered() throws {
    // All rules optional: knows every name of the hub's DINOv2, and leaves most of it out.
    var library = try Embedded.library.get()
    try library.add(
      """
      {"schema": 1, "family": "dinov2", "naming": "greedy", "about": "a", "rules": [
        {"from": "layernorm.**", "to": "dinov2.layernorm.**"},
        {"from": "encoder.**", "drop": "all of it", "optional": true},
        {"from": "embeddings.**", "drop": "all of it", "optional": true}]}
      """, file: "greedy.json")
    let model = try Model(Model(fixture: "dinov2/hf").tensors, library: library)
    #expect(try model.recognise().naming == "hub")
  }

  @Test func twoNamingsThatFitEquallyAreAmbiguous() throws {
    let hub = try Embedded.library.get().naming("hub", of: "dinov2").text
    var library = try Embedded.library.get()
    try library.add(
      hub.replacing("\"naming\": \"hub\"", with: "\"naming\": \"twin\""), file: "twin.json")
    let model = try Model(Model(fixture: "dinov2/hf").tensors, library: library)
    let error = try #require(failure { try model.recognise() })
    #expect(error.code == .remapAmbiguous)
    #expect(error.message.contains("dinov2 in hub naming and dinov2 in twin naming"))
  }

  @Test func aTieWithoutTheNameItDemandsDoesNotHold() throws {
    let embedding =
      "model.paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight"
    var model = try Model(fixture: "pi0/lerobot-save-transformers-5.4-to-5.5")
    #expect(try model.recognise().naming == "lerobot-save-5.4")
    model.remove(embedding)
    #expect(try model.recognise().naming == "lerobot-2025-10")
  }

  @Test func anEmptyFileAndAForeignOneAreUnrecognised() throws {
    #expect(failure { try Model([:]).recognise() }?.code == .remapUnrecognised)
    let foreign = try Model(["conv1.weight": [64, 3, 7, 7], "fc.bias": [1000]])
    let error = try #require(failure { try foreign.recognise() })
    #expect(error.code == .remapUnrecognised)
    #expect(error.message.contains("\"conv1.weight\""))
  }

  @Test func aConfigOfAnotherModelContradictsTheTensors() throws {
    var model = try Model(fixture: "dinov2/hf")
    model.config = try Model(fixture: "paligemma/hf-hub").config
    let error = try #require(failure { try model.recognise() })
    #expect(error.code == .remapContradiction)
    #expect(
      error.message.contains(
        "has the model_type \"paligemma\", but the tensors are dinov2 in hub naming, whose "
          + "model_type is \"dinov2\""), "\(error)")
  }

  @Test func theModelTypeMustAgreeWithTheRegistersInTheTensors() throws {
    var model = try Model(fixture: "dinov2/hf")
    let members = try #require(model.config?.object?.members)
    model.config = .object(
      JSONObject(members.map { $0.key == "model_type" ? ($0.key, "dinov2_with_registers") : $0 }))
    let error = try #require(failure { try model.plan() })
    #expect(error.code == .remapContradiction)
    #expect(error.message.hasPrefix("num_register_tokens is 0 as there is no tensor"), "\(error)")
  }

  @Test func aNestedModelTypeMustAgreeToo() throws {
    var model = try Model(fixture: "depth-anything-v2/hf")
    let members = try #require(model.config?.object?.members)
    model.config = .object(
      JSONObject(
        members.map { name, value in
          guard name == "backbone_config", let inner = value.object?.members else {
            return (name, value)
          }
          return (
            name,
            .object(
              JSONObject(inner.map { $0.key == "model_type" ? ($0.key, "dinov3_vit") : $0 }))
          )
        }))
    #expect(
      failure { try model.recognise() }?.message
        == "config.json backbone_config.model_type is \"dinov3_vit\", but only null or \"dinov2\" "
        + "is supported: other backbones have other layers")
  }

  @Test(
    arguments: [
      (["model.vision_tower.x": [4], "a.layers.0.pre_feedforward_layernorm.weight": [4]], true),
      (["vision_tower.a.b": [4], "layers.0.pre_feedforward_layernorm.weight": [4]], true),
      (["vision_tower": [4], "layers.0.pre_feedforward_layernorm.weight": [4]], false),
      (["x.vision_tower.y": [4]], false),
    ] as [([String: [Int]], Bool)])
  func aMarkWithAnyBeginningAndAnyEndMatchesInBetween(
    shapes: [String: [Int]], isPaliGemma2: Bool
  ) throws {
    let model = try Model(shapes.map { try tensor($0.key, $0.value) })
    let error = try #require(failure { try model.recognise() })
    #expect((error.code == .remapRefused) == isPaliGemma2)
    if isPaliGemma2 { #expect(error.message.contains("PaliGemma 2")) }
  }
}
