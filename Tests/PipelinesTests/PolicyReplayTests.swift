import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLAImages
import DVLAJSON
import DVLAModels
import DVLAObservations
import DVLAPipelines
import DVLAQuantization
import DVLATensorMath
import DVLATensors
import DVLATestSupport
import Testing

/// Observations that a policy answered, answered again.
struct PolicyReplayTests {
  /// What is recorded of an answer of the policy.
  private func recorded(
    _ robot: PolicyBundle, _ policy: RobotPolicy, instruction: String = "pick up the red cup",
    options: SamplingOptions = SamplingOptions(), state: [Double]? = nil,
    change: (inout RecordedAnswer.Origin, inout [[Double]], inout Tensor) -> Void = { _, _, _ in }
  ) throws -> RecordedObservation {
    let chunk = try policy.act(
      on: robot.pictures, instruction: instruction,
      state: policy.filledState(state ?? robot.state), noise: robot.noise, options: options)
    var origin = RecordedAnswer.Origin(
      root: robot.bundle.root, release: nil, family: robot.bundle.documents.family,
      bf16: policy.products.bf16.rawValue, int8: policy.products.int8.rawValue,
      steps: options.steps ?? policy.configuration.action.steps,
      mask: (options.pattern ?? policy.configuration.pattern).rawValue,
      usesDepthExpert: policy.configuration.depth != nil, robot: nil, tool: "test",
      time: "2026-11-30T14:05:00.250Z")
    var (actions, modelActions) = (chunk.actions, chunk.normalized)
    change(&origin, &actions, &modelActions)
    return try RecordedObservation(
      cameras: zip(["base", "wrist"], robot.pictures).map { .init(name: $0, picture: $1) },
      instruction: instruction, state: .init(state ?? robot.state), noise: robot.noise,
      source: JSONObject(), versions: JSONObject(),
      answer: RecordedAnswer(
        actions: actions, modelActions: modelActions,
        depth: zip(["base", "wrist"], chunk.depth).map { .init(camera: $0, values: $1.values) },
        origin: origin))
  }

  /// A folder with these observations.
  private func folder(
    _ robot: PolicyBundle, _ observations: [RecordedObservation]
  ) throws -> ObservationFolder {
    let recorder = try ObservationRecorder(folder: robot.scratch("recorded"))
    for observation in observations { recorder.record(observation) }
    recorder.close()
    return try ObservationFolder(path: robot.scratch("recorded"))
  }

