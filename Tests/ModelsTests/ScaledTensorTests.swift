import DVLAModels
import DVLAParity
import DVLATensors
import DVLATestSupport
import Testing

/// Every tensor of every model, times 1.01.
struct ScaledTensorTests {
  struct Case: CustomStringConvertible, Sendable {
    let checkpoint, golden: String
    var description: String { golden }
  }

  static let cases = [
    Case(checkpoint: "paligemma/hf-hub", golden: "paligemma_pad"),
    Case(checkpoint: "dinov2/hf", golden: "dinov2_28x70"),
    Case(checkpoint: "dinov2-with-registers/hf", golden: "dinov2-with-registers_28x70"),
    Case(checkpoint: "dinov2-swiglu/hf", golden: "dinov2-swiglu_42x42"),
    Case(checkpoint: "depth-anything-v2/hf", golden: "depth-anything-v2_28x70"),
    Case(checkpoint: "depth-anything-v2-metric/hf", golden: "depth-anything-v2-metric_42x42"),
    Case(checkpoint: "depthvla/plain", golden: "depthvla_block_2cam_pad"),
  ]

  @Test(arguments: cases)
  func failsFirstAtTheStageTheTensorBelongsTo(_ its: Case) throws {
    let model = try EditableModel(its.checkpoint)
    let golden = try Golden(named: its.golden)
    for (name, tensor) in model.source.held where !model.unused.contains(name) {
      let stage = try #require(FirstStage.of(name.string, family: model.family), "\(name)")
      var scaled = model
      scaled.source.held[name] = tensor.scaled(by: 1.01)
      let first = try #require(
        try scaled.comparison(with: golden, until: stage).firstFailure, "\(name)")
      #expect(first.name == stage, "\(name): \(first.outcome)")
      #expect(first.errors != nil, "\(name): \(first.outcome)")
    }
  }

  /// A key's bias adds the same to every score of a query, so that only rounding differs. The
  /// others are never read.
  @Test(arguments: cases)
  func changesNothingWhereNoOutputDependsOnIt(_ its: Case) throws {
    let model = try EditableModel(its.checkpoint)
    let golden = try Golden(named: its.golden)
    let keyBiases = model.unused.filter {
      $0.string.hasSuffix("key.bias") || $0.string.hasSuffix("k_proj.bias")
    }
    #expect(!keyBiases.isEmpty)
    var scaled = model
    for name in keyBiases {
      scaled.source.held[name] = scaled.source.held[name]?.scaled(by: 1.01)
    }
    #expect(try scaled.comparison(with: golden).passed)
    let inputs = try golden.modelInputs().inputs
    let stages = try model.stages(inputs)
    var without = model
    for name in model.unused.subtracting(keyBiases) { without.source.held[name] = nil }
    #expect(try without.stages(inputs).map(\.value) == stages.map(\.value))
  }
}
