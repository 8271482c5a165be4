import Diagnostics
import Models
import TensorCore
import TestSupport
import Testing

/// Our forward against upstream's float64 run, stage by stage.
struct UpstreamTests {
  static let cases = [
    GoldenCase("paligemma_nopad", of: "paligemma/hf-hub"),
    GoldenCase("paligemma_pad", of: "paligemma/hf-hub"),
    GoldenCase("paligemma_bf16_nopad", of: "paligemma/hf-hub-bf16"),
    GoldenCase("paligemma_f16_nopad", of: "paligemma/hf-hub-f16"),
    GoldenCase("dinov2_70x70", of: "dinov2/hf"),
    GoldenCase("dinov2_28x70", of: "dinov2/hf"),
    GoldenCase("dinov2-with-registers_56x56", of: "dinov2-with-registers/hf"),
    GoldenCase("dinov2-with-registers_28x70", of: "dinov2-with-registers/hf"),
    GoldenCase("dinov2-swiglu_42x42", of: "dinov2-swiglu/hf"),
    GoldenCase("dinov2-swiglu_28x70", of: "dinov2-swiglu/hf"),
    GoldenCase("depth-anything-v2_56x56", of: "depth-anything-v2/hf"),
    GoldenCase("depth-anything-v2_28x70", of: "depth-anything-v2/hf"),
    GoldenCase("depth-anything-v2-metric_42x42", of: "depth-anything-v2-metric/hf"),
    GoldenCase("depth-anything-v2-metric_28x70", of: "depth-anything-v2-metric/hf"),
  ]

  @Test(arguments: cases)
  func everyStageIsWithinTwiceTheErrorOfPyTorch(_ golden: GoldenCase) throws {
    let errors = try golden.stageErrors()
    let recorded = try golden.file().names.count { $0.hasPrefix("f64.") }
    #expect(errors.count == recorded)
    for stage in errors {
      #expect(stage.ours <= 2 * stage.upstream, "\(stage.name): \(stage.ours)")
    }
  }
}
