import DVLADiagnostics
import DVLAJSON
import DVLATensors
import DVLATestSupport
import Testing

@testable import DVLARemapping

/// Names behind what training code wraps around a model.
@Suite struct WrappedNameTests {
  /// Names that PyTorch 2.15 gives the tensors of `dinov2/hf`, by wrapper: the wrapped name and the
  /// model's own, nil for what is no tensor of the model.
  static let recorded: [(wrapper: String, names: [(wrapped: String, own: String?)])] = {
    let text = (try? FixtureFolder.bytes("wrappers/wrapped.json")) ?? []
    return ((try? StrictJSON.parse(text))?.object?.members ?? []).map { wrapper, names in
      (wrapper, (names.object?.members ?? []).map { ($0.key, $0.value.string) })
    }
  }()

  static let wrappers = recorded.map(\.wrapper)

  @Test func everyWrapperIsRecorded() {
    #expect(Self.wrappers.count == 10)
  }

  /// The plan of a wrapped checkpoint is that of the model: each tensor becomes what it is.
  @Test(arguments: wrappers)
  func isReadAsTheModelInside(wrapper: String) throws {
    let plain = try Model(fixture: "dinov2/hf")
    let names = try #require(Self.recorded.first { $0.wrapper == wrapper }).names
    var wrapped = try Model([TensorInfo](), config: plain.config)
    for (name, own) in names {
      let shape = own.flatMap { plain.shapes[TensorName($0)] }
      wrapped.tensors.append(try tensor(name, shape?.dimensions ?? []))
    }
    let recognition = try wrapped.recognise()
    // In memory, transformers 5.24 has other names than it saves.
    #expect(recognition.naming == "state-dict-5.18")
    #expect(recognition.configurationIsStated)
    let plan = try wrapped.plan()
    let expected = try plain.plan()
    #expect(plan.tensors.map(\.name) == expected.tensors.map(\.name))
    for (name, own) in names {
      guard let own else {
        #expect(plan.fate(name) == "dropped")
        continue
      }
      #expect(plan.fate(name) == expected.fate(own), "\(name)")
    }
    // The ledger has every tensor of the checkpoint.
    #expect(plan.ledger.count == names.count)
  }

  @Test(arguments: FixtureCheckpoint.all)
  func anyPrefixOfAllNamesIsReadThrough(fixture: FixtureCheckpoint) throws {
    for prefix in ["module.", "trainer.policy_0.net."] {
      var model = try Model(fixture: fixture.name)
      let plain = try model.recognise()
      try model.rename { prefix + $0 }
      let recognition = try model.recognise()
      #expect(recognition.family == plain.family)
      #expect(recognition.naming == plain.naming)
      #expect(recognition.wrapping == NameWrapping(inner: prefix))
      #expect(recognition.unexpected.isEmpty)
    }
  }

  @Test func whatIsMissingBehindAPrefixIsNamedWithIt() throws {
    var model = try Model(fixture: "dinov2/hf")
    model.remove("layernorm.bias")
    try model.append("layernorm.extra", [3])
    try model.rename { "module." + $0 }
    let error = try #require(failure { try model.plan() })
    #expect(
      error.details == ["missing: module.layernorm.bias", "unexpected: module.layernorm.extra"])
  }

  /// Two namings under two prefixes, which make the same of the tensors: the shorter prefix.
  @Test func theShorterOfTwoPrefixesIsMeant() throws {
    var model = try Model(fixture: "pi0/openpi")
    try model.rename { "module.model." + $0 }
    let recognition = try model.recognise()
    #expect(recognition.naming == "lerobot-2025-10" || recognition.naming == "lerobot-save-5.4")
    #expect(recognition.prefix == "module.")
  }

  @Test func twoNamingsThatMakeDifferentTensorsOfItAreNamedBoth() throws {
    var library = try Embedded.library.get()
    // Names of the original behind `inner.`, with the two norms of a block exchanged.
    let original = try library.naming("original", of: "dinov2")
    let text = original.text
      .replacing(#""naming": "original""#, with: #""naming": "exchanged""#)
      .replacing(#""from": ""#, with: #""from": "inner."#)
      .replacing("layer.{i}.norm1", with: "layer.{i}.normX")
      .replacing("layer.{i}.norm2", with: "layer.{i}.norm1")
      .replacing("layer.{i}.normX", with: "layer.{i}.norm2")
    try library.add(text, file: "exchanged.json")
    var model = try Model(fixture: "dinov2/original")
    model.library = library
    try model.rename { "p.inner." + $0 }
    let error = try #require(failure { try model.recognise() })
    #expect(error.code == .remapAmbiguous)
    #expect(error.kind == .usage)
    #expect(error.message.contains(#"dinov2 in exchanged naming behind "p.""#), "\(error)")
    #expect(error.message.contains(#"dinov2 in original naming behind "p.inner.""#), "\(error)")
    #expect(
      error.details == [
        #""p.": dinov2 in exchanged naming"#, #""p.inner.": dinov2 in original naming"#,
      ])
    #expect(error.remedies == [.choosePrefix(["p.", "p.inner."])])
    // The prefix that is said settles it.
    let recognition = try library.recognise(model.tensors, config: nil, prefix: "p.inner")
    #expect(recognition.naming == "original")
  }
}

