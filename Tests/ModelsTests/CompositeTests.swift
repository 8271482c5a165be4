import DVLADiagnostics
import DVLAJSON
import DVLAModels
import DVLAParity
import DVLARemapping
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Foundation
import Testing

/// What DepthVLA promises of cameras, prefixes and experts, beside its numbers.
struct CompositeTests {
  static let golden = "depthvla_block_2cam_pad"

  /// One sample with both cameras there.
  func inputs() throws -> ModelInputs {
    var inputs = try GoldenFile("goldens/\(Self.golden).safetensors").inputs()
    inputs.integers["camera_mask"] = IntegerTensor([1, 1], shape: [1, 2])
    for name in ["target_actions", "target_depth"] { inputs.floats[name] = nil }
    inputs.numbers["loss_t"] = nil
    return inputs
  }

  func run(
    _ inputs: ModelInputs, _ ablation: Ablation = Ablation(), of model: EditableModel? = nil
  ) throws -> [String: Tensor] {
    var stages: [String: Tensor] = [:]
    let model = try model ?? EditableModel("depthvla/plain")
    try model.load().ablated(ablation).run(
      inputs, trace: StageTrace { stages[$0.name] = $0.value })
    return stages
  }

  func expectClose(_ found: Tensor?, _ expected: Tensor?, _ name: String) throws {
    let (found, expected) = (try #require(found), try #require(expected))
    #expect(found.shape == expected.shape, "\(name)")
    let largest = expected.values.map(\.magnitude).max() ?? 0
    let worst = zip(found.values, expected.values).map { ($0 - $1).magnitude }.max() ?? 0
    #expect(largest > 0 && worst <= 5e-6 * largest, "\(name): \(worst) of \(largest)")
  }

  @Test func aMissingCameraIsOneCameraFewer() throws {
    var masked = try inputs()
    masked.integers["camera_mask"] = IntegerTensor([1, 0], shape: [1, 2])
    var fewer = try inputs()
    fewer.integers["camera_mask"] = nil
    for name in ["pixel_values", "depth_pixel_values"] {
      let images = try #require(fewer.floats[name])
      let half = images.values.count / 2
      fewer.floats[name] = Tensor(
        Array(images.values[..<half]), shape: Shape([1, 1] + images.shape.dimensions.dropFirst(2)))
    }
    let (found, expected) = (try run(masked), try run(fewer))
    for name in ["velocity_t1", "actions"] { try expectClose(found[name], expected[name], name) }
    let depth = try #require(expected["log_depth"])
    let first = try #require(found["log_depth"]).values.prefix(depth.values.count)
    try expectClose(Tensor(Array(first), shape: depth.shape), depth, "log_depth")
    let both = try run(try inputs())
    #expect(both["actions"] != found["actions"])
  }

  @Test func paddingOfTextChangesNothing() throws {
    let plain = try inputs()
    let (ids, mask) = (plain.integers["input_ids"], plain.integers["text_mask"])
    var padded = plain
    let count = try #require(ids).values.count
    padded.integers["input_ids"] = IntegerTensor(
      try #require(ids).values + [5, 7], shape: [1, count + 2])
    padded.integers["text_mask"] = IntegerTensor(
      try #require(mask).values + [0, 0], shape: [1, count + 2])
    try expectClose(try run(padded)["actions"], try run(plain)["actions"], "actions")
  }

  @Test func withoutTheDepthExpertItIsPi0() throws {
    var ablation = Ablation()
    ablation.usesDepth = false
    let inputs = try inputs()
    let without = try run(inputs, ablation)
    #expect(without["log_depth"] == nil && without["depth.embed"] == nil)
    var model = try EditableModel("depthvla/plain")
    for name in model.source.held.keys where name.string.hasPrefix("depth.") {
      model.source.held[name] = nil
    }
    model = EditableModel(model, family: "pi0")
    #expect(try run(inputs, of: model)["actions"] == without["actions"])
    #expect(try run(inputs)["actions"] != without["actions"])
  }

  /// The block mask is what keeps noise out of the depth map, and the full mask lets it in.
  @Test(arguments: AttentionPattern.allCases)
  func depthSeesTheActionsUnderTheFullMaskOnly(_ pattern: AttentionPattern) throws {
    var ablation = Ablation()
    ablation.pattern = pattern
    let inputs = try inputs()
    var other = inputs
    other.floats["noise"]?.values.reverse()
    let (first, second) = (try run(inputs, ablation), try run(other, ablation))
    #expect(first["actions"] != second["actions"])
    #expect((first["log_depth"] == second["log_depth"]) == (pattern == .block))
  }

  @Test(arguments: ["state", "noise", "pixel_values", "depth_pixel_values"])
  func refusesWhatIsNotFinite(_ name: String) throws {
    var inputs = try inputs()
    inputs.floats[name]?.values[3] = .nan
    let error = #expect(throws: WeightsError.self) { _ = try run(inputs) }
    #expect(error?.code == .modelInput && error?.tensor == name)
  }

  static let misshapen: [(name: String, shape: Shape)] = [
    ("state", [1, 10]), ("state", [11]), ("noise", [1, 8, 6]), ("noise", [2, 8, 7]),
    ("pixel_values", [1, 2, 3, 42, 41]), ("depth_pixel_values", [1, 2, 3, 28, 41]),
    ("depth_pixel_values", [1, 1, 3, 28, 42]),
  ]

  @Test(arguments: misshapen)
  func refusesInputsOfAnotherShape(_ its: (name: String, shape: Shape)) throws {
    var inputs = try inputs()
    inputs.floats[its.name] = Tensor(zeros: its.shape)
    let error = #expect(throws: WeightsError.self) { _ = try run(inputs) }
    #expect(error?.code == .modelInput && error?.tensor == its.name)
  }

  /// A checkpoint says once what its experts share.
  @Test func expertsHaveTheEpsilonAndRotaryBaseOfTheVLM() throws {
    let scratch = try ScratchFolder()
    try scratch.write(
      FixtureFolder.bytes("checkpoints/depthvla/plain/model.safetensors"), to: "model.safetensors")
    let config = try #require(
      String(
        bytes: try FixtureFolder.bytes("checkpoints/depthvla/plain/config.json"), encoding: .utf8))
    let changed = config.replacing("\"rms_norm_eps\": 1e-06", with: "\"rms_norm_eps\": 0.01")
      .replacing("\"rope_theta\": 10000.0", with: "\"rope_theta\": 5000.0")
    #expect(changed != config)
    try scratch.write(changed, to: "config.json")
    let library = try ManifestLibrary.embedded()
    let remapped = try RemappedCheckpoint(
      try ImportedSource(path: scratch.path, library: library), library: library)
    let configuration = remapped.plan.configuration.json
    for expert in ["text", "depth", "action"] {
      let scope = configuration.object?[expert]?.object
      #expect(scope?["rms_norm_eps"]?.number == 0.01, "\(expert)")
      #expect(scope?["rope_theta"]?.number == 5000, "\(expert)")
    }
  }

  @Test func refusesExpertsThatCannotShareAttention() throws {
    var model = try EditableModel("depthvla/plain")
    model.set("action.rope_theta", to: 5000)
    let error = #expect(throws: WeightsError.self) { _ = try run(try inputs(), of: model) }
    #expect(error?.code == .modelConfiguration)
    #expect(error?.message.contains("action.rope_theta") == true)
  }
}
