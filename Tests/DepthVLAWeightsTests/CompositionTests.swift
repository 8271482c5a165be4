import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// DepthVLA put together from checkpoints of its parts.
struct CompositionTests {
  static let paligemma = FixtureCheckpoint("paligemma/hf-hub").path
  static let depthAnything = FixtureCheckpoint("depth-anything-v2/hf").path
  static let dinov2 = FixtureCheckpoint("dinov2/hf").path

  /// vlm from PaliGemma, encoder from Depth Anything, experts from DepthVLA, the rest drawn.
  static func compose(
    _ scratch: ScratchFolder, to name: String,
    _ change: (inout ConversionOptions) -> Void = { _ in }
  ) throws -> WeightBundle {
    try convert(
      [paligemma, depthAnything, try Experts.write(to: scratch, as: name + "-experts")],
      to: scratch(name)
    ) {
      $0.choices = ["vlm": "paligemma", "dinov2": "depth-anything-v2"]
      $0.seed = 7
      change(&$0)
    }
  }

  @Test func eachComponentComesFromWhereItWasTaken() throws {
    let scratch = try ScratchFolder()
    let bundle = try Self.compose(scratch, to: "b")
    #expect(bundle.documents.family == "depthvla")
    let vlm = try PlainCheckpoint(fixture: "paligemma/hf-hub").tensors
    let depth = try PlainCheckpoint(fixture: "depth-anything-v2/hf").tensors
    let experts = try PlainCheckpoint(fixture: "depthvla/plain").tensors
    let pairs = [
      ("vlm.embed_tokens.weight", vlm["language_model.model.embed_tokens.weight"]),
      (
        "vlm.vision_tower.post_layernorm.bias",
        vlm["vision_tower.vision_model.post_layernorm.bias"]
      ),
      (
        "depth.encoder.embeddings.position_embeddings",
        depth["backbone.embeddings.position_embeddings"]
      ),
      ("depth.layers.1.mlp.up_proj.weight", experts["depth.layers.1.mlp.up_proj.weight"]),
      ("action.action_out_proj.bias", experts["action.action_out_proj.bias"]),
    ]
    for (name, tensor) in pairs {
      #expect(try bundle.array(name) == (try #require(tensor)).bytes, "\(name)")
    }
    #expect(bundle.tensors.allSatisfy { !$0.name.string.contains("neck") })
  }