/// Several models in one checkpoint, and what training code keeps beside one.
@Suite struct SideBySideTests {
  private func copies(_ prefixes: String...) throws -> Model {
    var all = try Model([TensorInfo]())
    for prefix in prefixes {
      var copy = try Model(fixture: "depth-anything-v2/original")
      try copy.rename { prefix + $0 }
      all.tensors += copy.tensors
    }
    return all
  }

  @Test(arguments: [["module.", "ema."], ["", "ema_model."], ["model.", "model.ema."]])
  func copiesAreAskedAbout(prefixes: [String]) throws {
    let model = try copies(prefixes[0], prefixes[1])
    let error = try #require(failure { try model.recognise() })
    #expect(error.code == .remapAmbiguous)
    #expect(error.kind == .usage)
    #expect(error.message.contains("2 models side by side"), "\(error)")
    #expect(error.details.count == 2)
    #expect(error.remedies == [.choosePrefix(prefixes.sorted())])
    let count = model.tensors.count / 2
    for prefix in prefixes {
      let recognition = try model.library.recognise(model.tensors, config: nil, prefix: prefix)
      #expect(recognition.naming == "original")
      #expect(recognition.prefix == prefix)
      #expect(recognition.aside.count == count, "\(prefix)")
      #expect(recognition.tensors.count == 2 * count)
      // The tensors that are set aside belong to the other copy.
      let own = model.tensors.filter { $0.name.string.hasPrefix(prefix) }.map(\.name)
      if prefix != "", prefixes != ["model.", "model.ema."] {
        #expect(!recognition.aside.contains { own.contains($0.tensor.name) })
      }
    }
  }

  @Test func aPrefixThatNoNameHasIsRefusedWithThoseThereAre() throws {
    let model = try copies("module.", "ema.")
    let error = try #require(
      failure { try model.library.recognise(model.tensors, config: nil, prefix: "emma") })
    #expect(error.code == .remapPrefix)
    #expect(error.kind == .usage)
    #expect(error.message.contains(#"names start with "module", "ema""#), "\(error)")
  }

  @Test func aTeacherIsReadBesideItsHeads() throws {
    var model = try Model(fixture: "dinov2/original")
    try model.rename { "teacher.backbone." + $0 }
    try model.append("teacher.dino_head.mlp.0.weight", [4, 4])
    try model.append("teacher.ibot_head.last_layer.weight", [4, 4])
    try model.append("dino_loss.center", [1, 4])
    let recognition = try model.recognise()
    #expect(recognition.prefix == "teacher.backbone.")
    #expect(recognition.asideByReason.map(\.count) == [2, 1])
    let plan = try model.plan(["num_attention_heads": 2])
    #expect(plan.fate("teacher.dino_head.mlp.0.weight") == "dropped")
    #expect(plan.ledger.count == model.tensors.count)
  }

  @Test func aTeacherBesideItsStudentIsAskedAbout() throws {
    var model = try Model(fixture: "dinov2/original")
    let student = model.tensors
    try model.rename { "teacher.backbone." + $0 }
    for info in student {
      try model.append("student.backbone." + info.name.string, info.shape.dimensions)
    }
    try model.append("student.dino_head.mlp.0.weight", [4, 4])
    let error = try #require(failure { try model.recognise() })
    #expect(error.code == .remapAmbiguous)
    #expect(error.details.contains { $0.contains("what DINOv2 publishes is its teacher") })
  }

  @Test func theRestBesideAModelIsNotLeftOutUnasked() throws {
    var model = try Model(fixture: "dinov2/original")
    try model.rename { "net." + $0 }
    try model.append("decoder.weight", [4, 4])
    let error = try #require(failure { try model.recognise() })
    #expect(error.code == .remapAmbiguous)
    #expect(error.message.contains("and 1 more that no manifest knows"), "\(error)")
    let chosen = try model.library.recognise(model.tensors, config: nil, prefix: "net.")
    #expect(chosen.aside.map(\.tensor.name.string) == ["decoder.weight"])
  }

  /// A model that lacks something is no reason to take a part of it.
  @Test func aPartOfAModelIsNotTakenForTheWhole() throws {
    var model = try Model(fixture: "pi0/openpi")
    model.remove("action_in_proj.weight")
    try model.rename { "module." + $0 }
    let error = try #require(failure { try model.plan(["vision.num_attention_heads": 2]) })
    #expect(error.code == .remapCoverage)
    #expect(error.details == ["missing: module.action_in_proj.weight"])
  }
}

