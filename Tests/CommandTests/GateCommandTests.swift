import DVLAHashing
import DVLAImages
import DVLAJSON
import DVLAObservations
import DVLATensors
import DVLATestSupport
import Foundation
import Testing

/// `depthvla gate`: yes or no.
struct GateCommandTests {
  @Test func aGoodBundlePasses() throws {
    let gate = try GateScratch()
    try gate.candidate()
    let entries = try gate.scratch.entries
    let words = try gate.gate()
    #expect(words.status == 0 && words.error == "", "\(words.error)\(words.output)")
    #expect(words.output.hasPrefix("PASSED: all 5 limits hold\n"), "\(words.output)")
    #expect(words.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(words.output)")
    #expect(try gate.scratch.entries == entries)
    let document = try #require(try gate.gate("candidate", ["--json", "--threads", "3"]).json)
    #expect(document["passed"]?.bool == true)
    #expect(document["samples"]?.array?.count == 8)
    #expect(document["depth"]?.array?.count == 8)
    #expect(document["weights"]?.object?["worst"]?.array?.count == 20)
    #expect(
      document["observations"]?.object?["sha256"]?.string
        == SHA256.hash(try gate.scratch.bytes(of: "observations/observations.json")).hex)
  }

  /// The greatest difference between what `run` gives with both bundles.
  @Test func driftIsThatOfWhatTheRobotGets() throws {
    let gate = try GateScratch(count: 4)
    try gate.candidate()
    let document = try #require(try gate.gate("candidate", ["--json", "--seeds", "1"]).json)
    let samples = try #require(document["samples"]?.array)
    for index in 0..<2 {
      let rows = try ["reference", "candidate"].map { try run($0, observation: index, gate) }
      for dimension in 0..<7 {
        let expected = zip(rows[0], rows[1]).map { abs($0[dimension] - $1[dimension]) }.max()
        let found = samples[index].object?["max"]?.array?[dimension].number
        #expect(found == expected, "dimension \(dimension) of observation \(index)")
      }
    }
  }

  /// The actions that `run` gives for the inputs of an observation.
  private func run(_ bundle: String, observation index: Int, _ gate: GateScratch) throws
    -> [[Double]]
  {
    let observation = try GateScratch.observation(
      index, GateScratch.cameras, stateWidth: 11, noise: [8, 7])
    var arguments = ["run", bundle, "--instruction", observation.instruction]
    for (position, camera) in observation.cameras.enumerated() {
      let name = "picture\(index)\(position).png"
      try gate.scratch.write(try PNGFile.encode(camera.picture), to: name)
      arguments += ["--image", name]
    }
    let state = observation.state.values.map { "\($0)" }.joined(separator: ",")
    try gate.scratch.write("[\(state)]", to: "state.json")
    try gate.scratch.write(npyFile(observation.noise.values, shape: [8, 7]), to: "noise.npy")
    let result = try depthvla(
      arguments + ["--state", "state.json", "--noise", "noise.npy", "--json"],
      in: gate.scratch.path)
    try #require(result.status == 0, "\(result.error)")
    return PolicyCase.rows(result.json?["actions"])
  }

  @Test func aReferenceBesideItselfHasNoDrift() throws {
    let gate = try GateScratch()
    let document = try #require(try gate.gate("reference", ["--json"]).json)
    #expect(document["passed"]?.bool == true)
    for limit in try #require(document["limits"]?.array) {
      let measure = limit.object?["limit"]?.object?["measure"]?.string
      #expect(
        limit.object?["found"]?.number == (measure == "stage.cosine" ? 1 : 0), "\(measure ?? "")")
    }
    for stage in try #require(document["stages"]?.array) {
      #expect(stage.object?["worst_sqnr_db"] == .null)
    }
    #expect(document["weights"]?.object?["different"]?.integer == 0)
    #expect(document["first_drift"] == .null)
  }

  // MARK: What a gate must find

  private func expectFailure(_ gate: GateScratch, cause words: String...) throws {
    let result = try gate.gate()
    #expect(result.status == 1 && result.error == "", "\(result.error)")
    #expect(result.output.hasPrefix("FAILED: "), "\(result.output)")
    let text = result.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for word in words { #expect(text.contains(word), "\(result.output)") }
  }

  @Test func aLayerScaledByOnePercentIsNamed() throws {
    let gate = try GateScratch()
    let name = "vlm.layers.1.mlp.up_proj.weight"
    try gate.candidate(try gate.changed(name) { $0 * 1.01 })
    try expectFailure(
      gate, cause: "first worst weight.gain_error", "The weights of \(name) are 101.",
      "cause: The two were made from different checkpoints: model.safetensors has the SHA-256 ")
  }

  @Test func exchangedCamerasAreNamed() throws {
    let gate = try GateScratch()
    try gate.scratch.write(
      GateScratch.robot(GateScratch.cameras.reversed()), to: "exchanged.json")
    try gate.candidate(robot: "exchanged.json")
    try expectFailure(
      gate,
      cause: "cause: The cameras are exchanged: as camera 0 the candidate sees wrist, the "
        + "reference front.")
  }

  @Test func statisticsOfAnotherRobotAreNamed() throws {
    let gate = try GateScratch()
    try gate.candidate(statistics: "lerobot-11-7.json")
    try expectFailure(
      gate, cause: "The candidate lacks the statistics file depthvla.norm_stats.json.")
  }

  @Test func anotherWeightIsFoundAtItsStage() throws {
    let gate = try GateScratch()
    try gate.candidate(try gate.changed("vlm.layers.1.mlp.up_proj.weight") { -$0 })
    let document = try #require(try gate.gate("candidate", ["--json"]).json)
    #expect(document["passed"]?.bool == false)
    #expect(document["first_drift"]?.string == "vlm.layer.1")
    let worst = document["weights"]?.object?["worst"]?.array?.first?.object
    #expect(worst?["name"]?.string == "vlm.layers.1.mlp.up_proj.weight")
  }

  /// Chunks carry two hashes, and the root binds both; a robot that demands a gate checks the
  /// SHA-256.
  @Test func aBundleIsJudgedByTheHashesThatARobotChecks() throws {
    let gate = try GateScratch()
    try gate.candidate()
    let result = try gate.gate("candidate", ["--sign", SigningCommandTests.key("ed25519")])
    #expect(result.status == 0, "\(result.error)")
    // A changed byte of a chunk is found by either hash; the error says which was compared.
    var bytes = try gate.scratch.bytes(of: "candidate")
    bytes[bytes.count * 3 / 4] ^= 1
    try gate.scratch.write(bytes, to: "candidate")
    let damaged = try gate.gate("candidate", ["--json"])
    #expect(damaged.status == 65, "\(damaged.output)")
    #expect(damaged.json?["error"]?.object?["code"]?.string == "bundle.chunk-hash")
  }

  /// The statistics of the reference say that a dimension never changes; the candidate's move it.
  @Test func aDimensionThatNeverChangesMayNotMove() throws {
    let gate = try GateScratch()
    let text = String(
      decoding: try FixtureFolder.bytes("statistics/openpi-11-7.json"), as: UTF8.self)
    let statistics = try #require(StrictJSON.parse(text).object)
    func write(_ name: String, mean: Double) throws {
      func changed(_ value: JSONValue, path: [String]) -> JSONValue {
        if let object = value.object {
          return .object(
            JSONObject(object.members.map { ($0.key, changed($0.value, path: path + [$0.key])) }))
        }
        guard path.contains("actions"), let key = path.last, ["mean", "std"].contains(key),
          var values = value.array
        else { return value }
        values[4] = .number(key == "std" ? 0 : mean)
        return .array(values)
      }
      try gate.scratch.write(changed(.object(statistics), path: []).encoded(), to: name)
    }
    for (name, mean, precision) in [("still", 0.1, "source"), ("moved", 2.0, "int8")] {
      try write("norm_stats.json", mean: mean)
      let result = try depthvla(
        "convert", "--depthvla", GateScratch.checkpoint, "-o", name, "--tokenizer",
        PolicyCase.tokenizer, "--statistics", "norm_stats.json", "--robot", "robot.json",
        "--precision", precision, in: gate.scratch.path)
      try #require(result.status == 0, "\(result.error)")
    }
    let result = try depthvla(
      "gate", "moved", "--against", "still", "--observations", "observations", "--budget",
      "budget.json", in: gate.scratch.path)
    #expect(result.status == 1, "\(result.error)\(result.output)")
    #expect(result.output.contains("dimension 4"), "\(result.output)")
    let itself = try depthvla(
      "gate", "still", "--against", "still", "--observations", "observations", "--budget",
      "budget.json", in: gate.scratch.path)
    #expect(itself.status == 0, "\(itself.error)\(itself.output)")
  }

  // MARK: Other references

  @Test func checkpointsAreAReference() throws {
    let gate = try GateScratch()
    try gate.candidate()
    let options = [
      "gate", "candidate", "--observations", "observations", "--budget", "budget.json", "--json",
      "--work", ".", "--against",
    ]
    let bundle = try depthvla(options + ["reference"], in: gate.scratch.path).json
    // The checkpoint has no statistics and no robot beside it.
    try FileManager.default.copyItem(
      atPath: FixtureFolder.path("statistics/openpi-11-7.json"), toPath: gate("norm_stats.json"))
    let checkpoint = try PlainCheckpoint(folder: GateScratch.checkpoint)
      .write(to: gate.scratch, as: "checkpoint")
    try FileManager.default.moveItem(
      atPath: gate("norm_stats.json"), toPath: checkpoint + "/norm_stats.json")
    let entries = try gate.scratch.entries
    let sources = try depthvla(
      options + ["checkpoint", "--tokenizer", PolicyCase.tokenizer], in: gate.scratch.path)
    #expect(sources.status == 0, "\(sources.error)")
    #expect(sources.json?["samples"] == bundle?["samples"])
    #expect(sources.json?["stages"] == bundle?["stages"])
    // The bundle that was made of them is nobody's.
    let reference = sources.json?["reference"]?.object
    #expect(reference?["root"] == .null && reference?["sha256"] == .null)
    #expect(reference?["path"]?.string == "checkpoint")
    #expect(try gate.scratch.entries == entries, "nothing is left of the reference")
  }

  /// What a robot gets is judged, and it gets the candidate's own tokenizer.
  @Test func aGivenTokenizerReplacesNoneOfACandidate() throws {
    let gate = try GateScratch()
    try gate.candidate()
    let own = try gate.gate("candidate", ["--json"]).json
    let given = try gate.gate(
      "candidate",
      ["--json", "--tokenizer", FixtureFolder.path("tokenizers/multilingual/tokenizer.model")])
    #expect(given.status == 0, "\(given.error)")
    #expect(given.json?["samples"] == own?["samples"] && own?["samples"] != nil)
  }

  /// `convert` keeps tensors that no forward reads only where it changes nothing.
  @Test func tensorsThatNothingReadsNeedNotBeInBoth() throws {
    let scratch = try ScratchFolder()
    for precision in ["source", "int8"] {
      let result = try depthvla(
        "convert", "--pi0", FixtureFolder.path("checkpoints/pi0/transformers-5.23-fresh-save"),
        "-o", scratch(precision), "--precision", precision)
      try #require(result.status == 0, "\(result.error)")
    }
    try scratch.write(
      """
      {"schema": 1, "observations": {"at_least": 1},
       "limits": [{"measure": "weight.sqnr_db", "statistic": "worst", "at_least": 20}]}
      """, to: "budget.json")
    let result = try depthvla(
      "gate", "int8", "--against", "source", "--budget", "budget.json", "--golden",
      FixtureFolder.path("goldens/pi0_2cam_missing.safetensors"), in: scratch.path)
    #expect(result.status == 0 && result.error == "", "\(result.error)\(result.output)")
  }

  @Test func goldensAloneGiveAVerdictForAnyFamily() throws {
    let scratch = try ScratchFolder()
    for precision in ["source", "int8"] {
      let result = try depthvla(
        "convert", "--dinov2", SigningCommandTests.dinov2, "-o", scratch(precision), "--precision",
        precision)
      try #require(result.status == 0, "\(result.error)")
    }
    try scratch.write(
      """
      {"schema": 1, "observations": {"at_least": 2},
       "limits": [{"measure": "stage.sqnr_db", "statistic": "worst", "at_least": 20}]}
      """, to: "budget.json")
    let arguments = [
      "gate", "int8", "--against", "source", "--budget", "budget.json", "--golden",
      FixtureFolder.path("goldens/dinov2_28x70.safetensors"),
      FixtureFolder.path("goldens/dinov2_70x70.safetensors"),
    ]
    let words = try depthvla(arguments, in: scratch.path)
    #expect(words.status == 0, "\(words.error)\(words.output)")
    #expect(words.output.hasPrefix("PASSED: the only limit holds\n"), "\(words.output)")
  }

  // MARK: The statement

  @Test func onlyACandidateSignedWithAKeyIsJudged() throws {
    let gate = try GateScratch()
    try gate.candidate()
    let unsigned = try gate.gate(
      "candidate", ["--public-key", SigningCommandTests.key("p256.pub")])
    #expect(unsigned.status == 1 && unsigned.error.contains("is not signed"), "\(unsigned.error)")
    let signed = try depthvla(
      "sign", "candidate", "--key", SigningCommandTests.key("p256"), "--release", "7",
      in: gate.scratch.path)
    try #require(signed.status == 0, "\(signed.error)")
    let judged = try gate.gate(
      "candidate",
      ["--public-key", SigningCommandTests.key("p256.pub"), "--report", "page.html"])
    #expect(judged.status == 0, "\(judged.error)")
    let page = String(decoding: try gate.scratch.bytes(of: "page.html"), as: UTF8.self)
    #expect(page.contains("<code>\(SigningCommandTests.fingerprint)</code>, release 7"))
    let other = try gate.gate(
      "candidate", ["--public-key", SigningCommandTests.key("other-p256.pub")])
    #expect(other.status == 1 && other.errorLines.count == 1, "\(other.error)")
  }

  @Test func theStatementIsTheSameOnAnyNumberOfThreads() throws {
    let gate = try GateScratch()
    try gate.candidate()
    let key = SigningCommandTests.key("ed25519")
    for (name, threads) in [("one", "1"), ("three", "3")] {
      let result = try gate.gate(
        "candidate", ["--sign", key, "--statement", name, "--threads", threads])
      #expect(result.status == 0, "\(result.error)")
    }
    #expect(try gate.scratch.bytes(of: "one") == gate.scratch.bytes(of: "three"))
    let publicKey = SigningCommandTests.key("ed25519.pub")
    let run = ["verify", "candidate", "--require-gate", publicKey, "--gate", "one"]
    let verified = try depthvla(run, in: gate.scratch.path)
    #expect(verified.status == 0, "\(verified.error)")
    #expect(verified.output.contains("a gate that passed 5 limits on 4 observations"))
  }

  @Test func aFailedVerdictIsSignedAndRefused() throws {
    let gate = try GateScratch()
    try gate.candidate(try gate.changed("vlm.layers.1.mlp.up_proj.weight") { -$0 })
    let result = try gate.gate("candidate", ["--sign", SigningCommandTests.key("ed25519")])
    #expect(result.status == 1, "\(result.error)")
    let refused = try depthvla(
      "verify", "candidate", "--require-gate", SigningCommandTests.key("ed25519.pub"),
      in: gate.scratch.path)
    #expect(refused.status == 1 && refused.output == "", "\(refused.error)")
    #expect(refused.errorLines.first?.contains("candidate.gate: ") == true, "\(refused.error)")
    #expect(refused.error.contains("worst weight.gain_error: at most 0.002"), "\(refused.error)")
  }
}
