import DVLADiagnostics
import DVLAJSON
import DVLASafetensors
import DVLATensors
import DVLATestSupport
import Testing

@testable import DVLARemapping

/// The tiny checkpoints that the real libraries wrote.
@Suite struct FixtureCheckpointTests {
  struct Fixture: CustomStringConvertible, Sendable {
    let folder: String
    let family: String
    let naming: String
    let parameters: Int
    /// What the file does not say.
    var given: KeyValuePairs<String, JSONValue> = [:]

    var description: String { folder }
  }

  private static let pi0: KeyValuePairs<String, JSONValue> = [
    "text.num_attention_heads": 8, "vision.num_attention_heads": 2, "image_token_index": 133,
  ]
  private static let relative: KeyValuePairs<String, JSONValue> = [
    "backbone.num_attention_heads": 3, "out_indices": [3, 6, 9, 12],
    "depth_estimation_type": "relative",
  ]
  private static let metric: KeyValuePairs<String, JSONValue> = [
    "backbone.num_attention_heads": 2, "out_indices": [3, 6, 9, 12],
    "depth_estimation_type": "metric", "max_depth": 20,
  ]

  static let fixtures: [Fixture] = [
    Fixture(
      folder: "depth-anything-v2-metric/hf", family: "depth-anything-v2", naming: "hub",
      parameters: 59894),
    Fixture(
      folder: "depth-anything-v2-metric/original", family: "depth-anything-v2", naming: "original",
      parameters: 59894, given: metric),
    Fixture(
      folder: "depth-anything-v2/hf", family: "depth-anything-v2", naming: "hub", parameters: 80031),
    Fixture(
      folder: "depth-anything-v2/original", family: "depth-anything-v2", naming: "original",
      parameters: 80031, given: relative),
    Fixture(
      folder: "depthvla/plain", family: "depthvla", naming: "layout", parameters: 152305),
    Fixture(
      folder: "depthvla/registers", family: "depthvla", naming: "layout", parameters: 145270),
    Fixture(
      folder: "dinov2-swiglu/hf", family: "dinov2", naming: "hub", parameters: 33178),
    Fixture(
      folder: "dinov2-swiglu/original", family: "dinov2", naming: "original", parameters: 33178,
      given: ["num_attention_heads": 2]),
    Fixture(
      folder: "dinov2-swiglu/state-dict-5.18-to-5.23", family: "dinov2", naming: "state-dict-5.18",
      parameters: 33178, given: ["num_attention_heads": 2]),
    Fixture(
      folder: "dinov2-swiglu/timm", family: "dinov2", naming: "timm", parameters: 33178,
      given: ["num_attention_heads": 2]),
    Fixture(
      folder: "dinov2-with-registers/hf", family: "dinov2", naming: "hub", parameters: 31075),
    Fixture(
      folder: "dinov2-with-registers/original", family: "dinov2", naming: "original",
      parameters: 31075, given: ["num_attention_heads": 5]),
    Fixture(
      folder: "dinov2-with-registers/state-dict-5.18-to-5.23", family: "dinov2",
      naming: "state-dict-5.18", parameters: 31075, given: ["num_attention_heads": 5]),
    Fixture(
      folder: "dinov2-with-registers/timm", family: "dinov2", naming: "timm", parameters: 31075,
      given: ["num_attention_heads": 5]),
    Fixture(
      folder: "dinov2/hf", family: "dinov2", naming: "hub", parameters: 38170),
    Fixture(
      folder: "dinov2/original", family: "dinov2", naming: "original", parameters: 38170,
      given: ["num_attention_heads": 2]),
    Fixture(
      folder: "dinov2/state-dict-5.18-to-5.23", family: "dinov2", naming: "state-dict-5.18",
      parameters: 38170, given: ["num_attention_heads": 2]),
    Fixture(
      folder: "dinov2/timm", family: "dinov2", naming: "timm", parameters: 38170,
      given: ["num_attention_heads": 2]),
    Fixture(
      folder: "paligemma/hf-hub", family: "paligemma", naming: "hub", parameters: 72068),
    Fixture(
      folder: "paligemma/hf-hub-bf16", family: "paligemma", naming: "hub", parameters: 72068),
    Fixture(
      folder: "paligemma/hf-hub-f16", family: "paligemma", naming: "hub", parameters: 72068),
    Fixture(
      folder: "paligemma/state-dict-4.52-to-5.5", family: "paligemma", naming: "state-dict-4.52",
      parameters: 72068, given: pi0),
    Fixture(
      folder: "paligemma/state-dict-5.6-to-5.23", family: "paligemma", naming: "state-dict-5.6",
      parameters: 72068, given: pi0),
    Fixture(
      folder: "paligemma/transformers-5.4-to-5.5-save", family: "paligemma", naming: "save-5.4",
      parameters: 72068),
    Fixture(
      folder: "paligemma/transformers-5.6-to-5.23-fresh-save", family: "paligemma",
      naming: "save-5.6", parameters: 72068),
    Fixture(
      folder: "pi0/lerobot-2025-02", family: "pi0", naming: "lerobot-2025-02", parameters: 68237,
      given: pi0),
    Fixture(
      folder: "pi0/lerobot-2025-02-mixed", family: "pi0", naming: "lerobot-2025-02",
      parameters: 68237, given: pi0),
    Fixture(
      folder: "pi0/lerobot-2025-10", family: "pi0", naming: "lerobot-2025-10", parameters: 68237,
      given: pi0),
    Fixture(
      folder: "pi0/lerobot-save-transformers-5.4-to-5.5", family: "pi0", naming: "lerobot-save-5.4",
      parameters: 68237, given: pi0),
    Fixture(
      folder: "pi0/lerobot-save-transformers-5.6-on", family: "pi0", naming: "lerobot-save-5.6",
      parameters: 68237, given: pi0),
    Fixture(
      folder: "pi0/openpi", family: "pi0", naming: "openpi", parameters: 68237, given: pi0),
    Fixture(
      folder: "pi0/transformers-5.23-fresh-save", family: "pi0", naming: "transformers-save",
      parameters: 68237),
    Fixture(
      folder: "pi0/transformers-native-state-dict-5.23", family: "pi0",
      naming: "transformers-state-dict", parameters: 68237, given: pi0),
  ]