/// What wrappers put inside names, and DINOv2's chunks.
@Suite struct NamesInsideTests {
  @Test(arguments: ["_orig_mod", "module", "_fsdp_wrapped_module"])
  func aWrapperInsideIsReadThrough(component: String) throws {
    var model = try Model(fixture: "paligemma/hf-hub")
    try model.rename { $0.replacing("vision_tower.", with: "vision_tower.\(component).") }
    let recognition = try model.recognise()
    #expect(recognition.naming == "hub")
    #expect(recognition.wrapping.components == [component])
    #expect(recognition.unexpected.isEmpty)
  }

  @Test func aNameThatWouldBeTwoTensorsIsRefused() throws {
    var model = try Model(fixture: "paligemma/hf-hub")
    let name = "vision_tower.vision_model.post_layernorm.weight"
    let shape = try #require(model.shapes[TensorName(name)])
    try model.append("vision_tower._orig_mod.vision_model.post_layernorm.weight", shape.dimensions)
    let error = try #require(failure { try model.recognise() })
    #expect(error.code == .remapWrapper)
    #expect(error.message.contains(#""_orig_mod." (torch.compile)"#), "\(error)")
    #expect(error.message.contains(name), "\(error)")
  }

  /// DINOv2's training code numbers layers through all chunks, `blocks.1.2` behind `blocks.0.1`.
  private func chunked(_ name: (_ layer: Int) -> String) throws -> Model {
    var model = try Model(fixture: "dinov2/original")
    try model.rename { text in
      let parts = text.split(separator: ".", maxSplits: 2)
      guard parts[0] == "blocks", let layer = Int(parts[1]) else { return text }
      return "blocks.\(name(layer)).\(parts[2])"
    }
    return model
  }

  @Test func chunksAreReadThrough() throws {
    var model = try chunked { "\($0 / 2).\($0)" }
    let plain = try Model(fixture: "dinov2/original")
    let heads: KeyValuePairs<String, JSONValue> = ["num_attention_heads": 2]
    #expect(try model.recognise().wrapping.hasChunks)
    #expect(
      try model.plan(heads).fate("blocks.1.3.norm1.weight")
        == plain.plan(heads).fate("blocks.3.norm1.weight"))
    try model.rename { "teacher.backbone." + $0 }
    #expect(try model.recognise().prefix == "teacher.backbone.")
  }

  @Test func chunksThatCountAnewAreRefused() throws {
    let error = try #require(failure { try chunked { "\($0 / 2).\($0 % 2)" }.recognise() })
    #expect(error.code == .remapWrapper)
    #expect(error.message.contains("layer 0 is in chunks 0 and 1"), "\(error)")
  }

  @Test func chunksInAnotherOrderAreRefused() throws {
    let error = try #require(failure { try chunked { "\(3 - $0).\($0)" }.recognise() })
    #expect(error.code == .remapWrapper)
    #expect(error.message.contains("numbered continuously"), "\(error)")
  }

  /// Refused however many there are, without a search through all of them.
  @Test func namesBehindManyPrefixesAreRefused() throws {
    var tensors: [TensorInfo] = []
    for number in 0..<20_000 {
      tensors.append(try tensor("p\(number * 7919 % 104_729).cls_token", [1, 1, 22]))
    }
    let model = try Model(tensors)
    #expect(failure { try model.recognise() }?.code == .remapUnrecognised)
    var deep = try Model(fixture: "dinov2/original")
    try deep.rename { String(repeating: "a.", count: 300) + $0 }
    #expect(failure { try deep.recognise() }?.code == .remapUnrecognised)
  }
}

extension Recognition {
  var configurationIsStated: Bool { stated != nil }
}
