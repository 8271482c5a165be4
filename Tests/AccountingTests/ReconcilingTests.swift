import DVLADiagnostics
import DVLAJSON
import Testing

@testable import DVLAAccounting

/// Members that say one thing together. Expected values are those of transformers 5.24.0:
/// `GemmaConfig(**d).rope_parameters` and `Dinov2Config(**d).out_indices`.
@Suite struct ReconcilingTests {
  private func rope(_ text: String) throws -> RotaryMembers {
    try RotaryMembers(
      try #require(try StrictJSON.parse(text).object), at: "config.json text_config.")
  }

  private func stages(_ text: String) throws -> [Int] {
    try StageMembers(try #require(try StrictJSON.parse(text).object), at: "config.json ").indices
  }

  @Test(arguments: [
    (#"{}"#, 10_000, "rope_theta"), (#"{"rope_theta": 300}"#, 300, "rope_theta"),
    (#"{"rope_theta": 300, "rope_parameters": {}}"#, 300, "rope_theta"),
    (#"{"rope_theta": 300, "rope_scaling": null}"#, 300, "rope_theta"),
    (
      #"{"rope_theta": 300, "rope_parameters": {"rope_theta": 500}}"#, 500,
      "rope_parameters.rope_theta"
    ),
    (#"{"rope_theta": 300, "rope_parameters": {"rope_type": "default"}}"#, 300, "rope_theta"),
    (
      #"{"rope_scaling": {"rope_theta": 200}, "rope_parameters": {"rope_theta": 500}}"#, 200,
      "rope_scaling.rope_theta"
    ),
    (
      #"{"rope_scaling": {"type": "default"}, "rope_theta": 7, "rope_parameters": {"rope_theta": 5}}"#,
      7, "rope_theta"
    ),
  ])
  func whichBaseOfRotationCounts(_ text: String, _ theta: Double, _ path: String) throws {
    let members = try rope(text)
    #expect(members.theta.value.number == theta && members.theta.path == path)
  }

  @Test(arguments: [
    #"{"rope_parameters": {"rope_type": "linear", "factor": 2}}"#,
    #"{"rope_scaling": {"type": "linear", "factor": 2}}"#,
    #"{"rope_scaling": {"rope_type": "yarn", "factor": 2}}"#,
    #"{"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}}"#,
    #"{"rope_parameters": "default"}"#, #"{"rope_scaling": [1]}"#,
    #"{"rope_parameters": {"rope_type": 3}}"#,
  ])
  func scaledPositionsAreRefusedByName(_ text: String) throws {
    let object = try #require(try StrictJSON.parse(text).object)
    let error = #expect(throws: WeightsError.self) {
      try RotaryMembers(object, at: "config.json text_config.")
    }
    #expect(error?.code == .documentSetting)
    #expect(error?.message.hasPrefix("config.json text_config.rope_") == true)
  }

  @Test func whatOfScalingNobodyReadsIsUnknown() throws {
    let fates = try rope(
      #"{"rope_theta": 1, "rope_parameters": {"rope_type": "default", "rope_theta": 5, "factor": 2}}"#
    ).fates(settingKey: "k")
    #expect(fates.first { $0.path == "rope_parameters.factor" }?.fate == .unknown)
    #expect(fates.first { $0.path == "rope_parameters.rope_theta" }?.fate == .used("k"))
    #expect(fates.first { $0.path == "rope_parameters.rope_type" }?.fate == .fixed)
    guard case .neutral = fates.first(where: { $0.path == "rope_theta" })?.fate else {
      Issue.record("the other base is not neutral")
      return
    }
  }

  @Test(arguments: [
    (#"{"num_hidden_layers": 12, "out_indices": [3, 6, 9, 12]}"#, [3, 6, 9, 12]),
    (#"{"num_hidden_layers": 12, "out_indices": [-10, -7, -4, -1]}"#, [3, 6, 9, 12]),
    (
      #"{"num_hidden_layers": 12, "out_features": ["stage3", "stage6", "stage9", "stage12"]}"#,
      [3, 6, 9, 12]
    ),
    (
      #"{"num_hidden_layers": 4, "out_indices": [-4, 4], "out_features": ["stage1", "stage4"]}"#,
      [1, 4]
    ),
    (#"{"num_hidden_layers": 4, "out_features": ["stem", "stage4"]}"#, [0, 4]),
    (#"{"num_hidden_layers": 4}"#, [4]), (#"{}"#, [12]),
    (#"{"num_hidden_layers": 4, "out_indices": null, "out_features": null}"#, [4]),
  ])
  func stagesAreCountedFromTheStem(_ text: String, _ expected: [Int]) throws {
    #expect(try stages(text) == expected)
  }

  @Test(arguments: [
    #"{"num_hidden_layers": 4, "out_indices": [5]}"#,
    #"{"num_hidden_layers": 4, "out_indices": [-6]}"#,
    #"{"num_hidden_layers": 4, "out_indices": [4, 1]}"#,
    #"{"num_hidden_layers": 4, "out_indices": [1, 1]}"#,
    #"{"num_hidden_layers": 4, "out_indices": [1], "out_features": ["stage2"]}"#,
    #"{"num_hidden_layers": 4, "out_features": ["stage02"]}"#,
    #"{"num_hidden_layers": 4, "out_features": ["x"]}"#,
    #"{"num_hidden_layers": 4, "out_indices": 3}"#,
    #"{"num_hidden_layers": "four", "out_indices": [3]}"#,
  ])
  func whatAreNoStagesIsRefused(_ text: String) throws {
    let error = #expect(throws: WeightsError.self) { try stages(text) }
    #expect(error?.code == .documentSetting)
  }
}