  /// Experts that are all drawn have the sizes that the user says.
  @Test func everySizeThatNothingTellsIsAskedForAtOnce() throws {
    let scratch = try ScratchFolder()
    let error = #expect(throws: WeightsError(.init("remap.ask"), .usage, "")) {
      try convert([Self.paligemma, Self.depthAnything], to: scratch("b")) { $0.seed = 7 }
    }
    let names = [
      "depth.hidden_size", "depth.intermediate_size", "action.hidden_size",
      "action.intermediate_size", "action.state_dim", "action.action_dim",
    ]
    #expect(
      error?.message == "cannot determine \(names.joined(separator: ", ")) from the tensors, "
        + "config.json or a published variant")
    #expect(error?.remedies == [.set(keys: names)])
    #expect(error?.details.count == names.count)
    #expect(try scratch.entries == [])
  }

  @Test func onlyWhatNoSourceHasIsDrawnAndRecorded() throws {
    let scratch = try ScratchFolder()
    let bundle = try Self.compose(scratch, to: "b")
    let drawn = bundle.bundleTensors.filter { $0.source?.object?["initialised"] != nil }
    #expect(drawn.map(\.name.string).sorted() == Experts.drawn)
    let head = drawn.first { $0.name == "depth.head.weight" }
    #expect(head?.source?.object?["seed"] == "7")
    #expect(head?.source?.object?["initialised"] == ["normal": 0.02])
    #expect(head?.source?.object?["reason"] == "no source has it")
    let bias = drawn.first { $0.name == "depth.head.bias" }
    #expect(bias?.source?.object?["initialised"] == "zeros")
    #expect(try bundle.array("depth.head.bias").allSatisfy { $0 == 0 })
  }

  @Test func whatNoSourceHasIsAnErrorThatListsAllOfIt() throws {
    let scratch = try ScratchFolder()
    let error = #expect(throws: WeightsError.self) {
      try Self.compose(scratch, to: "b") { $0.seed = nil }
    }
    #expect(error?.code.rawValue == "remap.coverage")
    #expect(error?.details.count == 4)
    for name in Experts.drawn {
      #expect(error?.details.contains { $0.hasSuffix(name) } == true, "\(name)")
    }
    #expect(try scratch.entries == ["b-experts"])
  }

  @Test func aComposedBundleAgreesWithItsSourcesInAnyOrder() throws {
    let scratch = try ScratchFolder()
    let bundle = try Self.compose(scratch, to: "b")
    let sources = [scratch("b-experts"), Self.depthAnything, Self.paligemma]
    #expect(try compare(bundle, against: sources).differences.isEmpty)
    let error = #expect(throws: WeightsError.self) {
      try compare(bundle, against: Array(sources.dropLast()))
    }
    #expect(error?.code.rawValue == "verify.sources")
    #expect(error?.message.contains("paligemma") == true)
  }

  @Test func takeSaysWhichOfTwoSourcesGivesAComponent() throws {
    let scratch = try ScratchFolder()
    // Another encoder of the same shapes, so that one can tell which was taken.
    var other = try PlainCheckpoint(fixture: "dinov2/hf")
    other.tensors["layernorm.weight"]?.bytes[3] ^= 0x80
    let path = try other.write(to: scratch, as: "other")
    let whole = FixtureCheckpoint("depthvla/plain").path
    let bundle = try convert([whole, path], to: scratch("b")) { $0.choices = ["dinov2": "dinov2"] }
    #expect(
      try bundle.array("depth.encoder.layernorm.weight") == other.tensors["layernorm.weight"]?.bytes
    )
    // The source that was passed over by name gives nothing, and that is no mistake.
    let own = try convert([whole, path], to: scratch("c")) { $0.choices = ["dinov2": "depthvla"] }
    #expect(
      try own.array("depth.encoder.layernorm.weight")
        == PlainCheckpoint(fixture: "depthvla/plain").tensors["depth.encoder.layernorm.weight"]?
        .bytes)
  }

  @Test func aSourceThatGivesNothingIsAMistake() throws {
    let scratch = try ScratchFolder()
    let error = #expect(throws: WeightsError.self) {
      try convert([Self.paligemma, Self.dinov2], to: scratch("b")) { $0.family = "paligemma" }
    }
    #expect(error?.kind == .usage)
    #expect(error?.file == Self.dinov2)
    #expect(error?.message.contains("holds nothing that a paligemma bundle needs") == true)
    #expect(try scratch.entries == [])
  }

  @Test func twoSourcesOfOneComponentAreAConflictWithoutAChoice() throws {
    let scratch = try ScratchFolder()
    let pi0 = FixtureCheckpoint("pi0/transformers-5.23-fresh-save").path
    let error = #expect(throws: WeightsError.self) {
      try convert([Self.paligemma, pi0], to: scratch("b"))
    }
    #expect(error?.kind == .usage)
    #expect(error?.code.rawValue == "remap.several-sources")
    #expect(error?.remedies == [.chooseSource(component: "vlm", families: ["paligemma", "pi0"])])
    #expect(try scratch.entries == [])
  }

  /// The experts of two models share attention, so their heads must be the same.
  @Test func theActionExpertComesFromPi0() throws {
    let scratch = try ScratchFolder()
    let pi0 = FixtureCheckpoint("pi0/transformers-5.23-fresh-save")
    var depth = try PlainCheckpoint(fixture: "depthvla/plain")
    depth.config = nil
    for name in depth.tensors.keys where !name.hasPrefix("depth.") { depth.tensors[name] = nil }
    let path = try depth.write(to: scratch, as: "depth")
    let bundle = try convert(
      [pi0.path, path], to: scratch("b"),
      settings: [("encoder.num_attention_heads", 2)]
    ) {
      $0.choices = ["vlm": "pi0", "action": "pi0"]
    }
    let given = try PlainCheckpoint(fixture: pi0.name).tensors
    let expert = "action.layers.0.self_attn.o_proj.weight"
    let name = try #require(
      given.keys.first { $0.hasSuffix("expert.model.layers.0.self_attn.o_proj.weight") })
    #expect(try bundle.array(expert) == given[name]?.bytes)
    #expect(try bundle.array("action.state_proj.bias") == given["state_proj.bias"]?.bytes)
    #expect(try bundle.array("depth.norm.weight") == depth.tensors["depth.norm.weight"]?.bytes)
  }

  /// A part of a composite can be had back in its library's naming.
  @Test func onePartIsExportedInItsOwnNaming() throws {
    let scratch = try ScratchFolder()
    let bundle = try Self.compose(scratch, to: "b")
    try export(bundle, naming: "hub", to: scratch("vlm")) { $0.family = "paligemma" }
    let vlm = try PlainCheckpoint(folder: scratch("vlm"))
    #expect(vlm.differences(from: try PlainCheckpoint(fixture: "paligemma/hf-hub")) == [])
    try export(bundle, naming: "source", to: scratch("again")) { $0.family = "paligemma" }
    #expect(try PlainCheckpoint(folder: scratch("again")).differences(from: vlm) == [])
    let error = #expect(throws: WeightsError.self) {
      try export(bundle, naming: "source", to: scratch("part")) {
        $0.family = "depth-anything-v2"
      }
    }
    #expect(error?.code.rawValue == "export.incomplete")
    let absent = #expect(throws: WeightsError.self) {
      try export(bundle, naming: "source", to: scratch("part")) { $0.family = "pi0" }
    }
    #expect(absent?.code.rawValue == "export.family")
    #expect(
      absent?.message.hasPrefix("was not made from a pi0 checkpoint; it was made from ") == true)
  }

  @Test func aModelThatTheBundleLacksIsSaidBeforeItsNamings() throws {
    let scratch = try ScratchFolder()
    let bundle = try convert([Self.dinov2], to: scratch("b"))
    for naming in ["hub", "hf", "none"] {
      let error = #expect(throws: WeightsError.self) {
        try export(bundle, naming: naming, to: scratch("out")) { $0.family = "pi0" }
      }
      #expect(error?.code.rawValue == "export.family")
      #expect(error?.message == "the dinov2 bundle holds no pi0 model")
    }
    for family in ["dinov2", "absent"] {
      let error = #expect(throws: WeightsError.self) {
        try export(bundle, naming: "none", to: scratch("out")) { $0.family = family }
      }
      #expect(error?.code == .manifestUnknown)
    }
  }
}
