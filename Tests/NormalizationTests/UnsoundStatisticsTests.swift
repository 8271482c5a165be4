import DVLADiagnostics
import DVLANormalization
import Testing

struct UnsoundStatisticsTests {
  static let feature = #"{"mean": [0.5, 1], "std": [1, 2], "q01": [-1, -2], "q99": [1, 2]}"#

  static func openpi(_ state: String, _ actions: String = feature) -> String {
    #"{"norm_stats": {"state": \#(state), "actions": \#(actions)}}"#
  }

  func parse(_ text: String) throws -> PolicyStatistics {
    try PolicyStatistics(contents: Array(text.utf8), fileName: "norm_stats.json")
  }

  @Test(arguments: [
    // No text of statistics.
    ("", "json.truncated"),
    ("{}", "statistics.format"),
    (#"{"state": {"mean": [1], "std": [1]}}"#, "statistics.format"),
    (#"{"norm_stats": {}}"#, "statistics.format"),
    (#"{"norm_stats": {"observation.state": {"mean": [1]}}}"#, "statistics.format"),
    ("[1, 2]", "json.type"),
    (#"{"norm_stats": []}"#, "json.type"),
    // Values.
    (openpi(#"{"mean": [NaN, 1], "std": [1, 2]}"#), "json.non-finite"),
    (openpi(#"{"mean": [0, 1], "std": [1, Infinity]}"#), "json.non-finite"),
    (openpi(#"{"mean": [0, 1e999], "std": [1, 2]}"#), "json.number-range"),
    (openpi(#"{"mean": [true, 1], "std": [1, 2]}"#), "json.type"),
    (openpi(#"{"mean": ["0", 1], "std": [1, 2]}"#), "json.type"),
    (openpi(#"{"mean": [null, 1], "std": [1, 2]}"#), "json.type"),
    (openpi(#"{"mean": [[0, 1]], "std": [1, 2]}"#), "json.type"),
    (openpi(#"{"mean": 0.5, "std": [1, 2]}"#), "json.type"),
    (openpi(#"{"mean": [9007199254740993, 1], "std": [1, 2]}"#), "json.type"),
    (openpi("[0.5, 1]"), "json.type"),
    // Fields.
    (openpi(#"{"mean": [], "std": []}"#), "statistics.empty"),
    (openpi("{}"), "statistics.missing"),
    (openpi(#"{"mean": null, "std": null}"#), "statistics.missing"),
    (openpi(#"{"mean": [0, 1], "std": [1, 2, 3]}"#), "statistics.width"),
    (openpi(#"{"mean": [0, 1], "std": [1, 2], "q99": [1]}"#), "statistics.width"),
    (openpi(#"{"mean": [0, 1], "mean": [0, 2], "std": [1, 2]}"#), "json.duplicate-key"),
    (#"{"observation.state": {"mean": [1], "std": [1]}, "action": 3}"#, "json.type"),
  ])
  func isRefusedWhenItIsRead(text: String, code: String) {
    expectRefusal(code, file: "norm_stats.json") { try parse(text) }
  }

  @Test func deepNestingIsRefused() {
    let deep = String(repeating: "[", count: 100_000)
    expectRefusal("json.depth", file: "norm_stats.json") { try parse(#"{"x": "# + deep) }
  }

  @Test func moreValuesThanAnyRobotHasAreRefused() {
    let many = "[" + String(repeating: "1,", count: 600_000) + "1]"
    expectRefusal("json.too-many-values", file: "norm_stats.json") {
      try parse(Self.openpi(#"{"mean": \#(many)}"#))
    }
    let long = [UInt8](repeating: UInt8(ascii: " "), count: PolicyStatistics.maximumByteCount + 1)
    expectRefusal("statistics.format") { try PolicyStatistics(contents: long, fileName: "x") }
  }

  @Test(arguments: [
    (
      #"{"mean": [0.5, 1], "std": [-1, 2]}"#, NormalizationMethod.meanStd, "statistics.deviation"
    ),
    (#"{"mean": [1, 0], "std": [1, -2]}"#, .meanStd, "statistics.deviation"),
    (#"{"std": [1, 2]}"#, .meanStd, "statistics.missing"),
    (#"{"mean": [1, 2]}"#, .meanStd, "statistics.missing"),
    (#"{"mean": [1], "std": [1], "q01": null, "q99": [1]}"#, .quantile, "statistics.missing"),
    (#"{"q01": [0, 1], "q99": [1, 0.5]}"#, .quantile, "statistics.order"),
    (#"{"min": [0], "max": [1]}"#, .minMax, "statistics.method"),
  ])
  func isRefusedWhenItIsUsed(state: String, method: NormalizationMethod, code: String) throws {
    let statistics = try parse(Self.openpi(state))
    expectRefusal(code, file: "norm_stats.json", mentioning: "state") {
      try statistics.normalizer(of: .state, method: method)
    }
    #expect(throws: Never.self) { try statistics.normalizer(of: .action) }
  }

  /// A dimension that never changed in training is divided by upstream's epsilon.
  @Test func aDeviationOfZeroIsUpstreamsEpsilon() throws {
    let openpi = try parse(Self.openpi(#"{"mean": [0.5, 1], "std": [0, 2]}"#))
      .normalizer(of: .state)
    #expect(try openpi.normalize([0.5, 1]) == [0, 0])
    #expect(try openpi.normalize([1.5, 1])[0] == 1 / 1e-6)
    let lerobot = try parse(#"{"observation.state": {"mean": [0.5], "std": [0]}}"#)
      .normalizer(of: .state)
    #expect(try lerobot.normalize([1.5]) == [Double(1 / Float(1e-8))])
    #expect(try lerobot.undo([3]) == [0.5])
  }

  @Test func lerobotsPaddingIsNoPadding() throws {
    let statistics = try parse(#"{"action": {"mean": [1, 0], "std": [1, 0]}}"#)
    #expect(try statistics.normalizer(of: .action).width == 2)
    let reversed = try parse(#"{"action": {"min": [1, 0], "max": [1, -1]}}"#)
    expectRefusal("statistics.order") { try reversed.normalizer(of: .action, method: .minMax) }
  }

  @Test func aFileMayHaveOneFeatureOnly() throws {
    let statistics = try parse(#"{"norm_stats": {"state": \#(Self.feature)}}"#)
    expectRefusal("statistics.missing", file: "norm_stats.json", mentioning: "\"actions\"") {
      try statistics.normalizer(of: .action)
    }
    #expect(try statistics.normalizer(of: .state).width == 2)
  }

  @Test func whatIsNotUsedMayBeAnything() throws {
    let statistics = try parse(
      #"{"action": {"mean": [1], "std": [1], "count": [5], "q50": "?"}, "index": 3, "x": [[[1]]]}"#)
    #expect(try statistics.normalizer(of: .action).normalize([2]) == [1])
  }

  @Test func otherWidthsAreRefused() throws {
    let openpi = try parse(Self.openpi(Self.feature)).normalizer(of: .state)
    expectRefusal("statistics.width") { try openpi.normalize([1, 2, 3]) }
    expectRefusal("statistics.width") { try openpi.undo([1]) }
    let lerobot = try parse(#"{"action": \#(Self.feature)}"#).normalizer(of: .action)
    for wrong in [[1.0], [1, 2, 3]] {
      expectRefusal("statistics.width") { try lerobot.normalize(wrong) }
      expectRefusal("statistics.width") { try lerobot.undo(wrong) }
    }
  }

  @Test func resultsBeyondFloat32AreRefused() throws {
    let normalizer = try parse(Self.openpi(Self.feature)).normalizer(of: .state)
    expectRefusal("statistics.overflow", mentioning: "dimension 1") {
      try normalizer.normalize([0, 1e39])
    }
    expectRefusal("statistics.overflow") { try normalizer.undo([.nan, 0]) }
    let lerobot = try parse(#"{"action": \#(Self.feature)}"#)
    for method in [NormalizationMethod.meanStd, .identity] {
      expectRefusal("statistics.overflow", mentioning: "dimension 1", "1e+39") {
        try lerobot.normalizer(of: .action, method: method).normalize([0, 1e39])
      }
    }
    let wide = try parse(#"{"action": {"mean": [1, 1e39], "std": [1, 1]}}"#)
    expectRefusal(
      "statistics.overflow", file: "norm_stats.json", mentioning: "action, mean, dimension 1"
    ) { try wide.normalizer(of: .action) }
  }

  @Test func fieldsThatAreNotFiniteAreRefused() {
    expectRefusal("statistics.not-finite") { try FeatureStatistics(mean: [.nan], std: [1]) }
    expectRefusal("statistics.not-finite") { try FeatureStatistics(mean: [1], std: [.infinity]) }
  }
}
