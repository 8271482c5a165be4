import DVLADiagnostics
import DVLAJSON
import Testing

@testable import DVLARemapping

@Suite struct ConfigurationTests {
  @Test(arguments: ["num_attention_head", "Num_attention_heads", "vision.layers", "", "dinov2"])
  func anUnknownKeyIsRefusedWithTheKnownOnes(key: String) throws {
    let model = try Model(fixture: "dinov2/original")
    let recognition = try model.recognise()
    var given = Configuration(["num_attention_heads": 2])
    given.set(key, 2, origin: "--set")
    let planner = RemapPlanner(
      library: model.library, family: "dinov2",
      sources: [.init(label: "source", recognition: recognition)], given: given)
    let error = try #require(failure { try planner.plan() })
    #expect(error.code == .remapUnknownKey)
    #expect(error.kind == .usage)
    #expect(error.message.contains("num_attention_heads, image_size, mlp_ratio"), "\(error)")
  }

  @Test func theUserMayNotContradictTheShapes() throws {
    let model = try Model(fixture: "dinov2/original")
    let error = try #require(
      failure { try model.plan(["num_attention_heads": 2, "hidden_size": 23]) })
    #expect(error.code == .remapContradiction)
    #expect(
      error.message
        == "hidden_size is 22 according to axis 2 of dinov2.embeddings.cls_token, but 23 according "
        + "to --set; correct one of them")
  }

  @Test func aNumberOfHeadsThatDoesNotDivideTheWidthIsRefused() throws {
    let model = try Model(fixture: "dinov2/original")
    let error = try #require(failure { try model.plan(["num_attention_heads": 4]) })
    #expect(error.code == .remapConfiguration)
    #expect(
      error.message.hasSuffix(": hidden_size % num_attention_heads must be 0, but is 2"), "\(error)"
    )
  }

  @Test func theUserMayNotContradictTheConfig() throws {
    let model = try Model(fixture: "dinov2/hf")
    let error = try #require(failure { try model.plan(["num_attention_heads": 11]) })
    #expect(
      error.message
        == "num_attention_heads is 11 according to --set, but 2 according to config.json "
        + "num_attention_heads; correct one of them")
  }

  @Test func theUserMayNotContradictWhatFollowsFromTheShapes() throws {
    let model = try Model(fixture: "dinov2/original")
    let error = try #require(
      failure { try model.plan(["num_attention_heads": 2, "image_size": 224]) })
    #expect(error.code == .remapContradiction)
  }

  @Test func whatTheConfigLeavesOutTheUserMaySay() throws {
    var model = try Model(fixture: "dinov2/hf")
    let members = try #require(model.config?.object?.members)
    model.config = .object(JSONObject(members.filter { $0.key != "num_attention_heads" }))
    // The library takes 12, which does not divide 22.
    #expect(failure { try model.plan() }?.code == .remapConfiguration)
    #expect(
      try model.plan(["num_attention_heads": 11]).configuration["num_attention_heads"] == 11)
  }

  @Test(
    arguments: [
      ("num_attention_heads", "2"), ("num_attention_heads", -2), ("num_attention_heads", 2.5),
      ("num_attention_heads", true), ("num_attention_heads", [2]), ("layer_norm_eps", "1e-6"),
      ("hidden_act", 1), ("qkv_bias", "yes"), ("hidden_size", "22"), ("mlp_ratio", -4),
    ] as [(String, JSONValue)])
  func aValueOfTheWrongKindIsRefused(key: String, value: JSONValue) throws {
    var model = try Model(fixture: "dinov2/hf")
    let members = try #require(model.config?.object?.members)
    model.config = .object(JSONObject(members.map { $0.key == key ? (key, value) : $0 }))
    let error = try #require(failure { try model.plan() })
    #expect([.remapConfiguration, .remapContradiction].contains(error.code))
    #expect(error.message.contains(key) && error.message.contains("config.json"), "\(error)")
  }

  @Test func wholeNumbersAreReadHoweverTheyAreSpelt() throws {
    var model = try Model(fixture: "dinov2/hf")
    let members = try #require(model.config?.object?.members)
    model.config = .object(
      JSONObject(members.map { $0.key == "mlp_ratio" ? ($0.key, 4.0) : $0 }))
    #expect(try model.plan().configuration.integer("mlp_ratio") == 4)
  }

  @Test func anActivationThatIsNotComputedHereIsRefused() throws {
    let model = try Model(fixture: "dinov2/original")
    let error = try #require(
      failure { try model.plan(["num_attention_heads": 2, "hidden_act": "relu"]) })
    #expect(
      error.message == "hidden_act is \"relu\" (--set), expected \"gelu\" or "
        + "\"gelu_python\" or \"gelu_pytorch_tanh\"")
  }

  @Test func theFamilysEntryReplacesThatOfItsBlock() throws {
    let layout = try Embedded.library.get().layout(of: "pi0")
    let entries = layout.keys.filter { $0.name == "action.num_attention_heads" }
    #expect(entries.count == 1 && entries[0].question == nil && entries[0].derived != nil)
    let model = try Model(fixture: "pi0/openpi")
    let given: KeyValuePairs<String, JSONValue> = [
      "text.num_attention_heads": 8, "vision.num_attention_heads": 2,
    ]
    #expect(try model.plan(given).configuration["action.num_attention_heads"] == 8)
  }

  @Test func scopesMoveWholeAndSingleKeysAlone() {
    let configuration = Configuration(["a.x": 1, "a.y.z": 2, "ab": 3, "a": 4])
    #expect(configuration.moved(from: "a.", to: "b.").keys == ["b.x", "b.y.z"])
    #expect(configuration.moved(from: "a", to: "c").keys == ["c"])
    #expect(configuration.moved(from: "", to: "q.").keys.count == 4)
  }

  @Test func theConfigurationSurvivesItsDocument() throws {
    let configuration = try PublishedPlan.of("depth-anything-v2-large.hf").plan.configuration
    let again = try Configuration(json: configuration.json, origin: "bundle")
    #expect(Set(again.keys) == Set(configuration.keys))
    for key in configuration.keys { #expect(again[key] == configuration[key]) }
  }
}
