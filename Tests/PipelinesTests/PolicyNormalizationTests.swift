import DVLABundles
import DVLADiagnostics
import DVLANormalization
import DVLAPipelines
import DVLATensorMath
import DVLATestSupport
import Testing

/// Which statistics' dimensions are the robot's, and what is done with them.
struct PolicyNormalizationTests {
  static let statistics = FixtureFolder.path("statistics/lerobot-8-5.safetensors")
  static let preprocessor = FixtureFolder.path("statistics/policy_preprocessor.json")
  let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func chunk(
    _ robot: PolicyBundle, state: [Double], assets: PolicyAssets? = nil
  ) throws -> ActionChunk {
    let policy = try RobotPolicy(
      robot.bundle, assets: assets, loading: .first, on: Compute(threads: 1))
    return try policy.act(
      on: robot.pictures, instruction: "", state: state, noise: robot.noise)
  }

  /// A bundle with statistics, and with such a file of lerobot's.
  private func robot(
    preprocessor: String?, setting settings: [(key: String, value: String)] = []
  ) throws -> PolicyBundle {
    try PolicyBundle(
      "pi0/openpi", setting: settings,
      files: [(.statistics, Self.statistics)] + (preprocessor.map { [(.preprocessor, $0)] } ?? []))
  }

  @Test func theKeyWinsThenLerobotsMapThenMeanStd() throws {
    let state = [Double](repeating: 0.3, count: 8)
    let map = try chunk(try robot(preprocessor: Self.preprocessor), state: state)
    #expect(map.stateNormalization == .quantile && map.actionNormalization == .minMax)
    let key = try chunk(
      try robot(
        preprocessor: Self.preprocessor, setting: [("normalization", "\"mean-std\"")]), state: state
    )
    #expect(key.stateNormalization == .meanStd && key.actionNormalization == .meanStd)
    let none = try chunk(try robot(preprocessor: nil), state: state)
    #expect(none.stateNormalization == .meanStd && none.actionNormalization == .meanStd)
    #expect(none.actions == key.actions && none.actions != map.actions)
  }

  @Test(arguments: [
    (
      #"{"steps": [{"registry_name": "normalizer_processor", "config": {"norm_map": {"STATE": "#
        + #""MAX_ABS"}}}]}"#, "statistics.method", "\"MAX_ABS\""
    ),
    (
      #"{"steps": [{"registry_name": "normalizer_processor", "config": {"norm_map": []}}]}"#,
      "json.type", "norm_map"
    ),
    (#"{"steps": [{"registry_name": "my_processor"}]}"#, "processing.step", "\"my_processor\""),
    // The statistics have no 10th percentile.
    (
      #"{"steps": [{"registry_name": "normalizer_processor", "config": {"norm_map": {"STATE": "#
        + #""QUANTILE10"}}}]}"#, "statistics.missing", "q10"
    ),
  ])
  func aMapThatCannotBeFollowedIsRefusedWhenItIsImported(
    text: String, code: String, words: String
  ) throws {
    let path = try scratch.write(text, to: "policy_preprocessor.json")
    let error = #expect(throws: WeightsError.self) { _ = try robot(preprocessor: path) }
    #expect(error?.code.rawValue == code)
    #expect(error?.file == path || code == "statistics.missing")
    #expect(error?.message.contains(words) == true)
  }

  private func feature(_ width: Int, zeros: Int) -> String {
    func list(_ value: String) -> String {
      let values =
        [String](repeating: value, count: width - zeros) + [String](repeating: "0.0", count: zeros)
      return "[" + values.joined(separator: ", ") + "]"
    }
    return "{\"mean\": \(list("0.5")), \"std\": \(list("2.0"))}"
  }

  /// The model takes states of 11 values and actions of 7.
  @Test(arguments: [(8, 5, 8, 5), (11, 7, 9, 5), (11, 5, 9, 5), (8, 7, 8, 5)])
  func zerosAtTheEndArePaddingWhereTheModelEnds(
    stateWidth: Int, actionWidth: Int, state: Int, action: Int
  ) throws {
    let robot = try PolicyBundle("pi0/openpi")
    let text =
      "{\"norm_stats\": {\"state\": \(feature(stateWidth, zeros: 2)), "
      + "\"actions\": \(feature(actionWidth, zeros: 2))}}"
    let assets = try PolicyAssets(robot.bundle, statistics: (Array(text.utf8), "n.json"))
    let values = (0..<state).map { Double($0) / 4 }
    let chunk = try chunk(robot, state: values, assets: assets)
    #expect(chunk.actions.map(\.count) == [Int](repeating: action, count: 8))
    #expect(throws: WeightsError.self) {
      _ = try self.chunk(robot, state: values.dropLast(), assets: assets)
    }
  }
}
