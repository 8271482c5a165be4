import DVLAJSON
import DVLATestSupport
import Testing

/// A run of a tiny policy whose actions and depth upstream's pieces have computed: see
/// `Fixtures/generate/policy_runs.py`.
struct PolicyCase: Sendable, CustomTestStringConvertible {
  let name: String
  let checkpoint: FixtureCheckpoint
  let settings: [(key: String, value: String)]
  let pictures: [String]
  let statistics: String?
  /// lerobot's, which says how to normalise.
  let preprocessor: String?
  let instruction: String
  let seed: String?
  /// Options of `run` beyond its inputs.
  let options: [String]
  let state: JSONValue
  let promptTokens: Int
  let modelActions: [[Double]]
  let actions: [[Double]]
  var testDescription: String { name }

  static let all: [PolicyCase] = {
    let bytes = (try? FixtureFolder.bytes("policies/expected.json")) ?? []
    return ((try? StrictJSON.parse(bytes))?.array ?? []).compactMap {
      $0.object.map(PolicyCase.init)
    }
  }()

  static func named(_ name: String) throws -> PolicyCase {
    try #require(all.first { $0.name == name })
  }

  private init(_ json: JSONObject) {
    func text(_ key: String) -> String? { json[key]?.string }
    name = text("name") ?? ""
    checkpoint = FixtureCheckpoint(text("checkpoint") ?? "")
    // The pictures of these runs went through transformers' processors on Pillow.
    settings =
      (json["settings"]?.object?.members ?? []).map { ($0.key, $0.value.string ?? "") }
      + [("image_backend", "pil")]
    pictures = (json["pictures"]?.array ?? []).compactMap(\.string)
    statistics = text("statistics")
    preprocessor = text("preprocessor")
    instruction = text("instruction") ?? ""
    seed = text("seed")
    options = (json["options"]?.array ?? []).compactMap(\.string)
    state = json["state"] ?? .null
    promptTokens = json["prompt_tokens"]?.integer ?? 0
    modelActions = Self.rows(json["model_actions"])
    actions = Self.rows(json["actions"])
  }

  /// An array of arrays of numbers.
  static func rows(_ value: JSONValue?) -> [[Double]] {
    (value?.array ?? []).map { ($0.array ?? []).compactMap(\.number) }
  }

  /// What the report says of it.
  var normalization: JSONValue {
    if statistics == nil { return ["state": .null, "action": .null] }
    if preprocessor != nil { return ["state": "quantile", "action": "min-max"] }
    let method = settings.first { $0.key == "normalization" }?.value ?? "mean-std"
    return ["state": .string(method), "action": .string(method)]
  }

  var hasDepth: Bool { checkpoint.family == "depthvla" && !options.contains("--no-depth") }

  static let tokenizer = FixtureFolder.path("tokenizers/tiny/tokenizer.model")
  static let noise = FixtureFolder.path("policies/noise.npy")

  var statisticsPath: String? { statistics.map { FixtureFolder.path("statistics/" + $0) } }
  var picturePaths: [String] { pictures.map { FixtureFolder.path("images/" + $0) } }

  /// Converts the checkpoint, with the files beside it or without.
  func makeBundle(_ path: String, isBare: Bool = false, _ options: [String] = []) throws {
    var arguments = ["convert", checkpoint.option, checkpoint.path, "-o", path] + options
    for (key, value) in settings { arguments += ["--set", key + "=" + value] }
    if !isBare {
      arguments += ["--tokenizer", Self.tokenizer]
      if let statisticsPath { arguments += ["--statistics", statisticsPath] }
      if let preprocessor {
        arguments += ["--preprocessor", FixtureFolder.path("statistics/" + preprocessor)]
      }
    }
    let result = try depthvla(arguments)
    try #require(result.status == 0, "\(result.error)")
  }

  /// What `run` is given, but for outputs.
  func arguments(_ bundle: String, state: String) -> [String] {
    ["run", bundle, "--image"] + picturePaths
      + ["--instruction", instruction, "--state", state]
      + (seed.map { ["--seed", $0] } ?? ["--noise", Self.noise]) + options
  }
}

/// One policy in a scratch folder: its bundle as `b`, its state as `s.json`.
struct PolicyScratch {
  let scratch: ScratchFolder
  let policy: PolicyCase
  /// `run` with all its inputs.
  let arguments: [String]

  init(_ name: String, convert options: [String] = []) throws {
    try self.init(PolicyCase.named(name), convert: options)
  }

  init(_ policy: PolicyCase, convert options: [String] = []) throws {
    scratch = try ScratchFolder()
    self.policy = policy
    try policy.makeBundle(scratch("b"), options)
    try scratch.write(policy.state.encoded(), to: "s.json")
    arguments = policy.arguments(scratch("b"), state: scratch("s.json"))
  }

  func callAsFunction(_ name: String) -> String { scratch(name) }

  /// Runs with more options, which takes no error.
  @discardableResult
  func run(_ options: String...) throws -> Outcome {
    let result = try depthvla(arguments + options)
    try #require(result.status == 0 && result.error == "", "\(result.error)")
    return result
  }
}