  private func model(_ fixture: Fixture) throws -> Model {
    let checkpoint = try Checkpoint(path: FixtureFolder.path("checkpoints/" + fixture.folder))
    return try Model(checkpoint.tensors, config: checkpoint.config?.value)
  }

  @Test func everyFolderOfTheFixturesIsHere() {
    let folders = FixtureFolder.names(in: "checkpoints").filter { $0 != "look-alikes" }.flatMap {
      model in FixtureFolder.names(in: "checkpoints/" + model).map { model + "/" + $0 }
    }
    #expect(Set(folders) == Set(Self.fixtures.map(\.folder)))
  }

  @Test(arguments: fixtures)
  func isRecognisedAndCoveredWholeAndComesBack(fixture: Fixture) throws {
    let model = try model(fixture)
    let recognition = try model.recognise()
    #expect(recognition.family == fixture.family)
    #expect(recognition.naming == fixture.naming)
    let plan = try model.plan(of: recognition, fixture.given)
    #expect(plan.variants == [])
    #expect(plan.ledger.count == model.tensors.count)
    #expect(plan.tensors.reduce(0) { $0 + $1.shape.elementCount } == fixture.parameters)

    let kept = try model.plan(of: recognition, fixture.given, keepsUnused: true)
    let exported = try ExportPlanner(kept, library: model.library).plan(
      recognition.manifest)
    #expect(
      Dictionary(exported.map { ($0.name, $0.shape) }, uniquingKeysWith: { a, _ in a })
        == model.shapes)
  }

  // timm's config.json says it, though not in the words of transformers.
  @Test(arguments: fixtures.filter { !$0.given.isEmpty && !$0.folder.hasSuffix("/timm") })
  func asksForWhatTheFileDoesNotSayAllAtOnce(fixture: Fixture) throws {
    let error = try #require(failure { try model(fixture).plan() })
    #expect(error.code == .remapAsk)
    #expect(error.kind == .usage)
    guard case .set(let keys)? = error.remedies.first else {
      Issue.record("\(error) has no remedy")
      return
    }
    for (key, _) in fixture.given where key != "image_token_index" && key != "max_depth" {
      #expect(keys.contains(key), "\(error)")
      #expect(error.message.contains(key), "\(error)")
    }
  }

  @Test(
    arguments: [
      ("paligemma2", "PaliGemma 2"), ("pi05", "pi0.5"), ("dinov3", "DINOv3"),
      ("depth-anything-v1", "Depth Anything V1"),
    ])
  func aLookAlikeIsRefusedByName(folder: String, name: String) throws {
    let checkpoint = try Checkpoint(path: FixtureFolder.path("checkpoints/look-alikes/" + folder))
    let model = try Model(checkpoint.tensors, config: checkpoint.config?.value)
    let error = try #require(failure { try model.plan() })
    #expect(error.code == .remapRefused)
    #expect(error.kind == .malformed)
    #expect(error.message.contains(name), "\(error)")
  }

  @Test(arguments: [("paligemma2", "PaliGemma 2"), ("pi05", "pi0.5"), ("dinov3", "DINOv3")])
  func aLookAlikeIsRefusedByItsTensorsAlone(folder: String, name: String) throws {
    let checkpoint = try Checkpoint(path: FixtureFolder.path("checkpoints/look-alikes/" + folder))
    let error = try #require(failure { try Model(checkpoint.tensors).recognise() })
    #expect(error.code == .remapRefused)
    #expect(error.message.contains(name), "\(error)")
  }

  @Test(arguments: ["pi05-base.openpi", "pi05.lerobot-2025-10", "paligemma2-3b-pt-224.hf-hub"])
  func aPublishedLookAlikeIsRefusedByName(layout: String) throws {
    let error = try #require(failure { try Model(layout: layout).recognise() })
    #expect(error.code == .remapRefused)
    #expect(error.message.contains(layout.hasPrefix("pi05") ? "pi0.5" : "PaliGemma 2"))
  }
}
