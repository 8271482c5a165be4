import DVLAJSON
import DVLATestSupport
import Testing

/// pi0 as transformers 5.24 saves it with its processor, against what transformers computes:
/// `Fixtures/generate/transformers_pi0.py`.
struct TransformersPolicyTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  private func folder(_ change: (String) -> String = { $0 }) throws -> String {
    let folder = try scratch.copy("pi0/transformers-5.23-fresh-save", to: "m")
    for name in ["processor_config.json", "tokenizer.json", "tokenizer_config.json"] {
      let bytes = try FixtureFolder.bytes("transformers-pi0/" + name)
      let text = String(decoding: bytes, as: UTF8.self)
      try scratch.write(name == "processor_config.json" ? change(text) : text, to: "m/" + name)
    }
    return folder
  }

  @Test func actionsAreUpstreams() throws {
    let converted = try depthvla("convert", "--pi0", try folder(), "-o", scratch("b"))
    try #require(converted.status == 0, "\(converted.error)")
    let runs = try StrictJSON.parse(FixtureFolder.bytes("transformers-pi0/expected.json")).array
    #expect(runs?.count == 3)
    for run in (runs ?? []).compactMap(\.object) {
      try scratch.write((run["state"] ?? .null).encoded(), to: "s.json")
      let pictures = (run["pictures"]?.array ?? []).compactMap(\.string)
      let result = try depthvla(
        ["run", scratch("b"), "--image"] + pictures.map { FixtureFolder.path("images/" + $0) } + [
          "--instruction", run["instruction"]?.string ?? "", "--state", scratch("s.json"),
          "--noise", FixtureFolder.path("policies/noise.npy"), "--json",
        ])
      try #require(result.status == 0, "\(result.error)")
      let document = try #require(result.json)
      #expect(document["prompt_tokens"] == run["prompt_tokens"])
      #expect(document["units"]?.string == "robot")
      for key in ["model_actions", "actions"] {
        let ours = PolicyCase.rows(document[key])
        let expected = PolicyCase.rows(run[key])
        #expect(ours.map(\.count) == expected.map(\.count))
        // Dimensions have units of their own: each is held against itself.
        for dimension in expected[0].indices {
          let largest = expected.map { $0[dimension].magnitude }.max() ?? 0
          let worst = zip(ours, expected).map { ($0[dimension] - $1[dimension]).magnitude }.max()
          #expect(try #require(worst) <= 2e-5 * largest, "\(key), dimension \(dimension)")
        }
      }
    }
  }

  @Test(arguments: [
    (#""max_state_dim": 11"#, #""max_state_dim": 32"#, "action.state_dim"),
    (#""max_height": 42"#, #""max_height": 84"#, "frame of 42 x 42"),
    (#""PI0ImageProcessor""#, #""CLIPImageProcessor""#, "CLIPImageProcessor"),
    (#""actions_std": ["#, #""actions_stds": ["#, "actions_std"),
    (#""do_pad": true"#, #""do_pad": false"#, "42 x 42"),
    (#""resample": 3"#, #""resample": 4"#, "box"),
  ])
  func settingsThatGiveOtherNumbersAreRefused(old: String, new: String, word: String) throws {
    let changed = try folder { $0.replacing(old, with: new) }
    let result = try depthvla("convert", "--pi0", changed, "-o", scratch("b"))
    #expect(result.status == 65, "\(result.error)")
    #expect(result.error.contains(word), "\(result.error)")
    #expect(try !scratch.entries.contains("b"))
  }
}
