import DVLAHashing
import DVLAImages
import DVLAJSON
import DVLAObservations
import DVLATensors
import DVLATestSupport
import Testing

/// `run --replay`: recorded observations answered again.
struct ReplayTests {
  /// A recording of what `run` answers, as a server keeps it: the name of the folder is `recorded`.
  ///
  /// - Parameter change: what is recorded otherwise than it was answered.
  private func record(
    _ bundle: PolicyScratch, count: Int = 1, hasAnswer: Bool = true,
    change: (Int, inout [[Double]], inout RecordedAnswer.Origin) -> Void = { _, _, _ in }
  ) throws {
    let run = try #require(try bundle.run("--raw", bundle("raw"), "--json").json)
    let policy = bundle.policy
    let cameras = try policy.picturePaths.enumerated().map { index, path in
      RecordedObservation.Camera(name: "camera\(index)", picture: try ImageFile.read(path: path))
    }
    let modelRows = PolicyCase.rows(run["model_actions"])
    let shape: Shape = [modelRows.count, modelRows[0].count]
    let maps = try cameras.indices.map { index in
      let path = cameras.count == 1 ? "raw" : "raw/camera\(index).npy"
      let size = cameras[index].picture.size
      return RecordedAnswer.Depth(
        camera: "camera\(index)",
        values: Tensor(
          floatArray(try bundle.scratch.bytes(of: path)), shape: [size.height, size.width]))
    }
    let noise = floatArray(try FixtureFolder.bytes("policies/noise.npy"))
    let recorder = try ObservationRecorder(folder: bundle("recorded"))
    for number in 0..<count {
      var actions = PolicyCase.rows(run["actions"])
      var origin = RecordedAnswer.Origin(
        root: try #require(Digest(hex: run["root"]?.string ?? "")), release: nil,
        family: try #require(run["family"]?.string), bf16: "exact", int8: "exact",
        steps: try #require(run["steps"]?.integer), mask: try #require(run["mask"]?.string),
        usesDepthExpert: true, robot: nil, tool: "test", time: "2026-11-30T14:05:00.250Z")
      change(number, &actions, &origin)
      let state = (policy.state.array ?? policy.state.object?["state"]?.array ?? [])
      recorder.record(
        try RecordedObservation(
          cameras: cameras, instruction: policy.instruction,
          state: .init(state.compactMap(\.number)), noise: Tensor(noise, shape: shape),
          source: JSONObject([("kind", "serve")]), versions: JSONObject(),
          answer: hasAnswer
            ? RecordedAnswer(
              actions: actions,
              modelActions: Tensor(modelRows.flatMap(\.self).map(Float.init), shape: shape),
              depth: maps, origin: origin) : nil))
    }
    recorder.close()
    try bundle.scratch.remove("raw")
  }

  private func replay(_ bundle: PolicyScratch, _ options: String...) throws -> Outcome {
    try depthvla(["run", "b", "--replay", "recorded"] + options, in: bundle.scratch.path)
  }

