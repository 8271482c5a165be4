import DVLAAccounting
import DVLADiagnostics
import DVLAJSON
import DVLATestSupport
import Testing

@testable import DVLARemapping

/// A config.json beside the weights, written by any library.
@Suite struct ConfigReadingTests {
  private static func document(_ path: String) throws -> JSONValue {
    try StrictJSON.parse(FixtureFolder.bytes("documents/" + path))
  }

  /// What versions of transformers know, and checkpoints it may stand beside.
  private static let documents: [(path: String, fixture: String)] = [
    "transformers-4.41.2", "transformers-4.57.6", "transformers-5.24.0",
  ].flatMap { version in
    [
      ("paligemma", "paligemma/hf-hub"), ("dinov2", "dinov2/hf"),
      ("dinov2-with-registers", "dinov2-with-registers/hf"),
      ("depth-anything-v2", "depth-anything-v2-metric/hf"),
      ("pi0", "pi0/transformers-5.23-fresh-save"),
    ].map { ("\(version)/\($0)/config.json", $1) }
  }.filter { FixtureFolder.names(in: "documents/" + $0.0.dropLast("/config.json".count)) != [] }

  @Test(arguments: documents)
  func nothingThatALibraryWritesIsUnknown(_ path: String, _ fixture: String) throws {
    var model = try Model(fixture: fixture)
    model.config = try Self.document(path)
    let reading = try #require(try model.recognise().config)
    #expect(reading.account.unknown.map(\.key) == [])
    #expect(reading.account.entries.count > 20)
  }

  private static var checkpoints: [String] {
    var checkpoints: [String] = []
    for model in FixtureFolder.names(in: "checkpoints") where model != "look-alikes" {
      for naming in FixtureFolder.names(in: "checkpoints/" + model) {
        checkpoints.append(model + "/" + naming)
      }
    }
    return checkpoints
  }

  /// Every checkpoint of the fixtures has a config that some library wrote.
  @Test(arguments: checkpoints)
  func nothingInTheCheckpointsIsUnknown(_ fixture: String) throws {
    let model = try Model(fixture: fixture)
    #expect(try model.recognise().config?.account.unknown.map(\.key) ?? [] == [])
  }

  @Test(arguments: [
    ("dinov2/original", "dinov2/hf"), ("dinov2/timm", "dinov2/hf"),
    ("dinov2-swiglu/original", "dinov2-swiglu/hf"),
    ("dinov2-with-registers/original", "dinov2-with-registers/hf"),
    ("depth-anything-v2/original", "depth-anything-v2/hf"),
    ("depth-anything-v2-metric/original", "depth-anything-v2-metric/hf"),
    ("paligemma/state-dict-4.52-to-5.5", "paligemma/hf-hub"),
    ("pi0/openpi", "pi0/transformers-5.23-fresh-save"),
    ("pi0/lerobot-2025-10", "pi0/transformers-5.23-fresh-save"),
  ])
  func aConfigOfTransformersIsReadBesideAnyNaming(_ fixture: String, _ other: String) throws {
    var model = try Model(fixture: fixture)
    let twin = try Model(fixture: other)
    model.config = twin.config
    let (found, expected) = (try model.plan().configuration, try twin.plan().configuration)
    // How pictures are fitted the naming says, and no config.json.
    let stated = try #require(try twin.recognise().stated).keys
    for key in expected.keys where stated.contains(key) {
      #expect(found[key]?.isSameSetting(as: expected[key] ?? .null) == true, "\(key)")
    }
  }

  @Test func contradictionsNameBothSides() throws {
    var model = try Model(fixture: "dinov2/original")
    let config = try #require(try Model(fixture: "dinov2/hf").config?.object)
    model.config = .object(
      JSONObject(config.members.map { $0.key == "hidden_size" ? ($0.key, 384) : $0 }))
    let error = try #require(failure { try model.plan() })
    #expect(error.code == .remapContradiction)
    #expect(
      error.message.contains("axis 2 of dinov2.embeddings.cls_token")
        && error.message.contains("384 according to config.json hidden_size"), "\(error)")
  }

  @Test func aConfigOfAnotherModelBesideOriginalNamesIsRefused() throws {
    var model = try Model(fixture: "dinov2/original")
    model.config = ["model_type": "vit", "hidden_size": 22]
    let error = try #require(failure { try model.recognise() })
    #expect(error.code == .remapContradiction)
    #expect(
      error.message.contains(
        "has the model_type \"vit\", but the tensors are dinov2 in original naming, whose "
          + "model_type is \"dinov2\""), "\(error)")
  }

  /// No key of Gemma 1, and yet transformers 5.24 caps the logits where it stands: found by
  /// scripts/mutations/huggingface.py.
  @Test func cappedLogitsAreRefusedByName() throws {
    var model = try Model(fixture: "paligemma/hf-hub")
    let members = try #require(model.config?.object?.members)
    model.config = .object(
      JSONObject(
        members.map { name, value in
          guard name == "text_config", let text = value.object?.members else {
            return (name, value)
          }
          return (
            name,
            .object(
              JSONObject(text.map { ($0.key, $0.value) } + [("final_logit_softcapping", 2.0)]))
          )
        }))
    let error = try #require(failure { try model.recognise() })
    #expect(error.code == .documentSetting)
    #expect(
      error.message.hasPrefix("config.json text_config.final_logit_softcapping is 2.0"), "\(error)")
  }

  @Test func aConfigThatNobodyKnowsHasUnknownKeysAlone() throws {
    var model = try Model(fixture: "dinov2/original")
    model.config = ["my_tool": 1, "heads": 2]
    let reading = try #require(try model.recognise().config)
    #expect(reading.account.unknown.map(\.key) == ["my_tool", "heads"])
  }

  @Test func layersThatTheLibraryWouldPassOverAreRefused() throws {
    var model = try Model(fixture: "dinov2/hf")
    let config = try #require(model.config?.object)
    model.config = .object(JSONObject(config.members.filter { $0.key != "num_hidden_layers" }))
    let error = try #require(failure { try model.plan() })
    #expect(error.code == .remapContradiction)
    #expect(error.message.contains("12 according to the library's default"), "\(error)")
  }
}
