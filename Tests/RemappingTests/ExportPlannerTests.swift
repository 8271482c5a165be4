import DVLADiagnostics
import DVLAJSON
import DVLATensors
import Testing

@testable import DVLARemapping

@Suite struct ExportPlannerTests {
  private static let pi0: KeyValuePairs<String, JSONValue> = [
    "text.num_attention_heads": 8, "vision.num_attention_heads": 2,
  ]

  private func export(
    _ plan: RemapPlan, _ naming: String, of family: String? = nil,
    isWanted: ((TensorName) -> Bool)? = nil
  ) throws -> [String: ExportTensor] {
    let library = try Embedded.library.get()
    let exported = try ExportPlanner(plan, library: library).plan(
      library.naming(naming, of: family ?? plan.family), isWanted: isWanted)
    return Dictionary(uniqueKeysWithValues: exported.map { ($0.name.string, $0) })
  }

  private func inputs(_ tensor: ExportTensor?) -> [String]? {
    guard let tensor, case .transformed(let inputs, _, _) = tensor.content else { return nil }
    return inputs.map(\.string)
  }

  private let head = "paligemma_with_expert.gemma_expert.lm_head.weight"

  @Test func whatTheLibraryInsistsOnIsZerosOfTheShapeInTheManifest() throws {
    let plan = try Model(fixture: "pi0/openpi").plan(Self.pi0)
    let tensor = try #require(try export(plan, "openpi")[head])
    guard case .zeros = tensor.content else {
      Issue.record("\(tensor.content)")
      return
    }
    #expect(tensor.shape == [131, 28])
  }

  @Test func whatTheBundleKeepsIsWrittenInsteadOfZeros() throws {
    let plan = try Model(fixture: "pi0/openpi").plan(Self.pi0, keepsUnused: true)
    // The same in every naming, so that a change of naming carries it along.
    let kept = "unused.action.lm_head.weight"
    #expect(plan.tensors.last?.name.string == kept)
    #expect(inputs(try export(plan, "openpi")[head]) == [kept])
  }

  @Test func zerosThatAreNotWantedAreLeftOut() throws {
    let plan = try Model(fixture: "pi0/openpi").plan(Self.pi0)
    #expect(try export(plan, "openpi", isWanted: { $0.string != head })[head] == nil)
  }

  @Test func aStaleCopyGoesBackAsItCame() throws {
    var plan = try Model(fixture: "pi0/lerobot-save-transformers-5.4-to-5.5").plan(Self.pi0)
    let lmHead = "model.paligemma_with_expert.paligemma.lm_head.weight"
    #expect(inputs(try export(plan, "lerobot-save-5.4")[lmHead]) == ["vlm.embed_tokens.weight"])
    // What the comparison of the copies adds when they differ.
    plan.tensors.append(
      PlannedTensor(
        name: TensorName("unused." + lmHead), shape: [131, 34],
        origin: .initialised(.zeros, reason: "test"), unusedReason: "stale"))
    let exported = try export(plan, "lerobot-save-5.4")
    #expect(inputs(exported[lmHead]) == ["unused." + lmHead])
    #expect(
      inputs(
        exported["model.paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight"])
        == ["vlm.embed_tokens.weight"])
  }

  @Test func ofATiedTensorTheWantedNamesAreWrittenAndAtLeastOne() throws {
    let plan = try Model(fixture: "paligemma/hf-hub").plan()
    let embedding = "language_model.model.embed_tokens.weight"
    let lmHead = "language_model.lm_head.weight"
    let usual = try export(plan, "hub")
    #expect(usual[embedding] != nil && usual[lmHead] == nil)
    let other = try export(plan, "hub", isWanted: { $0.string != embedding })
    #expect(other[embedding] == nil && other[lmHead] != nil)
    #expect(try export(plan, "hub", isWanted: { _ in false })[embedding] != nil)
  }

  @Test(
    arguments: [
      ("dinov2/hf", "dinov2/original", "original"),
      ("dinov2-swiglu/hf", "dinov2-swiglu/timm", "timm"),
      ("dinov2-with-registers/hf", "dinov2-with-registers/timm", "timm"),
      ("dinov2-swiglu/hf", "dinov2-swiglu/state-dict-5.18-to-5.23", "state-dict-5.18"),
      ("depth-anything-v2/hf", "depth-anything-v2/original", "original"),
      ("paligemma/hf-hub", "paligemma/transformers-5.4-to-5.5-save", "save-5.4"),
      ("paligemma/hf-hub", "paligemma/transformers-5.6-to-5.23-fresh-save", "save-5.6"),
      ("paligemma/hf-hub", "paligemma/state-dict-4.52-to-5.5", "state-dict-4.52"),
    ])
  func anotherNamingHasTheNamesAndShapesOfItsOwnLibrary(
    from: String, to: String, naming: String
  ) throws {
    let exported = try export(try Model(fixture: from).plan(), naming)
    let shapes = Dictionary(
      uniqueKeysWithValues: exported.map { (TensorName($0.key), $0.value.shape) })
    #expect(try shapes == Model(fixture: to).shapes)
  }

  @Test func aDepthVLABundleGivesBackItsPaliGemma() throws {
    let plan = try Model(fixture: "depthvla/plain").plan()
    let exported = try export(plan, "hub", of: "paligemma")
    let shapes = Dictionary(
      uniqueKeysWithValues: exported.map { (TensorName($0.key), $0.value.shape) })
    #expect(try shapes == Model(fixture: "paligemma/hf-hub").shapes)
  }

  @Test func aNamingThatNeedsMoreThanTheBundleHasIsRefused() throws {
    let plan = try Model(fixture: "paligemma/hf-hub").plan()
    let error = try #require(failure { try export(plan, "openpi", of: "pi0") })
    #expect(error.code == .exportIncomplete)
    #expect(
      error.message == "pi0 in openpi naming requires action, which a paligemma bundle does "
        + "not have")
    #expect(failure { try export(plan, "hub", of: "dinov2") }?.code == .exportIncomplete)
    let depth = try Model(fixture: "depthvla/plain").plan()
    #expect(
      failure { try export(depth, "hub", of: "depth-anything-v2") }?.code == .exportIncomplete)
  }

  @Test func aBundleThatLacksATensorIsRefused() throws {
    var plan = try Model(fixture: "dinov2/hf").plan()
    plan.tensors.removeAll { $0.name.string == "dinov2.layernorm.bias" }
    let error = try #require(failure { try export(plan, "hub") })
    #expect(error.code == .exportIncomplete && error.tensor == "dinov2.layernorm.bias")
  }

  @Test func aBundleTensorOfAnotherShapeIsRefused() throws {
    var plan = try Model(fixture: "dinov2/hf").plan()
    let position = try #require(
      plan.tensors.firstIndex { $0.name.string == "dinov2.layernorm.bias" })
    plan.tensors[position] = PlannedTensor(
      name: "dinov2.layernorm.bias", shape: [23], origin: .initialised(.zeros, reason: ""),
      unusedReason: nil)
    #expect(failure { try export(plan, "hub") }?.code == .remapShape)
  }
}
