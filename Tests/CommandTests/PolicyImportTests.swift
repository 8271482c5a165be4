import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// pi0 of lerobot with what it keeps beside the weights: what is done to states and actions is
/// decided by `convert`, said by `run`, and refused by its name where it is not done.
struct PolicyImportTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  static let features: [String: JSONValue] = [
    "observation.state": ["type": "STATE", "shape": [11]],
    "action": ["type": "ACTION", "shape": [7]],
  ]
  static let map: JSONValue = ["VISUAL": "IDENTITY", "STATE": "MEAN_STD", "ACTION": "MEAN_STD"]
  static let names: JSONValue = .array(
    (0..<6).map { .string("joint_\($0).pos") } + ["gripper.pos"])

  static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(JSONObject(members))
  }

  static func step(_ name: String, _ config: JSONValue, state: String? = nil) -> JSONValue {
    object(
      [("registry_name", .string(name)), ("config", config)]
        + (state.map { [("state_file", .string($0))] } ?? []))
  }

  static func relative(_ enabled: JSONValue, excluding: JSONValue = ["gripper"]) -> JSONValue {
    step(
      "relative_actions_processor",
      ["enabled": enabled, "exclude_joints": excluding, "action_names": names])
  }

  static func normalizer(_ map: JSONValue) -> JSONValue {
    step(
      "normalizer_processor",
      ["eps": 1e-8, "features": object(features.sorted { $0.key < $1.key }), "norm_map": map],
      state: "policy_preprocessor_step_3_normalizer_processor.safetensors")
  }

  static func unnormalizer(_ map: JSONValue) -> JSONValue {
    step(
      "unnormalizer_processor", ["eps": 1e-8, "features": [:], "norm_map": map],
      state: "policy_postprocessor_step_0_unnormalizer_processor.safetensors")
  }

  /// A folder as lerobot saves it, with these steps and with changes of its `config.json`.
  private func folder(
    _ name: String, _ checkpoint: String = "pi0/lerobot-2025-10", before: [JSONValue]? = nil,
    after: [JSONValue]? = nil, config changes: [String: JSONValue?] = [:],
    statistics: String = "statistics/lerobot-11-7.safetensors"
  ) throws {
    let path = try scratch.copy(checkpoint, to: name)
    let config = try StrictJSON.parse(FixtureFolder.bytes("checkpoints/\(checkpoint)/config.json"))
    let members = try #require(config.object).members.filter { changes[$0.key] == nil }
    let text = Self.object(
      members.map { ($0.key, $0.value) }
        + changes.sorted { $0.key < $1.key }.compactMap { key, value in value.map { (key, $0) } })
    // The copy is as read-only as the fixture may be.
    try FileManager.default.removeItem(atPath: path + "/config.json")
    try scratch.write(text.encoded(), to: name + "/config.json")
    for (side, steps) in [("pre", before), ("post", after)] {
      guard let steps else { continue }
      let document: JSONValue = ["name": "policy", "steps": .array(steps)]
      try scratch.write(document.encoded(), to: "\(name)/policy_\(side)processor.json")
      for step in steps {
        guard let file = step.object?["state_file"]?.string else { continue }
        try scratch.write(FixtureFolder.bytes(statistics), to: "\(name)/\(file)")
      }
    }
  }

  private func convert(_ name: String, _ more: String...) throws -> Outcome {
    try depthvla(
      [
        "convert", "--pi0", scratch(name), "--tokenizer", PolicyCase.tokenizer, "-o",
        scratch(name + ".b"), "--set", "vision.num_attention_heads=2", "--set",
        "text.num_attention_heads=8",
      ] + more)
  }

  /// The report of a run; the state counts up by halves.
  private func run(_ name: String, width: Int = 11, _ more: String...) throws -> JSONObject {
    let state = JSONValue.array((0..<width).map { .number(0.5 * Double($0)) })
    try scratch.write(state.encoded(), to: "s.json")
    let result = try depthvla(
      [
        "run", scratch(name + ".b"), "--image", FixtureFolder.path("images/grey8.png"), "--state",
        scratch("s.json"), "--instruction", "pick up the red cup", "--json",
      ] + more)
    #expect(result.status == 0, "\(result.error)")
    return try #require(result.json)
  }

  private func made(_ name: String) throws {
    let result = try convert(name)
    try #require(result.status == 0, "\(result.error)")
  }

  @Test func offsetsGetTheStateBack() throws {
    for (name, enabled) in [("absolute", false), ("relative", true)] {
      try folder(
        name, before: [Self.relative(.bool(enabled)), Self.normalizer(Self.map)],
        after: [
          Self.unnormalizer(Self.map),
          Self.step("absolute_actions_processor", ["enabled": .bool(enabled)]),
        ])
      try made(name)
    }
    let absolute = PolicyCase.rows(try run("absolute")["actions"])
    let report = try run("relative")
    let relative = PolicyCase.rows(report["actions"])
    #expect(relative.count == 8)
    for (one, other) in zip(absolute, relative) {
      for (index, value) in one.enumerated() {
        let offset: Float = index < 6 ? 0.5 * Float(index) : 0
        #expect(other[index] == Double(Float(value) + offset))
      }
    }
    #expect(
      report["processing"] == [
        "state normalised mean-std (lerobot)", "prompt of 7 tokens with a newline (lerobot)",
        "actions unnormalised mean-std (lerobot)",
        "state added back to dimensions 0, 1, 2, 3, 4, 5",
      ])
    // The bundle says so itself, and its sources say the same.
    let verified = try depthvla("verify", scratch("relative.b"), "--against", scratch("relative"))
    #expect(verified.status == 0, "\(verified.error)")
    let exported = try depthvla(
      "export", scratch("relative.b"), "--naming", "source", "-o", scratch("again"))
    #expect(exported.status == 0, "\(exported.error)")
    try made("again")
    #expect(PolicyCase.rows(try run("again")["actions"]) == relative)
  }

  @Test func modesAreThoseOfEachPipeline() throws {
    let quantiles: JSONValue = ["STATE": "QUANTILES", "ACTION": "IDENTITY"]
    try folder(
      "f", before: [Self.normalizer(quantiles)],
      after: [Self.unnormalizer(["ACTION": "MIN_MAX"])], config: ["normalization_mapping": nil])
    try made("f")
    #expect(try run("f")["normalization"] == ["state": "quantile", "action": "min-max"])
  }

  @Test func beforePipelinesTheModeStandsInTheConfiguration() throws {
    try folder(
      "f", "pi0/lerobot-2025-02",
      config: ["normalization_mapping": ["STATE": "MIN_MAX", "ACTION": "MIN_MAX"]])
    try scratch.write(
      FixtureFolder.bytes("statistics/lerobot-11-7.json"), to: "f/stats.json")
    try made("f")
    #expect(try run("f")["normalization"] == ["state": "min-max", "action": "min-max"])
  }

  /// lerobot kept them there until October 2025.
  @Test func statisticsAmongTheTensorsAreTheBundles() throws {
    try folder("f", "pi0/lerobot-2025-02-mixed")
    try made("f")
    let report = try run("f")
    #expect(report["normalization"] == ["state": "mean-std", "action": "mean-std"])
    let steps = (report["processing"]?.array ?? []).compactMap(\.string)
    #expect(steps.contains("state normalised mean-std (lerobot-2025-02)"))
    let verified = try depthvla("verify", scratch("f.b"), "--against", scratch("f"))
    #expect(verified.status == 0, "\(verified.error)")
    let without = try depthvla(
      "convert", "--pi0", scratch("f"), "--no-assets", "-o", scratch("bare"), "--set",
      "vision.num_attention_heads=2", "--set", "text.num_attention_heads=8")
    #expect(without.status == 0, "\(without.error)")
  }

  @Test func aStateIsAsWideAsTheInputs() throws {
    try folder(
      "f",
      config: [
        "input_features": ["observation.state": ["type": "STATE", "shape": [7]]],
        "output_features": ["action": ["type": "ACTION", "shape": [5]]],
      ])
    try made("f")
    let report = try run("f", width: 7)
    #expect(PolicyCase.rows(report["actions"]).map(\.count) == [Int](repeating: 5, count: 8))
    let steps = (report["processing"]?.array ?? []).compactMap(\.string)
    #expect(steps.contains("state of 7 filled up with zeros to 11"))
    #expect(steps.contains("actions of 7 cut to 5"))
    try scratch.write(JSONValue.array([JSONValue](repeating: 0.5, count: 11)).encoded(), to: "w")
    let refused = try depthvla(
      "run", scratch("f.b"), "--image", FixtureFolder.path("images/grey8.png"), "--state",
      scratch("w"), "--instruction", "x")
    #expect(refused.status == 65 && refused.error.contains("expected 7"))
  }

  @Test(
    arguments: [
      (
        "config", ["adapt_to_pi_aloha": JSONValue.bool(true)], "pi0/lerobot-2025-02",
        ["at least 14", "found 11"]
      ),
      (
        "config", ["use_delta_joint_actions_aloha": .bool(true)], "pi0/lerobot-2025-02",
        ["use_delta_joint_actions_aloha"]
      ),
      (
        "config", ["normalization_mapping": ["STATE": "QUANTILES", "ACTION": "IDENTITY"]],
        "pi0/lerobot-2025-02", []
      ),
      (
        "config", ["normalization_mapping": ["VISUAL": "MEAN_STD", "STATE": "MEAN_STD"]],
        "pi0/lerobot-2025-10", ["VISUAL", "MEAN_STD"]
      ),
      ("config", ["n_obs_steps": 2], "pi0/lerobot-2025-10", ["n_obs_steps"]),
      ("config", ["use_peft": .bool(true)], "pi0/lerobot-2025-10", ["use_peft"]),
      (
        "config",
        ["input_features": ["observation.state": ["type": "STATE", "shape": [12]]]],
        "pi0/lerobot-2025-10", ["12"]
      ),
      (
        "mode", ["normalization_mapping": ["STATE": "MIN_MAX", "ACTION": "MEAN_STD"]],
        "pi0/lerobot-2025-10",
        ["normalization_mapping.STATE", "MIN_MAX", "policy_preprocessor.json"]
      ),
      (
        "mode", ["use_relative_actions": .bool(true)], "pi0/lerobot-2025-10",
        ["use_relative_actions"]
      ),
      ("relative alone", [:], "pi0/lerobot-2025-10", ["absolute_actions_processor"]),
      (
        "relative", ["use_relative_actions": .bool(false)], "pi0/lerobot-2025-10",
        ["use_relative_actions"]
      ),
      (
        "relative", ["relative_exclude_joints": []], "pi0/lerobot-2025-10",
        ["relative_exclude_joints"]
      ),
      (
        "relative", ["tokenizer_max_length": 12], "pi0/lerobot-2025-10",
        ["max_token_len", "12", "20"]
      ),
      ("cameras", [:], "pi0/lerobot-2025-10", ["observation.images.base"]),
      ("no statistics", [:], "pi0/lerobot-2025-10", ["elsewhere.safetensors"]),
    ] as [(String, [String: JSONValue?], String, [String])])
  func whatIsNotDoneIsRefused(
    kind: String, config: [String: JSONValue?], checkpoint: String, words: [String]
  ) throws {
    var before: [JSONValue]?
    var after: [JSONValue]? = [Self.unnormalizer(Self.map)]
    let absolute = Self.step("absolute_actions_processor", ["enabled": true])
    let prompt = [
      Self.step("pi0_new_line_processor", [:]),
      Self.step("tokenizer_processor", ["max_length": 20]),
    ]
    switch kind {
    case "mode": before = [Self.normalizer(Self.map)]
    case "relative alone": before = [Self.relative(true), Self.normalizer(Self.map)]
    case "relative":
      before = prompt + [Self.relative(true), Self.normalizer(Self.map)]
      after = [Self.unnormalizer(Self.map), absolute]
    case "cameras":
      before = [
        Self.step(
          "rename_observations_processor",
          ["rename_map": ["observation.images.base": "observation.images.top"]]),
        Self.normalizer(Self.map),
      ]
    case "no statistics":
      let config: JSONValue = ["norm_map": Self.map]
      before = [Self.step("normalizer_processor", config, state: "elsewhere.safetensors")]
    default: after = nil
    }
    try folder("f", checkpoint, before: before, after: after, config: config)
    if kind == "no statistics" {
      try FileManager.default.removeItem(atPath: scratch("f/elsewhere.safetensors"))
    }
    let entries = try scratch.entries
    let result = try convert("f")
    // Quantiles are no mode of early versions, which only statistics show.
    if words.isEmpty {
      #expect(result.status == 0, "\(result.error)")
      return
    }
    #expect(result.status == 65, "\(result.status) \(result.error)")
    #expect(result.errorLines.count == 1, "\(result.error)")
    for word in words { #expect(result.error.contains(word), "\(result.error)") }
    #expect(result.output == "")
    #expect(try scratch.entries == entries)
  }
}
