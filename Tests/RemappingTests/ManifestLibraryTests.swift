import DVLADiagnostics
import DVLAEmbeddedManifests
import DVLAJSON
import DVLATensors
import DVLATestSupport
import Foundation
import Testing

@testable import DVLARemapping

@Suite struct ManifestLibraryTests {
  @Test func theEmbeddedListIsTheFolder() throws {
    let folder = FixtureFolder.url.deletingLastPathComponent().appending(path: "Manifests")
    var files: [String: String] = [:]
    let found = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    for path in found where path.hasSuffix(".json") {
      files[path] = String(
        decoding: try Data(contentsOf: folder.appending(path: path)), as: UTF8.self)
    }
    #expect(Set(EmbeddedManifests.texts.keys) == Set(files.keys))
    for (path, text) in files { #expect(EmbeddedManifests.texts[path] == text, "\(path)") }
  }

  @Test func everyFamilyAndNamingIsThere() throws {
    let library = try Embedded.library.get()
    #expect(library.families == ["depth-anything-v2", "depthvla", "dinov2", "paligemma", "pi0"])
    #expect(library.namings.count == 20)
    #expect(failure { try library.layout(of: "dino") }?.code == .manifestUnknown)
    let error = try #require(failure { try library.naming("hf", of: "dinov2") })
    #expect(error.code == .manifestUnknown && error.kind == .usage)
    #expect(error.message.contains("hub-classifier, hub, original, state-dict-5.18, timm"))
  }

  private static func manifest(_ rules: String, _ more: String = "") -> String {
    """
    {"schema": 1, "family": "dinov2", "naming": "mine", "about": "a"\(more), "rules": [\(rules)]}
    """
  }

  private static let whole = #"{"from": "enc.**", "to": "dinov2.**"}"#

  @Test func aUsersManifestIsRecognised() throws {
    var library = try Embedded.library.get()
    try library.add(Self.manifest(Self.whole), file: "mine.json")
    var model = try Model(Model(fixture: "dinov2/hf").tensors, library: library)
    try model.rename { "enc." + $0 }
    #expect(try model.recognise().naming == "mine")
    #expect(try model.plan(["num_attention_heads": 2]).tensors.count == model.tensors.count)
  }

  @Test func aRuleThatHitsNothingIsReported() throws {
    var library = try Embedded.library.get()
    try library.add(
      Self.manifest(Self.whole + #", {"from": "optimizer.step", "drop": "training"}"#),
      file: "mine.json")
    var model = try Model(Model(fixture: "dinov2/hf").tensors, library: library)
    try model.rename { "enc." + $0 }
    let error = try #require(failure { try model.plan(["num_attention_heads": 2]) })
    #expect(error.code == .remapCoverage)
    #expect(error.details == ["no tensor matches optimizer.step"])
  }

  /// What is wrong, the manifest, and the code.
  private static let malformed: [(String, String, WeightsError.Code)] = [
    ("no JSON", "{", "json.truncated"),
    ("unknown key", manifest(whole, #", "rule": []"#), "json.unknown-key"),
    ("another schema", manifest(whole).replacing(": 1,", with: ": 2,"), "json.type"),
    (
      "no rules", #"{"schema": 1, "family": "dinov2", "naming": "m", "about": "a"}"#,
      "json.missing-key"
    ),
    (
      "unknown family", manifest(whole).replacing("dinov2\", \"n", with: "dino\", \"n"),
      "manifest.syntax"
    ),
    ("naming that is there", manifest(whole).replacing("mine", with: "hub"), "manifest.conflict"),
    (
      "unknown member of a rule", manifest(#"{"from": "a", "to": "dinov2.x", "op": []}"#),
      "json.unknown-key"
    ),
    ("rule without target", manifest(#"{"from": "a"}"#), "json.type"),
    (
      "target that no layout has", manifest(#"{"from": "a", "to": "dinov2.head.weight"}"#),
      "manifest.syntax"
    ),
    (
      "pattern with a star inside", manifest(#"{"from": "a*", "to": "dinov2.**"}"#),
      "manifest.syntax"
    ),
    ("stars in the middle", manifest(#"{"from": "**.a", "to": "dinov2.**"}"#), "manifest.syntax"),
    (
      "different variables",
      manifest(#"{"from": "b.{i}.**", "to": "dinov2.encoder.layer.{j}.**"}"#), "manifest.syntax"
    ),
    (
      "tail on one side", manifest(#"{"from": "b.**", "to": "dinov2.layernorm.weight"}"#),
      "manifest.syntax"
    ),
    (
      "two rules of one source",
      manifest(whole + #", {"from": "enc.layernorm.weight", "drop": "x"}"#), "manifest.conflict"
    ),
    (
      "two sources of one target",
      manifest(whole + #", {"from": "n.**", "to": "dinov2.layernorm.**"}"#), "manifest.conflict"
    ),
    (
      "target twice in a rule",
      manifest(
        #"{"from": "a", "to": ["dinov2.layernorm.bias", "dinov2.layernorm.bias"], "ops": [{"split": 0}]}"#
      ), "manifest.conflict"
    ),
    (
      "split into one",
      manifest(#"{"from": ["a", "b"], "to": "dinov2.layernorm.bias", "ops": [{"split": 0}]}"#),
      "manifest.syntax"
    ),
    (
      "targets without operation",
      manifest(#"{"from": "a", "to": ["dinov2.layernorm.bias", "dinov2.layernorm.weight"]}"#),
      "manifest.syntax"
    ),
    (
      "transpose that is no permutation",
      manifest(#"{"from": "a", "to": "dinov2.layernorm.bias", "ops": [{"transpose": [0, 0]}]}"#),
      "json.type"
    ),
    (
      "unknown operation",
      manifest(#"{"from": "a", "to": "dinov2.layernorm.bias", "ops": [{"rotate": 1}]}"#),
      "json.unknown-key"
    ),
    (
      "axis out of range",
      manifest(#"{"from": "a", "to": "dinov2.layernorm.bias", "ops": [{"split": -1}]}"#),
      "json.type"
    ),
    (
      "unknown tie",
      manifest(#"{"from": ["a", "b"], "to": "dinov2.layernorm.bias", "ops": [{"tie": "last"}]}"#),
      "json.type"
    ),
    (
      "tie of one",
      manifest(#"{"from": "a", "to": "dinov2.layernorm.bias", "ops": [{"tie": "equal"}]}"#),
      "json.type"
    ),
    (
      "require of another name",
      manifest(
        #"{"from": ["a", "b"], "to": "dinov2.layernorm.bias", "ops": [{"tie": "equal"}], "require": ["c"]}"#
      ), "json.type"
    ),
    (
      "write without a tie",
      manifest(#"{"from": "a", "to": "dinov2.layernorm.bias", "write": ["a"]}"#), "manifest.syntax"
    ),
    (
      "drop with a target", manifest(#"{"from": "a", "to": "dinov2.layernorm.bias", "drop": "x"}"#),
      "json.type"
    ),
    (
      "zeros without a shape", manifest(#"{"from": "a", "drop": "x", "export": "zeros"}"#),
      "json.type"
    ),
    (
      "zeros of many names",
      manifest(#"{"from": "a.{i}", "drop": "x", "shape": [1], "export": "zeros"}"#), "json.type"
    ),
    (
      "export of ones", manifest(#"{"from": "a", "drop": "x", "shape": [1], "export": "ones"}"#),
      "json.type"
    ),
    (
      "shape of an unknown key", manifest(#"{"from": "a", "drop": "x", "shape": ["width"]}"#),
      "manifest.syntax"
    ),
    (
      "shape that is no expression", manifest(#"{"from": "a", "drop": "x", "shape": ["2 +"]}"#),
      "manifest.syntax"
    ),
    (
      "initialise without a reason",
      manifest(#"{"to": "dinov2.layernorm.bias", "initialise": "zeros"}"#), "json.missing-key"
    ),
    (
      "initialise with a source",
      manifest(#"{"from": "a", "to": "dinov2.layernorm.bias", "initialise": "zeros", "why": "x"}"#),
      "json.type"
    ),
    (
      "initialise with noise past 1",
      manifest(#"{"to": "dinov2.layernorm.bias", "initialise": {"normal": 2}, "why": "x"}"#),
      "json.type"
    ),
    (
      "condition on an unknown key",
      manifest(#"{"from": "enc.**", "to": "dinov2.**", "when": "registers"}"#), "manifest.syntax"
    ),
    (
      "config of an unknown key",
      manifest(whole, #", "config": {"template": {"heads": "$heads"}}"#), "manifest.syntax"
    ),
    (
      "absent value of an unknown key",
      manifest(whole, #", "config": {"template": {}, "absent": {"heads": 1}}"#), "manifest.syntax"
    ),
    (
      "inclusion of an unknown manifest",
      manifest(whole, #", "include": [{"manifest": "dinov2/none"}]"#), "manifest.syntax"
    ),
    ("metadata that is no text", manifest(whole, #", "metadata": {"format": 1}"#), "json.type"),
  ]

  @Test(arguments: malformed.indices)
  func refusesAMalformedManifest(row: Int) throws {
    let (what, text, code) = Self.malformed[row]
    var library = try Embedded.library.get()
    let error = try #require(failure { try library.add(text, file: "mine.json") }, "\(what)")
    #expect(error.code == code, "\(what): \(error.code.rawValue) \(error)")
    #expect(error.file == "mine.json", "\(what)")
    #expect(!error.description.contains("\n"))
  }

  /// The bytes go to a bundle's provenance by their hash: what is no UTF-8 must not be mended.
  @Test func refusesAManifestThatIsNoUTF8() throws {
    var library = try Embedded.library.get()
    var bytes = Array(Self.manifest(Self.whole).utf8)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: #""a""#.utf8) })
    bytes[place + 1] = 0xFF
    let error = try #require(failure { try library.add(bytes, file: "mine.json") })
    #expect(error.code == .jsonUTF8)
    #expect(error.file == "mine.json")
  }

  /// A change to one of the toolkit's own files, and the code.
  private static let broken: [(file: String, old: String, new: String, code: WeightsError.Code)] = [
    ("dinov2/layout.json", #"{"part": 0}"#, "", "manifest.syntax"),
    ("dinov2/layout.json", #"{"part": 0}"#, #"{"part": 0}, {"part": 0}"#, "manifest.syntax"),
    ("dinov2/layout.json", #"{"part": 0}"#, #"{"part": 1}"#, "json.type"),
    ("dinov2/layout.json", #""block": "dinov2""#, #""block": "dinov4""#, "manifest.syntax"),
    ("dinov2/layout.json", #""hidden_size": 384"#, #""width": 384"#, "manifest.syntax"),
    ("layouts/dinov2.json", #"[1, 1, "hidden_size"]"#, #"[1, 1, "width"]"#, "manifest.syntax"),
    (
      "layouts/dinov2.json", #""when": "!use_swiglu_ffn""#, #""when": "!swiglu""#, "manifest.syntax"
    ),
    (
      "layouts/dinov2.json", #""count": "num_hidden_layers""#, #""count": "layers""#,
      "manifest.syntax"
    ),
    ("layouts/dinov2.json", "layernorm.bias", "layernorm.weight", "manifest.conflict"),
    (
      "layouts/dinov2.json", "hidden_size % num_attention_heads == 0", "hidden_size",
      "manifest.syntax"
    ),
    ("dinov2/hub.json", #""family": "dinov2""#, #""family": "pi0""#, "manifest.syntax"),
  ]

  @Test(arguments: broken.indices)
  func refusesABrokenLayout(row: Int) throws {
    let change = Self.broken[row]
    var texts = EmbeddedManifests.texts
    let text = try #require(texts[change.file])
    texts[change.file] = text.replacing(change.old, with: change.new)
    #expect(texts[change.file] != text)
    let error = try #require(failure { try ManifestLibrary(texts: texts) })
    #expect(error.code == change.code, "\(error.code.rawValue) \(error)")
    #expect(error.file?.hasPrefix("Manifests/") == true)
  }
}
