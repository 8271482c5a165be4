import DVLAImages
import DVLAJSON
import DVLATensors
import DVLATestSupport
import Testing

/// `run` on tiny policies: pictures, words and a state in, what upstream computes out.
struct PolicyRunTests {
  /// The greatest distance, by the greatest of the expected values.
  private func distance(_ ours: [Double], _ expected: [Double]) -> Double {
    guard ours.count == expected.count else { return .infinity }
    let largest = expected.map(\.magnitude).max() ?? 0
    return (zip(ours, expected).map { ($0 - $1).magnitude }.max() ?? .infinity) / largest
  }

  @Test func thereAreCasesOfBothFamiliesAndEveryNormalisation() {
    let all = PolicyCase.all
    #expect(all.count == 11)
    #expect(all.filter { $0.preprocessor != nil }.map(\.name) == ["pi0-norm-map"])
    #expect(Set(all.map(\.checkpoint.family)) == ["depthvla", "pi0"])
    #expect(all.filter(\.hasDepth).count == 5)
    #expect(all.filter { $0.settings.contains { $0.value == "quantile" } }.count == 2)
  }

  @Test(arguments: PolicyCase.all) func actionsAndDepthAreUpstreams(_ policy: PolicyCase) throws {
    let bundle = try PolicyScratch(policy)
    let outputs = policy.hasDepth ? ["--raw", bundle("raw")] : []
    let result = try depthvla(
      bundle.arguments + outputs + ["--actions", bundle("chunk.json"), "--json"])
    #expect(result.status == 0 && result.error == "", "\(result.error)")
    let document = try #require(result.json)
    #expect(document["prompt_tokens"]?.integer == policy.promptTokens)
    let modelActions = PolicyCase.rows(document["model_actions"])
    let actions = PolicyCase.rows(document["actions"])
    #expect(modelActions.map(\.count) == policy.modelActions.map(\.count))
    #expect(actions.map(\.count) == policy.actions.map(\.count))
    #expect(distance(modelActions.flatMap(\.self), policy.modelActions.flatMap(\.self)) < 2e-5)
    // Dimensions have units of their own: each is held against itself.
    for dimension in policy.actions[0].indices {
      let ours = actions.map { $0[dimension] }
      let expected = policy.actions.map { $0[dimension] }
      #expect(distance(ours, expected) < 2e-5, "dimension \(dimension)")
    }
    #expect(document["state_normalized"] == .bool(policy.statistics != nil))
    #expect(document["units"]?.string == (policy.statistics == nil ? "model" : "robot"))
    #expect(document["normalization"] == policy.normalization)

    let file = try #require(try StrictJSON.parse(bundle.scratch.bytes(of: "chunk.json")).object)
    #expect(file["actions"] == document["actions"])
    #expect(file["seconds"] == nil)
    guard policy.hasDepth else {
      #expect(try bundle.scratch.entries == ["b", "chunk.json", "s.json"])
      return
    }
    let golden = try GoldenFile("policies/depth.safetensors")
    let cameras = (document["cameras"]?.array ?? []).compactMap(\.object)
    #expect(cameras.count == policy.pictures.count)
    for (index, camera) in cameras.enumerated() {
      let name = "\(policy.name).\(index)"
      let path = cameras.count == 1 ? "raw" : "raw/camera\(index).npy"
      let depth = floatArray(try bundle.scratch.bytes(of: path))
      let expected = try golden.doubles(name)
      #expect(
        try golden.shape(name) == [camera["height"], camera["width"]].map { $0?.integer ?? 0 })
      try #require(depth.count == expected.count)
      // Depth is above zero, and near pixels count as much as far ones.
      let worst = zip(depth, expected).map { (Double($0) - $1).magnitude / $1 }.max() ?? .infinity
      #expect(worst < 5e-5, "camera \(index)")
      #expect(camera["depth_minimum"]?.number == depth.min().map(Double.init))
      #expect(camera["depth_maximum"]?.number == depth.max().map(Double.init))
      #expect(camera["outputs"]?.array?.map(\.string) == [bundle(path)])
    }
  }

  /// Statistics and a tokenizer given to `run` do what those in the bundle do.
  @Test(arguments: ["two-cameras", "pi0-narrow"]) func filesOfTheRunTakeThePlaceOfTheBundles(
    _ name: String
  ) throws {
    let own = try PolicyScratch(name)
    let other = try ScratchFolder()
    let policy = own.policy
    try policy.makeBundle(other("b"), isBare: true)
    try own.run("--actions", own("a.json"))
    let arguments = policy.arguments(other("b"), state: own("s.json"))
    let refused = try depthvla(arguments)
    #expect(refused.status == 66, "\(refused.error)")
    #expect(refused.errorLines.count == 1 && refused.error.contains("--tokenizer"))
    for tokenizer in ["tokenizer.model", "tokenizer.json"] {
      let path = FixtureFolder.path("tokenizers/tiny/" + tokenizer)
      let result = try depthvla(
        arguments + ["--tokenizer", path, "--statistics", try #require(policy.statisticsPath)]
          + ["--json"])
      #expect(result.status == 0, "\(result.error)")
      let chunk = try StrictJSON.parse(own.scratch.bytes(of: "a.json")).object
      #expect(result.json?["actions"] == chunk?["actions"])
    }
  }

  /// A picture that is told of twice is two cameras, and their order matters.
  @Test func camerasAreInTheOrderGiven() throws {
    let bundle = try PolicyScratch("two-cameras")
    let policy = bundle.policy
    let swapped = [
      "run", bundle("b"), "--image", policy.picturePaths[1], "--image", policy.picturePaths[0],
      "--instruction", policy.instruction, "--state", bundle("s.json"), "--noise",
      PolicyCase.noise, "--json",
    ]
    let result = try depthvla(swapped)
    #expect(result.status == 0, "\(result.error)")
    let cameras = (result.json?["cameras"]?.array ?? []).compactMap(\.object)
    #expect(cameras.map { $0["path"]?.string } == policy.picturePaths.reversed())
    #expect(cameras.map { $0["height"]?.integer } == [21, 11])
    let actions = PolicyCase.rows(result.json?["model_actions"]).flatMap(\.self)
    #expect(distance(actions, policy.modelActions.flatMap(\.self)) > 1e-3)
  }
}
