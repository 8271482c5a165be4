import DVLAHostileCorpus
import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// What became of the keys of the documents beside the weights, as a user sees it.
struct LedgerCommandTests {
  let scratch: ScratchFolder

  init() throws {
    scratch = try ScratchFolder()
    try scratch.copy("dinov2/hf", to: "in")
  }

  /// The config.json beside the weights with other members.
  private func change(_ members: KeyValuePairs<String, JSONValue?>) throws {
    var config = try #require(try StrictJSON.parse(scratch.bytes(of: "in/config.json")).object)
      .members.map { ($0.key, $0.value) }
    for (key, value) in members {
      config.removeAll { $0.0 == key }
      if let value { config.append((key, value)) }
    }
    try FileManager.default.removeItem(atPath: scratch("in/config.json"))
    try scratch.write(JSONValue.object(JSONObject(config)).encoded(), to: "in/config.json")
  }

  private func convert(_ arguments: String...) throws -> Outcome {
    try depthvla(["convert", "--dinov2", scratch("in"), "-o", scratch("b")] + arguments)
  }

  @Test func unknownKeysAreNotedAndRecordedAndRefusedWithStrict() throws {
    try change(["rope_dance": ["steps": 3]])
    let key = "key \"rope_dance\" ({\"steps\":3})"
    let note = "unknown " + key
    let inspected = try depthvla("inspect", scratch("in"))
    #expect(inspected.status == 0 && inspected.output.contains("note: config.json: " + note))
    let strict = try convert("--strict")
    #expect(strict.status == 65)
    #expect(
      strict.errorLines == [
        "depthvla: \(scratch("in")): config.json: the key \"rope_dance\" ({\"steps\":3}) is unknown, "
          + "and unknown keys are refused; remove it, or omit --strict"
      ])
    #expect(!FileManager.default.fileExists(atPath: scratch("b")))
    let converted = try convert()
    #expect(converted.status == 0 && converted.output.contains("note: config.json: " + note))
    let bundle = try depthvla("inspect", scratch("b"), "--ledger")
    #expect(bundle.output.contains("rope_dance = {\"steps\":3}  unknown"))
    #expect(bundle.output.contains("num_attention_heads = 2  used: num_attention_heads"))
    #expect(bundle.output.contains("drop_path_rate = 0.0  neutral: concerns training"))
    #expect(bundle.output.contains("embeddings.cls_token  used: dinov2.embeddings.cls_token"))
    #expect(try depthvla("inspect", scratch("in"), "--strict").status == 65)
  }

  @Test func whatEveryKeyBecameIsInTheDocumentOfInspect() throws {
    #expect(try convert().status == 0)
    for path in [scratch("in"), scratch("b")] {
      let documents = try #require(
        try depthvla("inspect", path, "--json").json?["documents"]?.array)
      #expect(documents.count == 1)
      let keys = try #require(documents[0].object?["keys"]?.array)
      let config = try StrictJSON.parse(scratch.bytes(of: "in/config.json")).object
      #expect(keys.map { $0.object?["key"]?.string } == config?.members.map(\.key))
      let fates: Set<String> = ["used", "neutral", "fixed"]
      #expect(
        keys.allSatisfy { key in key.object?.members.contains { fates.contains($0.key) } ?? false })
    }
  }

  @Test func aSettingThatIsNotComputedIsRefusedByNameAndNothingIsWritten() throws {
    try change(["pruned_heads": ["0": [1]]])
    let result = try convert()
    #expect(result.status == 65)
    #expect(
      result.errorLines == [
        "depthvla: \(scratch("in")): config.json pruned_heads is {\"0\":[1]}, but only null or {} is "
          + "supported: heads that are taken out of the weights when they are loaded are not "
          + "computed"
      ])
    #expect(try ScratchFolder.names(in: scratch.path) == ["in"])
  }

  /// The tensors of the original code, and the configuration of transformers from elsewhere.
  @Test func aConfigFromElsewhereIsReadAndKept() throws {
    let original = FixtureFolder.path("checkpoints/dinov2/original")
    let config = FixtureFolder.path("checkpoints/dinov2/hf/config.json")
    let asked = try depthvla("convert", "--dinov2", original, "-o", scratch("b"))
    #expect(asked.status == 64 && asked.error.contains("num_attention_heads"))
    let converted = try depthvla(
      "convert", "--dinov2", original, "--config", config, "-o", scratch("b"))
    #expect(converted.status == 0, "\(converted.error)")
    let parity = try depthvla(
      "parity", scratch("b"), "--golden", FixtureFolder.path("goldens/dinov2_70x70.safetensors"))
    #expect(parity.status == 0, "\(parity.output)")
    // The bundle has the file, so that it need not be given again.
    let verified = try depthvla("verify", scratch("b"), "--against", original)
    #expect(verified.status == 0, "\(verified.error)")
    #expect(verified.output.contains("provenance matches these sources"))
    let inspected = try depthvla("inspect", original, "--config", config, "--json")
    #expect(inspected.json?["configuration"]?.object?["num_attention_heads"] == 2)
  }

  @Test func whoseConfigItIsMustBeClear() throws {
    let config = scratch("in/config.json")
    let sources = [
      "convert", "--dinov2", scratch("in"), "--depth-anything",
      FixtureFolder.path("checkpoints/depth-anything-v2/hf"), "-o", scratch("b"), "--dry-run",
    ]
    for (texts, words) in [
      ([config], "expected FAMILY=FILE, as there are several sources"),
      (["pi0=" + config], "no source is of family pi0"),
      (["dinov2=" + config, "dinov2=" + config], "given twice"),
    ] {
      let result = try depthvla(sources + texts.flatMap { ["--config", $0] })
      #expect(result.status == 64 && result.error.contains(words), "\(result.error)")
    }
    let misspelt = try convert("--config", "dino=" + config)
    #expect(misspelt.status == 64)
    #expect(
      misspelt.error.contains(
        "--config \"dino=\(config)\": no family is called \"dino\", expected one of "),
      "\(misspelt.error)")
    // A file of that whole name is a file.
    try scratch.write(scratch.bytes(of: "in/config.json"), to: "dino=config.json")
    let whole = try depthvla(
      "convert", "--dinov2", "in", "-o", "whole", "--config", "dino=config.json",
      in: scratch.path)
    #expect(whole.status == 0, "\(whole.error)")
    #expect(try convert("--config", scratch("none.json")).status == 66)
    try scratch.write("{", to: "broken.json")
    #expect(try convert("--config", scratch("broken.json")).status == 65)
  }

  @Test func aLedgerThatIsNotThatOfTheSourcesIsTold() throws {
    #expect(try convert().status == 0)
    var bundle = try OpenedBundle(scratch.bytes(of: "b"))
    let text = bundle.text("provenance")
    bundle.setMetadata(
      "provenance",
      .string(
        text.replacingOccurrences(of: "\"neutral\":\"concerns training\"", with: "\"unknown\":true")
      ))
    try scratch.write(bundle.bytes(), to: "b")
    let result = try depthvla("verify", scratch("b"), "--against", scratch("in"), "--json")
    let places = result.json?["record_differences"]?.array?.compactMap {
      $0.object?["place"]?.string
    }
    #expect(places?.count == 1 && places?[0].hasPrefix("provenance.documents[0].keys[") == true)
  }

  /// lerobot's record of a training, which nothing reads to act. Python writes infinity into it.
  @Test(arguments: [
    (
      #"{"steps": 3, "policy": {"type": "pi0"}}"#,
      "    steps = 3  neutral: concerns training; lerobot"
    ),
    (#"{"clip": Infinity}"#, "  keys of train_config.json of source 0\n"),
  ])
  func whatATrainerLeavesIsAccountedFor(_ text: String, _ words: String) throws {
    try scratch.write(text, to: "in/train_config.json")
    #expect(try convert("--strict").status == 0)
    let bundle = try depthvla("inspect", scratch("b"), "--ledger")
    #expect(bundle.output.contains(words), "\(bundle.output)")
    let verified = try depthvla("verify", scratch("b"), "--against", scratch("in"))
    #expect(verified.output.contains("provenance matches these sources"))
  }

  @Test func aDocumentOfMoreKeysThanAnyLibraryWritesIsRefused() throws {
    let members = (0..<20_001).map { ("k\($0)", JSONValue.integer(1)) }
    try FileManager.default.removeItem(atPath: scratch("in/config.json"))
    try scratch.write(JSONValue.object(JSONObject(members)).encoded(), to: "in/config.json")
    let result = try convert("--set", "num_attention_heads=2")
    #expect(result.status == 65 && result.errorLines.count == 1)
    #expect(result.error.contains("more than 20000 keys"))
  }
}
