import DVLAJSON
import DVLATestSupport
import Testing

/// What a policy's run refuses: the exit status, one line that names what is wrong, and everything
/// as it was.
struct PolicyRefusalTests {
  /// A refusal, in a folder with `b`, `s.json`, `p.png` and whatever the test adds.
  struct Refusal {
    var status: Int32
    var words: [String]
    /// Options by name, in place of those of a sound run.
    var changes: [String: String]
    var missing: String?
    var more: [String]

    init(
      _ status: Int32, _ words: String..., changing changes: [String: String] = [:],
      without missing: String? = nil, adding more: [String] = []
    ) {
      (self.status, self.words) = (status, words)
      (self.changes, self.missing, self.more) = (changes, missing, more)
    }
  }

  private func expect(
    _ refusals: [Refusal], of bundle: PolicyScratch, location: SourceLocation = #_sourceLocation
  ) throws {
    let scratch = bundle.scratch
    try scratch.write(FixtureFolder.bytes("images/grey8.png"), to: "p.png")
    let entries = try scratch.entries
    for refusal in refusals {
      var options = [
        "--image": "p.png", "--instruction": "pick up the red cup", "--state": "s.json",
        "--actions": "chunk.json",
      ]
      options.merge(refusal.changes) { $1 }
      var arguments = ["run", "b"] + refusal.more
      for (name, value) in options.sorted(by: { $0.key < $1.key }) where name != refusal.missing {
        arguments += [name, value]
      }
      let comment = Comment("\(arguments)")
      let result = try depthvla(arguments, in: scratch.path)
      #expect(result.status == refusal.status, comment, sourceLocation: location)
      #expect(result.errorLines.count == 1, comment, sourceLocation: location)
      for word in refusal.words {
        #expect(
          result.errorLines.first?.contains(word) == true, "\(arguments): \(result.error)",
          sourceLocation: location)
      }
      #expect(result.output == "", comment, sourceLocation: location)
      #expect(try scratch.entries == entries, comment, sourceLocation: location)
    }
  }

  @Test func ofInstructions() throws {
    let long = String(repeating: "pick up the red cup and ", count: 9)
    try expect(
      [
        Refusal(64, "82 tokens", "at most 48", changing: ["--instruction": long]),
        Refusal(65, "\"<bos>\"", changing: ["--instruction": "pick <bos> up"]),
        Refusal(65, "\"<image>\"", changing: ["--instruction": "pick <image> up"]),
        Refusal(65, "U+2581", changing: ["--instruction": "pick ▁ up"]),
        Refusal(64, "b: ", "--instruction TEXT", without: "--instruction"),
      ], of: try PolicyScratch("one-camera"))
  }

  @Test func ofStates() throws {
    let bundle = try PolicyScratch("one-camera")
    let eight = JSONValue.array([JSONValue](repeating: 0.5, count: 8)).encoded()
    try bundle.scratch.write(eight, to: "eight.json")
    try bundle.scratch.write("[1, NaN, 2]", to: "nan.json")
    let narrow = FixtureFolder.path("statistics/openpi-8-5.json")
    for (name, count) in [("wide.json", 11), ("far.json", 8)] {
      let rest = [JSONValue](repeating: 0.5, count: count - 1)
      try bundle.scratch.write(JSONValue.array([1e300] + rest).encoded(), to: name)
    }
    let nan = FixtureFolder.path("statistics/npy/nan.npy")
    try expect(
      [
        Refusal(
          65, "eight.json: ", "8 values", "11, the width of the model",
          changing: ["--state": "eight.json"]),
        Refusal(65, "s.json: ", "11 values", "expected 8", changing: ["--statistics": narrow]),
        Refusal(65, "nan.json: ", "found NaN", changing: ["--state": "nan.json"]),
        Refusal(65, "nan.npy: value 1", changing: ["--state": nan]),
        Refusal(65, "wide.json: ", "found 1e+300 at 0", changing: ["--state": "wide.json"]),
        Refusal(
          65, "far.json: dimension 0", changing: ["--state": "far.json", "--statistics": narrow]),
        Refusal(66, "absent: ", "no such file", changing: ["--state": "absent"]),
        Refusal(65, "p.png: ", changing: ["--state": "p.png"]),
        Refusal(64, "b: ", "--state FILE", without: "--state"),
      ], of: bundle)
  }

  @Test func ofPictures() throws {
    let bundle = try PolicyScratch("one-camera")
    try bundle.scratch.makeFolder("photos")
    let damaged = FixtureFolder.path("images/damaged/adler.png")
    try expect(
      [
        Refusal(64, "expected --image", without: "--image"),
        Refusal(66, "absent.png: ", changing: ["--image": "absent.png"]),
        Refusal(66, "absent.png: ", adding: ["--image", "p.png", "absent.png"]),
        Refusal(65, damaged + ": ", changing: ["--image": damaged]),
        Refusal(65, "photos: expected a regular file", changing: ["--image": "photos"]),
      ], of: bundle)
  }

  @Test func ofTokenizersAndStatistics() throws {
    let bundle = try PolicyScratch("one-camera")
    let scratch = bundle.scratch
    try scratch.write("garbage", to: "garbage")
    try scratch.write("garbage", to: "garbage.json")
    try scratch.write("", to: "empty")
    let zeros = [String](repeating: "0.5", count: 12).joined(separator: ",")
    let feature = "{\"mean\": [\(zeros)], \"std\": [\(zeros)]}"
    let five = feature.replacing(zeros, with: zeros.prefix(19))
    try scratch.write(
      "{\"norm_stats\": {\"state\": \(feature), \"actions\": \(five)}}", to: "states.json")
    try scratch.write(
      "{\"norm_stats\": {\"state\": \(five), \"actions\": \(feature)}}", to: "actions.json")
    let multilingual = FixtureFolder.path("tokenizers/multilingual/tokenizer.model")
    try expect(
      [
        Refusal(65, "garbage: not a sound SentencePiece", changing: ["--tokenizer": "garbage"]),
        Refusal(65, "garbage.json: line 1", changing: ["--tokenizer": "garbage.json"]),
        Refusal(65, "empty: ", changing: ["--tokenizer": "empty"]),
        Refusal(66, "absent: ", changing: ["--tokenizer": "absent"]),
        Refusal(65, "the id 428", "139", changing: ["--tokenizer": multilingual]),
        Refusal(65, "garbage: ", changing: ["--statistics": "garbage"]),
        Refusal(66, "absent: ", changing: ["--statistics": "absent"]),
        Refusal(
          65, "states in states.json have 12", "at most 11",
          changing: ["--statistics": "states.json"]
        ),
        Refusal(
          65, "actions in actions.json have 12", "at most 7",
          changing: ["--statistics": "actions.json"]),
      ], of: bundle)
  }

  @Test func ofNoiseAndSampling() throws {
    let bundle = try PolicyScratch("one-camera")
    var noise = [Float](repeating: 0.25, count: 56)
    noise[55] = .nan
    try bundle.scratch.write(npyFile(noise, shape: [8, 7]), to: "nan.npy")
    noise[55] = 0
    try bundle.scratch.write(npyFile(noise, shape: [7, 8]), to: "turned.npy")
    let other = FixtureFolder.path("statistics/npy/noise.npy")
    try expect(
      [
        Refusal(65, other, "[8, 7]", "found [6, 7]", changing: ["--noise": other]),
        Refusal(65, "turned.npy: ", "found [7, 8]", changing: ["--noise": "turned.npy"]),
        Refusal(65, "nan.npy: element 55", changing: ["--noise": "nan.npy"]),
        Refusal(66, "absent: ", changing: ["--noise": "absent"]),
        Refusal(64, "exclude each other", changing: ["--noise": "nan.npy", "--seed": "1"]),
        Refusal(64, "--steps 0: expected 1 to 1000", changing: ["--steps": "0"]),
        Refusal(64, "--steps 1001", changing: ["--steps": "1001"]),
        Refusal(64, "causal", changing: ["--mask": "causal"]),
        Refusal(
          64, "no depth without its depth expert", changing: ["-o": "x.png"], adding: ["--no-depth"]
        ),
        Refusal(64, "--input-size is for Depth Anything", changing: ["--input-size": "28"]),
        Refusal(64, "--skip-damaged is for Depth Anything", adding: ["--skip-damaged"]),
        Refusal(73, "absent/x.json: ", changing: ["--actions": "absent/x.json"]),
      ], of: bundle)
  }

  @Test func ofPi0() throws {
    try expect(
      [
        Refusal(64, "b: computes no depth", changing: ["-o": "x.png"]),
        Refusal(64, "b: computes no depth", changing: ["--raw": "x"]),
        Refusal(
          64, "b: ", "can only be disabled for depthvla; this is pi0", adding: ["--no-depth"]),
      ], of: try PolicyScratch("pi0"))
  }

  /// A mask is a way to sample, which pi0 has too.
  @Test func pi0TakesAMask() throws {
    let bundle = try PolicyScratch("pi0")
    let full = try bundle.run("--mask", "full", "--json")
    let block = try bundle.run("--mask", "block", "--json")
    #expect(full.json?["actions"] != block.json?["actions"])
  }

  @Test func ofOtherFamilies() throws {
    let scratch = try ScratchFolder()
    try scratch.write(FixtureFolder.bytes("images/grey8.png"), to: "p.png")
    for (name, to) in [("depth-anything-v2/hf", "depth"), ("paligemma/hf-hub", "pali")] {
      let source = FixtureCheckpoint(name)
      let result = try depthvla("convert", source.option, source.path, "-o", scratch(to))
      #expect(result.status == 0, "\(result.error)")
    }
    let entries = try scratch.entries
    for option in [
      ["--instruction", "x"], ["--state", "x"], ["--actions", "x"], ["--seed", "1"],
      ["--noise", "x"], ["--steps", "2"], ["--mask", "full"], ["--no-depth"], ["--tokenizer", "x"],
      ["--statistics", "x"], ["--uncached"], ["--load-first"],
    ] {
      let result = try depthvla(
        ["run", "depth", "--image", "p.png", "-o", "y.png"] + option, in: scratch.path)
      #expect(result.status == 64 && result.errorLines.count == 1)
      #expect(result.error.contains("\(option[0]) is for policies; depth is"), "\(result.error)")
    }
    let result = try depthvla(
      "run", "pali", "--image", "p.png", "--instruction", "x", "--state", "x", in: scratch.path)
    #expect(result.status == 64 && result.errorLines.count == 1)
    #expect(result.error.contains("pali: ") && result.error.contains("\"paligemma\""))
    #expect(try scratch.entries == entries)
  }
}
