import DVLADiagnostics
import DVLAHostileCorpus
import DVLAJSON
import DVLAQuantization
import DVLARemapping
import DVLATensors
import DVLATestSupport
import Testing

/// Limits of manifests, recipes and configurations.
struct ManifestLimitTests {
  private static let library = Result { () throws(WeightsError) in try ManifestLibrary.embedded() }

  private func manifest(
    rules: String, more: String = ""
  ) throws(WeightsError) {
    var library = try Self.library.get()
    let text =
      #"{"schema": 1, "family": "dinov2", "naming": "mine", "about": "a"\#(more), "#
      + "\"rules\": [\(rules)]}"
    try library.add(text, file: "mine.json")
  }

  private let whole = #"{"from": "enc.**", "to": "dinov2.**"}"#

  private func manifest(shape: String) throws(WeightsError) {
    try manifest(
      rules: whole + #", {"from": "x", "drop": "x", "shape": ["\#(shape)"], "export": "zeros"}"#)
  }

  @Test func ofManifests() {
    expectLimit("manifest.too-large", 512) { (count) throws(WeightsError) in
      let drops = (1..<count).map { #"{"from": "x\#($0)", "drop": "x"}"# }
      try manifest(rules: ([whole] + drops).joined(separator: ","))
    }
    expectLimit("manifest.too-large", 64) { (count) throws(WeightsError) in
      let prefixes = (0..<count).map { "\"p\($0).\"" }.joined(separator: ",")
      try manifest(rules: whole, more: ", \"prefixes\": [\(prefixes)]")
    }
    let keys = [
      "num_register_tokens", "use_swiglu_ffn", "hidden_size", "patch_size", "num_hidden_layers",
    ]
    expectLimit("manifest.too-large", 4) { (count) throws(WeightsError) in
      let rules = keys.prefix(count).enumerated().map {
        #"{"from": "x\#($0)", "drop": "x", "when": "\#($1)"}"#
      }
      try manifest(rules: ([whole] + rules).joined(separator: ","))
    }
    expectLimit("manifest.syntax", 512) { (count) throws(WeightsError) in
      let name = String(repeating: "n", count: count)
      try manifest(rules: whole + #", {"from": "\#(name)", "drop": "x"}"#)
    }
    // A tree as deep as the text is long.
    expectLimit("manifest.syntax", 256) { (count) throws(WeightsError) in
      let sum = Array(repeating: "1", count: (count + 1) / 2).joined(separator: "+")
      try manifest(shape: count.isMultiple(of: 2) ? "1" + sum : sum)
    }
    expectLimit("manifest.syntax", 31) { (depth) throws(WeightsError) in
      try manifest(
        shape: String(repeating: "(", count: depth) + "1" + String(repeating: ")", count: depth))
    }
  }

  /// Without the limit, walking the tree overflowed the stack.
  @Test func ofExpressionsThatWouldBeAMillionDeep() {
    let sum = "1" + String(repeating: "+1", count: 1_000_000)
    let error = refusal { () throws(WeightsError) in
      try manifest(shape: sum)
    }
    #expect(error?.code == "manifest.syntax")
  }

  @Test func ofLayers() throws {
    let layout = try Self.library.get().layout(of: "dinov2")
    expectLimit("remap.configuration", 1024) { (count) throws(WeightsError) in
      var configuration = Configuration()
      for (key, value) in [
        ("hidden_size", 4), ("patch_size", 2), ("num_channels", 3), ("position_rows", 5),
        ("num_hidden_layers", count), ("intermediate_size", 8), ("num_register_tokens", 0),
        ("use_swiglu_ffn", 0),
      ] {
        configuration.set(key, .integer(Int64(value)), origin: "a test")
      }
      _ = try layout.tensors(under: configuration)
    }
  }

  @Test func ofRecipes() {
    expectLimit("recipe.too-large", 1024) { (count) throws(WeightsError) in
      let rules = (0..<count).map { #"{"match": "a\#($0)", "precision": "bf16"}"# }
      let text = "{\"schema\": 1, \"rules\": [\(rules.joined(separator: ","))]}"
      _ = try Recipe(json: StrictJSON.parse(text))
    }
  }

  /// What a configuration says is shown, but not all of it.
  @Test func ofWhatAMessageShows() throws {
    let scratch = try ScratchFolder()
    let path = try scratch.copy("dinov2/hf", to: "in")
    let config = String(decoding: try scratch.bytes(of: "in/config.json"), as: UTF8.self)
    for value in [
      "\"" + String(repeating: "x", count: 1 << 20) + "\"",
      "[" + String(repeating: "1,", count: 100_000) + "1]",
    ] {
      for member in ["num_hidden_layers\": 4", "hidden_size\": 22", "model_type\": \"dinov2\""] {
        let key = member.prefix { $0 != "\"" }
        try scratch.write(
          config.replacing(member, with: "\(key)\": \(value)"), to: "in/config.json")
        let error = refusal { () throws(WeightsError) in try HostileCase.Door.config.open(path) }
        #expect(error != nil, "\(key)")
        #expect((error?.description.utf8.count ?? 0) < 2000, "\(key)")
      }
    }
  }
}
