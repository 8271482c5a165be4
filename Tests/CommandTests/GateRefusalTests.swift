import DVLAHashing
import DVLAJSON
import DVLATensors
import DVLATestSupport
import Testing

/// What is no verdict: never a pass.
struct GateRefusalTests {
  private func expect(
    _ gate: GateScratch, _ status: Int32, _ code: String, _ words: String,
    candidate: String = "candidate", _ options: [String] = [],
    location: SourceLocation = #_sourceLocation
  ) throws {
    let entries = try gate.scratch.entries
    let result = try gate.gate(candidate, options)
    #expect(result.status == status, "\(result.error)\(result.output)", sourceLocation: location)
    #expect(result.errorLines.count == 1 && result.output == "", sourceLocation: location)
    #expect(result.error.contains(words), "\(result.error)", sourceLocation: location)
    let json = try gate.gate(candidate, options + ["--json"])
    #expect(
      json.json?["error"]?.object?["code"]?.string == code, "\(json.output)",
      sourceLocation: location)
    #expect(try gate.scratch.entries == entries, sourceLocation: location)
  }

  @Test func tooFewObservations() throws {
    let gate = try GateScratch(count: 3)
    try gate.candidate()
    try expect(gate, 64, "gate.too-few", "expected at least 4 observations")
  }

  @Test func noiseOfAnotherShape() throws {
    let gate = try GateScratch(noise: [9, 7])
    try gate.candidate()
    try expect(gate, 65, "gate.noise", "000000000000.safetensors: noise: expected [8, 7]")
  }

  @Test func observationsOfAnotherRobot() throws {
    let gate = try GateScratch(cameras: ["front", "left"])
    try gate.candidate()
    try expect(gate, 65, "gate.cameras", "the camera \"left\" is none of the robot")
  }

  @Test func observationsWithoutACameraThatTheRobotMustHave() throws {
    let gate = try GateScratch(cameras: ["front"])
    try gate.candidate()
    try expect(gate, 65, "gate.cameras", "the camera \"wrist\", which the robot")
  }

  @Test func statesOfAnotherWidth() throws {
    let gate = try GateScratch(stateWidth: 10)
    try gate.candidate()
    try expect(gate, 65, "policy.state-width", "the state has 10 values; expected 11")
  }

  @Test func aReferenceOfAnotherFamily() throws {
    let gate = try GateScratch()
    let result = try depthvla(
      "convert", "--dinov2", SigningCommandTests.dinov2, "-o", gate("candidate"))
    try #require(result.status == 0, "\(result.error)")
    try expect(gate, 64, "gate.family", "candidate: is a dinov2 bundle; the reference")
  }

  @Test func aCandidateThatIsLargerThanTheReference() throws {
    let gate = try GateScratch()
    try gate.convert(GateScratch.checkpoint, to: "f32", ["--precision", "f32"])
    try gate.convert(GateScratch.checkpoint, to: "small", ["--precision", "int8"])
    let result = try depthvla(
      "gate", "f32", "--against", "small", "--observations", "observations", "--budget",
      "budget.json", in: gate.scratch.path)
    #expect(result.status == 64 && result.errorLines.count == 1, "\(result.error)")
    #expect(result.error.contains("are the two exchanged?"), "\(result.error)")
  }

  @Test func aLimitOnWhatWasNotMeasured() throws {
    let gate = try GateScratch()
    try gate.candidate()
    for (limit, words) in [
      (
        #"{"measure": "action.l1_rise", "statistic": "mean", "at_most": 0.1}"#,
        "no observation has demonstrated actions"
      ),
      (
        #"{"measure": "action.rms", "statistic": "mean", "at_most": 1, "dimension": 7}"#,
        "dimension 7 of actions, which have 7: 0 to 6"
      ),
      (
        #"{"measure": "stage.cosine", "statistic": "worst", "at_least": 0, "match": "no.such"}"#,
        "nothing matches \"no.such\""
      ),
    ] {
      try gate.scratch.write(
        #"{"schema": 1, "observations": {"at_least": 1}, "limits": [\#(limit)]}"#,
        to: "budget.json")
      try expect(gate, 64, "gate.unmeasured", words)
    }
  }

  @Test func aWeightThatIsNotANumber() throws {
    let gate = try GateScratch()
    var isFirst = true
    let checkpoint = try gate.changed("vlm.layers.1.mlp.up_proj.weight") { value in
      defer { isFirst = false }
      return isFirst ? .nan : value
    }
    try gate.convert(checkpoint, to: "candidate", ["--allow-non-finite"])
    try expect(
      gate, 65, "gate.not-finite", "vlm.layers.1.mlp.up_proj.weight\": holds a NaN or an infinity")
  }

  @Test func theSameObservationTwice() throws {
    let gate = try GateScratch()
    try gate.candidate()
    let name = "observations/000000000001.safetensors"
    let first = try gate.scratch.bytes(of: "observations/000000000000.safetensors")
    let digest = SHA256.hash(first).hex
    let old = SHA256.hash(try gate.scratch.bytes(of: name)).hex
    let oldCount = try gate.scratch.bytes(of: name).count
    try gate.scratch.write(first, to: name)
    let index = String(
      decoding: try gate.scratch.bytes(of: "observations/observations.json"), as: UTF8.self)
    try gate.scratch.write(
      index.replacing(old, with: digest)
        .replacing("\(oldCount)", with: "\(first.count)"), to: "observations/observations.json")
    try expect(gate, 65, "gate.duplicate", "are the same file, and count as one")
  }

  @Test func damagedObservations() throws {
    let gate = try GateScratch()
    try gate.candidate()
    var bytes = try gate.scratch.bytes(of: "observations/000000000002.safetensors")
    bytes[bytes.count - 1] ^= 1
    try gate.scratch.write(bytes, to: "observations/000000000002.safetensors")
    try expect(gate, 65, "observation.digest", "000000000002.safetensors: the file is not the one")
  }

  @Test func outputsThatWouldReplaceInputs() throws {
    let gate = try GateScratch()
    try gate.candidate()
    let key = SigningCommandTests.key("ed25519")
    for input in ["reference", "candidate", "budget.json", "observations/observations.json"] {
      try expect(
        gate, 73, "output.is-input", input,
        ["--sign", key, "--statement", input, "--force"])
    }
  }

  @Test(arguments: [
    (["gate", "x"], "expected --against PATH"),
    (["gate", "x", "--against", "y"], "expected --observations FOLDER or --golden PATH"),
    (["gate", "x", "--against", "y", "--observations", "o", "--seeds", "0"], "--seeds 0"),
    (
      ["gate", "x", "--against", "y", "--golden", "g", "--sign", "k"],
      "--sign goes with --observations"
    ),
    (
      [
        "gate", "x", "--against", "y", "--observations", "o", "--sign", "k", "--products", "exact",
      ], "--sign does not go with --products"
    ),
    (
      [
        "gate", "x", "--against", "y", "--observations", "o", "--sign", "k", "--report", "x.gate",
      ], "the page and the statement would be the same file"
    ),
    (
      ["gate", "x", "--against", "y", "--observations", "o", "--statement", "s"],
      "--passphrase-file and --statement go with --sign"
    ),
  ])
  func usage(arguments: [String], words: String) throws {
    let result = try depthvla(arguments)
    #expect(result.status == 64 && result.error.contains(words), "\(result.error)")
  }
}