  @Test func answersThatAreEqualBitForBit() throws {
    let bundle = try PolicyScratch("two-cameras")
    try record(bundle, count: 3)
    let entries = try bundle.scratch.entries
    let words = try replay(bundle)
    #expect(words.status == 0 && words.error == "", "\(words.error)")
    #expect(words.output.contains("replayed 3 observations of recorded\n  digest "))
    #expect(words.output.contains("  3 equal bit for bit, 0 differ\n"))
    #expect(words.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    let result = try replay(bundle, "--json", "--load-first", "--uncached", "--threads", "3")
    let document = try #require(result.json)
    #expect(result.status == 0 && result.error == "")
    #expect(document["equal"]?.integer == 3 && document["differing"]?.integer == 0)
    #expect(document["other_root"]?.integer == 0)
    #expect(
      document["digest"]?.string
        == SHA256.hash(try bundle.scratch.bytes(of: "recorded/observations.json")).hex)
    let observations = (document["observations"]?.array ?? []).compactMap(\.object)
    #expect(observations.map { $0["equal"] } == [true, true, true])
    #expect(
      observations[0]["compared"]
        == ["actions", "model_actions", "depth.camera0", "depth.camera1"])
    #expect(try bundle.scratch.entries == entries)
  }

  @Test func differencesAreCountedNamedAndGiveStatus1() throws {
    let bundle = try PolicyScratch("two-cameras")
    try record(bundle, count: 3) { number, actions, origin in
      if number == 1 { actions[2][4] -= 0.25 }
      if number == 2 {
        actions[1][3] += 0.5
        origin.root = SHA256.hash([1])
      }
    }
    let words = try replay(bundle)
    #expect(words.status == 1 && words.error == "")
    #expect(words.output.contains("  1 equal bit for bit, 2 differ\n"))
    #expect(words.output.contains("actions: 2 observations differ, at most by 5.00e-01, in\n"))
    #expect(words.output.contains("  000000000002.safetensors, action 1, dimension 3\n"))
    #expect(
      words.output.contains(
        "1 observation answered by another bundle: differences are expected\n"))
    #expect(words.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(words.output)")
    let document = try #require(try replay(bundle, "--json").json)
    #expect(document["differing"]?.integer == 2 && document["other_root"]?.integer == 1)
    let second = try #require(document["observations"]?.array?[1].object)
    let difference = try #require(second["differences"]?.array?.first?.object)
    #expect(difference["part"] == "actions" && difference["differing"]?.integer == 1)
    #expect(difference["at"] == [2, 4])
    #expect(difference["largest"]?.number.map { abs($0 - 0.25) < 1e-12 } == true)
  }

  @Test func recordingsThatCannotBeReplayedAreRefused() throws {
    let bundle = try PolicyScratch("two-cameras")
    func expect(_ status: Int32, _ words: String) throws {
      let result = try replay(bundle)
      #expect(result.status == status && result.output == "", "\(result.error)")
      #expect(result.errorLines.count == 1 && result.error.contains(words), "\(result.error)")
    }
    try expect(66, "recorded: no such folder")
    try record(bundle, hasAnswer: false)
    try expect(65, "000000000000.safetensors: no answer was recorded")
    try bundle.scratch.remove("recorded")
    try record(bundle) { _, _, origin in origin.family = "pi0" }
    try expect(65, "was answered by a \"pi0\" policy; b is a depthvla bundle")
    try bundle.scratch.remove("recorded")
    try record(bundle) { _, actions, _ in actions = actions.map { Array($0.prefix(2)) } }
    try expect(65, "actions: expected [8, 2], as recorded")
    var bytes = try bundle.scratch.bytes(of: "recorded/000000000000.safetensors")
    bytes[bytes.count - 1] ^= 1
    try bundle.scratch.write(bytes, to: "recorded/000000000000.safetensors")
    try expect(65, "the file is not the one that observations.json lists")
    try bundle.scratch.remove("recorded/000000000000.safetensors")
    try expect(66, "lists a file that is not there")
  }

  @Test(arguments: [
    ["--image", "p.png"], ["--instruction", "a"], ["--state", "s.json"], ["--seed", "1"],
    ["--noise", "n.npy"], ["--actions", "a.json"], ["--steps", "3"], ["--mask", "full"],
    ["--no-depth"], ["--tokenizer", "t"], ["--statistics", "s"], ["-o", "d"], ["--png16", "d"],
    ["--raw", "d"], ["--input-size", "14"], ["--skip-damaged"], ["--force"],
  ])
  func whatTheRecordingSaysIsNotGivenBeside(_ options: [String]) throws {
    let result = try depthvla(["run", "b", "--replay", "recorded"] + options)
    #expect(result.status == 64)
    #expect(result.error.contains("\(options[0]) does not go with it"), "\(result.error)")
  }

  @Test func aModelOfDepthHasNothingToReplay() throws {
    let scratch = try ScratchFolder()
    let fixture = FixtureCheckpoint("depth-anything-v2/hf")
    let made = try depthvla(["convert", fixture.option, fixture.path, "-o", scratch("b")])
    try #require(made.status == 0, "\(made.error)")
    let result = try depthvla("run", scratch("b"), "--replay", scratch.path)
    #expect(result.status == 64 && result.error.contains("--replay is for policies"))
  }
}
