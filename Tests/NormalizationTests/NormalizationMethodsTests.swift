import Normalization
import TestSupport
import Testing

struct NormalizationMethodsTests {
  func parse(_ text: String) throws -> NormalizationMethods? {
    try NormalizationMethods(lerobotPreprocessor: Array(text.utf8))
  }

  static func step(_ config: String) -> String {
    #"{"name": "policy_preprocessor", "steps": [{"class": "my.Step"}, {"registry_name": "#
      + #""rename_observations_processor", "config": {"rename_map": {}}}, {"registry_name": "#
      + #""normalizer_processor", "config": \#(config), "state_file": "x"}]}"#
  }

  @Test func lerobotsOwnFileIsRead() throws {
    let methods = try NormalizationMethods(
      lerobotPreprocessor: FixtureFolder.bytes("statistics/policy_preprocessor.json"))
    #expect(methods == NormalizationMethods(state: .quantile, action: .minMax))
  }

  @Test(arguments: [
    (
      #"{"norm_map": {"STATE": "MEAN_STD", "ACTION": "IDENTITY"}}"#,
      NormalizationMethods(state: .meanStd, action: .identity)
    ),
    // What the map does not name stays as it is.
    (#"{"norm_map": {"VISUAL": "?"}, "eps": 1e-08}"#, NormalizationMethods(.identity)),
    (
      #"{"norm_map": {"STATE": "MIN_MAX", "ACTION": "QUANTILES"}, "normalize_observation_keys": null}"#,
      NormalizationMethods(state: .minMax, action: .quantile)
    ),
    (
      #"{"norm_map": {"STATE": "MIN_MAX"}, "normalize_observation_keys": ["observation.state"]}"#,
      NormalizationMethods(state: .minMax, action: .identity)
    ),
    (
      #"{"norm_map": {"STATE": "MIN_MAX"}, "normalize_observation_keys": ["observation.image"]}"#,
      NormalizationMethods(.identity)
    ),
  ])
  func modesAreMethods(config: String, methods: NormalizationMethods) throws {
    #expect(try parse(Self.step(config)) == methods)
  }

  @Test func aPipelineMayNormalizeNothing() throws {
    #expect(try parse(#"{"steps": []}"#) == nil)
    #expect(try parse(#"{"steps": [{"registry_name": "device_processor"}]}"#) == nil)
  }

  @Test(arguments: [
    (step(#"{"norm_map": {"STATE": "QUANTILE10"}}"#), "statistics.method", "\"QUANTILE10\""),
    (step(#"{"norm_map": {"ACTION": "mean-std"}}"#), "statistics.method", "norm_map.ACTION"),
    (step(#"{"norm_map": {}, "eps": 1e-6}"#), "statistics.method", "eps"),
    (step(#"{"norm_map": {"STATE": 1}}"#), "json.type", "norm_map.STATE"),
    (step(#"{"norm_map": []}"#), "json.type", "norm_map"),
    (step("{}"), "json.missing-key", "norm_map"),
    (step(#"{"norm_map": {}, "normalize_observation_keys": 1}"#), "json.type", "keys"),
    (#"{"steps": [{"registry_name": "normalizer_processor"}]}"#, "json.missing-key", "config"),
    (
      #"{"steps": [{"registry_name": "normalizer_processor", "config": {}}, "#
        + #"{"registry_name": "normalizer_processor", "config": {}}]}"#,
      "statistics.method", "found two"
    ),
    (#"{"steps": [1]}"#, "json.type", "steps[0]"),
    ("{}", "json.missing-key", "steps"),
    ("[]", "json.type", "$"),
    ("", "json.truncated", ""),
  ])
  func isRefused(text: String, code: String, words: String) {
    expectRefusal(code, mentioning: words) { try parse(text) }
  }
}
