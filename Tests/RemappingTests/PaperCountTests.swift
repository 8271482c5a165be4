import DVLADiagnostics
import DVLAJSON
import DVLATensors
import Testing

@testable import DVLARemapping

/// DepthVLA at full size, planned from inventories without data: PaliGemma 3B at 224 pixels, the
/// backbone of Depth Anything V2 Large, and experts of the width that pi0 gives its own.
@Suite struct PaperCountTests {
  private static let depth: KeyValuePairs<String, JSONValue> = [
    "depth.hidden_size": 1024, "depth.intermediate_size": 4096, "depth.num_hidden_layers": 18,
    "depth.query_width": 2048, "depth.key_value_width": 256,
  ]
  private static let depthAndAction: KeyValuePairs<String, JSONValue> = [
    "depth.hidden_size": 1024, "depth.intermediate_size": 4096, "depth.num_hidden_layers": 18,
    "depth.query_width": 2048, "depth.key_value_width": 256,
    "action.hidden_size": 1024, "action.intermediate_size": 4096, "action.num_hidden_layers": 18,
    "action.query_width": 2048, "action.key_value_width": 256,
    "action.state_dim": 32, "action.action_dim": 32,
  ]

  private func plan(_ families: [String] = ["paligemma", "depth"]) throws -> RemapPlan {
    let library = try Embedded.library.get()
    let layouts = [
      "paligemma": "paligemma-3b-pt-224.hf-hub", "depth": "depth-anything-v2-large.hf",
      "pi0": "pi0-base.openpi",
    ]
    let sources = try families.map { family in
      RemapPlanner.Source(
        label: family, recognition: try PublishedPlan.of(layouts[family] ?? "").recognition)
    }
    return try RemapPlanner(
      library: library, family: "depthvla", sources: sources,
      given: Configuration(families.contains("pi0") ? Self.depth : Self.depthAndAction),
      initialisesMissing: true
    ).plan()
  }

  private func parameters(_ plan: RemapPlan, _ prefixes: String...) -> Int {
    plan.tensors.filter { tensor in
      prefixes.contains { tensor.name.string.hasPrefix($0) }
    }
    .reduce(0) { $0 + $1.shape.elementCount }
  }

  /// By hand, from the shapes of the parts: a Gemma expert of width 1024 has per layer two norms,
  /// q [2048, 1024], k and v [256, 1024], o [1024, 2048], and three matrices of 4096 x 1024.
  private static let expert =
    18 * (2 * 1024 + 2 * 2048 * 1024 + 2 * 256 * 1024 + 3 * 4096 * 1024) + 1024

  @Test func encoderAndDepthExpertHaveAbout600MillionParameters() throws {
    let plan = try plan()
    let encoder = parameters(plan, "depth.encoder.")
    let expert = parameters(plan, "depth.layers.", "depth.norm.")
    let depth = parameters(plan, "depth.")
    print("encoder \(encoder), expert \(expert), with projection and head \(depth)")
    // 335,315,649 of the whole of Depth Anything V2 Large, less its DPT head.
    #expect(encoder == 304_368_640)
    #expect(expert == Self.expert && expert == 311_464_960)
    #expect(parameters(plan, "depth.input_proj.") == 1024 * 1024 + 1024)
    #expect(parameters(plan, "depth.head.") == 14 * 14 * 1024 + 14 * 14)
    #expect(depth == 617_084_100)
    #expect((570_000_000...630_000_000).contains(depth))
  }

  /// The ablation with a depth expert that was not pretrained: nothing of it has a source.
  @Test(arguments: [["paligemma"], ["pi0"]])
  func withoutADepthCheckpointAllOfTheDepthExpertIsDrawnInTheSameSizes(_ families: [String]) throws
  {
    let plan = try plan(families)
    #expect(plan.variants.contains("dinov2-large"))
    #expect(parameters(plan, "depth.") == 617_084_100)
    for tensor in plan.tensors where tensor.name.string.hasPrefix("depth.") {
      guard case .initialised = tensor.origin else {
        Issue.record("\(tensor.name) has a source")
        continue
      }
    }
  }

  @Test func theWholeHasTheSumOfItsParts() throws {
    let plan = try plan()
    #expect(plan.variants == ["dinov2-large"])
    #expect(parameters(plan, "vlm.") == 2_923_466_480)
    #expect(parameters(plan, "action.") == 314_713_120)
    #expect(parameters(plan, "vlm.", "depth.", "action.") == 3_855_263_700)
    let total = plan.tensors.reduce(0) { $0 + $1.shape.elementCount }
    #expect(total == 3_855_263_700)
  }

  @Test func nothingButTheExpertsIsDrawn() throws {
    for tensor in try plan().tensors {
      let name = tensor.name.string
      let isOwn = name.hasPrefix("vlm.") || name.hasPrefix("depth.encoder.")
      if case .initialised = tensor.origin {
        #expect(!isOwn, "\(name)")
      } else {
        #expect(isOwn, "\(name)")
      }
    }
  }

  @Test func theActionExpertOfPi0FitsTheVLMOfPi0() throws {
    let plan = try plan(["pi0", "depth"])
    #expect(parameters(plan, "action.") == 314_713_120)
    // 257,152 rows: 64 fewer than the hub's PaliGemma.
    #expect(parameters(plan, "vlm.") == 2_923_466_480 - 64 * 2048)
    #expect(
      plan.fate("paligemma_with_expert.gemma_expert.lm_head.weight") == "dropped")
  }

  @Test func anExpertOfAnotherNumberOfLayersIsRefused() throws {
    let library = try Embedded.library.get()
    let source = try PublishedPlan.of("paligemma-3b-pt-224.hf-hub").recognition
    let planner = RemapPlanner(
      library: library, family: "depthvla", sources: [.init(label: "vlm", recognition: source)],
      given: Configuration(["depth.num_hidden_layers": 17]), initialisesMissing: true)
    let error = try #require(failure { try planner.plan() })
    #expect(error.message.contains("differ in the number of layers"), "\(error)")
    #expect(error.message.contains("the values are 17 and 18"), "\(error)")
  }
}