  @Test(arguments: ["depthvla/plain", "pi0/openpi"])
  func whatAPolicyAnsweredItAnswersAgain(checkpoint: String) throws {
    let robot = try PolicyBundle(checkpoint)
    let policy = try robot.policy()
    let observations = try ["pick up the red cup", "open the drawer"].map {
      try recorded(robot, policy, instruction: $0)
    }
    var calls: [Int] = []
    let run = try ReplayRunner(robot.bundle).run(on: try folder(robot, observations)) {
      calls.append($0)
      #expect($1 == 2)
    }
    #expect(calls.last == 2 && calls == calls.sorted())
    #expect(run.isEqual && run.equalCount == 2)
    #expect(run.root == robot.bundle.root && run.otherRootCount == 0)
    let depth: [AnswerComparison.Part] = [.depth(camera: "base"), .depth(camera: "wrist")]
    for observation in run.observations {
      #expect(
        observation.comparison.parts
          == [.actions, .modelActions] + (checkpoint.hasPrefix("pi0") ? [] : depth))
    }
  }

  @Test func stepsAndMaskAreThoseOfTheRecording() throws {
    let robot = try PolicyBundle()
    var options = SamplingOptions()
    (options.steps, options.pattern) = (3, .full)
    let observation = try recorded(robot, try robot.policy(), options: options)
    #expect(try ReplayRunner(robot.bundle).run(on: folder(robot, [observation])).isEqual)
  }

  @Test func theDepthExpertTakesPartWhereItDid() throws {
    let robot = try PolicyBundle()
    let observations = try [true, false, true].map {
      try recorded(robot, try robot.policy(usesDepth: $0))
    }
    #expect(observations[0].answer?.actions != observations[1].answer?.actions)
    #expect(try ReplayRunner(robot.bundle).run(on: folder(robot, observations)).isEqual)
  }

  @Test func productsAreThoseOfTheRecordingUnlessTheCallerWantsOthers() throws {
    let robot = try PolicyBundle(precision: .int8)
    let observations = try [ProductPrecision.native, .exact].map {
      try recorded(robot, try robot.policy(products: $0))
    }
    let folder = try folder(robot, observations)
    let run = try ReplayRunner(robot.bundle).run(on: folder)
    #expect(run.isEqual && run.otherProductsCount == 0)
    var options = ReplayRunner.Options()
    options.products = .exact
    let exact = try ReplayRunner(robot.bundle, options: options).run(on: folder)
    #expect(exact.observations.map(\.comparison.isEqual) == [false, true])
    #expect(exact.otherProductsCount == 1)
    #expect(exact.products == ProductChoice(.exact))
  }

  @Test func aBitThatDiffersIsFound() throws {
    let robot = try PolicyBundle()
    let policy = try robot.policy()
    let observation = try recorded(robot, policy) { _, actions, modelActions in
      actions[3][2] += 0.5
      actions[4][1] = actions[4][1].nextUp
      modelActions.values[15] = modelActions.values[15].nextDown
    }
    let outcome = try PolicyReplay(policy).run(observation)
    let comparison = try #require(outcome.comparison)
    #expect(comparison.differences.map(\.part) == [.actions, .modelActions])
    let actions = comparison.differences[0]
    #expect(actions.count == 2 && actions.valueCount == 56 && actions.place == [3, 2])
    #expect(actions.recorded == actions.computed + 0.5)
    #expect(actions.computed == outcome.actions[3][2])
    #expect(comparison.differences[1].count == 1 && comparison.differences[1].place == [2, 1])

    let run = try ReplayRunner(robot.bundle).run(
      on: try folder(robot, [try recorded(robot, policy), observation]))
    #expect(run.equalCount == 1 && !run.isEqual)
    let largest = try #require(run.largest { $0 == .actions })
    #expect(largest.difference == actions)
    #expect(largest.observation.file == "000000000001.safetensors")
    #expect(run.largest { if case .depth = $0 { true } else { false } } == nil)
  }

  @Test func depthIsComparedWhereItWasRecordedAndNotComputedWhereItWasNot() throws {
    let robot = try PolicyBundle()
    let policy = try robot.policy()
    let observation = try recorded(robot, policy)
    let answer = try #require(observation.answer)
    var map = answer.depth[1].values
    map.values[7] += 1
    let changed = try RecordedObservation(
      cameras: observation.cameras, instruction: observation.instruction, state: observation.state,
      noise: observation.noise, source: JSONObject(), versions: JSONObject(),
      answer: RecordedAnswer(
        actions: (0..<8).map { Array(answer.actions.values[($0 * 7)..<($0 * 7 + 7)]) },
        modelActions: answer.modelActions, depth: [.init(camera: "wrist", values: map)],
        origin: answer.origin))
    let comparison = try #require(try PolicyReplay(policy).run(changed).comparison)
    #expect(comparison.parts == [.actions, .modelActions, .depth(camera: "wrist")])
    #expect(comparison.differences.map(\.part) == [.depth(camera: "wrist")])
    #expect(abs(comparison.differences[0].distance - 1) < 1e-6)

    var options = SamplingOptions()
    options.wantsDepth = false
    let silent = try PolicyReplay(policy).run(try recorded(robot, policy, options: options))
    #expect(silent.chunk.depth.isEmpty && silent.comparison?.isEqual == true)
  }

  @Test func anotherBundleOfTheFamilyIsSaid() throws {
    let robot = try PolicyBundle()
    let other = SHA256.hash([1])
    let observation = try recorded(robot, try robot.policy()) { origin, _, _ in origin.root = other
    }
    let run = try ReplayRunner(robot.bundle).run(on: folder(robot, [observation]))
    #expect(run.otherRootCount == 1 && run.isEqual && run.observations[0].root == other)
  }

  @Test func aRecordingOfAnotherFamilyOrWithoutAnAnswerIsRefused() throws {
    let robot = try PolicyBundle()
    let policy = try robot.policy()
    let observation = try recorded(robot, policy) { origin, _, _ in origin.family = "pi0" }
    #expect(throws: WeightsError(.replayFamily, "")) {
      try ReplayRunner(robot.bundle).run(on: folder(robot, [observation]))
    }
    try robot.scratch.remove("recorded")
    let silent = try RecordedObservation(
      cameras: observation.cameras, instruction: "", state: observation.state,
      noise: observation.noise, source: JSONObject(), versions: JSONObject())
    #expect(try PolicyReplay(policy).run(silent).comparison == nil)
    #expect(throws: WeightsError(.replayNoAnswer, "")) {
      try ReplayRunner(robot.bundle).run(on: folder(robot, [silent]))
    }
  }

  /// The dimensions that went back are those of the robot in the recording.
  @Test func theRecordedRobotTakesItsDimensions() throws {
    let robot = try PolicyBundle()
    let policy = try robot.policy()
    let document = """
      {"version": 1, "name": "arm", "cameras": [{"key": "base"}, {"key": "wrist"}],
       "pictures": {"layout": "channels-last", "floats": "refuse"}, "state": [{"key": "state", "width": 11}],
       "instruction": {"key": "prompt"}, "actions": {"width": WIDTH}}
      """
    func recorded(width: Int) throws -> RecordedObservation {
      let json = try StrictJSON.parse(document.replacing("WIDTH", with: "\(width)"))
      return try self.recorded(robot, policy) { origin, actions, _ in
        origin.robot = json.object
        actions = actions.map { Array($0.prefix(3)) }
      }
    }
    let outcome = try PolicyReplay(policy).run(try recorded(width: 3))
    #expect(outcome.actions.map(\.count) == [Int](repeating: 3, count: 8))
    #expect(outcome.chunk.actions[0].count == 7)
    #expect(outcome.comparison?.isEqual == true)
    #expect(throws: WeightsError(.replayShape, "")) {
      try PolicyReplay(policy).run(try recorded(width: 4))
    }
    let error = #expect(throws: WeightsError.self) {
      try ReplayRunner(robot.bundle).run(on: folder(robot, [recorded(width: 8)]))
    }
    #expect(error?.code.rawValue == "robot.fit", "\(String(describing: error))")
    #expect(error?.file == robot.scratch("recorded/000000000000.safetensors"))
    try robot.scratch.remove("recorded")
    let unknown = try self.recorded(robot, policy) { origin, _, _ in
      origin.robot = JSONObject([("name", "arm")])
    }
    #expect(throws: WeightsError.self) {
      try ReplayRunner(robot.bundle).run(on: folder(robot, [unknown]))
    }
  }

  @Test func numbersOfAnotherShapeAreRefused() throws {
    let robot = try PolicyBundle()
    let policy = try robot.policy()
    let observation = try recorded(robot, policy) { _, actions, _ in
      actions = actions.map { Array($0.prefix(3)) }
    }
    #expect(throws: WeightsError(.replayShape, "")) { try PolicyReplay(policy).run(observation) }
    let narrow = try RecordedObservation(
      cameras: observation.cameras, instruction: "", state: observation.state,
      noise: Tensor(zeros: [8, 6]), source: JSONObject(), versions: JSONObject())
    #expect(throws: WeightsError(.replayShape, "")) { try PolicyReplay(policy).run(narrow) }
  }

  @Test func aNarrowStateIsFilledUpAsTheServerFillsItUp() throws {
    let robot = try PolicyBundle()
    let policy = try robot.policy()
    #expect(policy.filledState([1, 2, 3]) == [1, 2, 3] + [Double](repeating: 0, count: 8))
    // `act` takes or refuses these by itself.
    for state in [robot.state, robot.state + [1], []] {
      #expect(policy.filledState(state) == state)
    }
    let filled = try robot.act(policy)
    #expect(filled.actions.count == 56)
    let observation = try recorded(robot, policy, state: [1, 2, 3])
    #expect(observation.state.values == [1, 2, 3])
    #expect(try ReplayRunner(robot.bundle).run(on: folder(robot, [observation])).isEqual)
  }

  /// With statistics the robot's width is known, and nothing is filled up before them.
  @Test func aStateOfKnownWidthIsLeftToThePolicy() throws {
    let robot = try PolicyBundle()
    let name = "openpi-8-5.json"
    let assets = try PolicyAssets(
      robot.bundle, statistics: (try FixtureFolder.bytes("statistics/" + name), name))
    let policy = try RobotPolicy(
      robot.bundle, assets: assets, loading: .first, on: Compute(threads: 1))
    #expect(policy.filledState([1, 2]) == [1, 2])
    #expect(throws: WeightsError(.policyStateWidth, "")) {
      try policy.act(
        on: robot.pictures, instruction: "a", state: [1, 2], noise: robot.noise)
    }
  }
}
