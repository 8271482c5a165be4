import DVLADiagnostics
import DVLAKernels
import DVLAResampling
import DVLATensorMath
import DVLATensors

/// The finest fused image becomes a depth for every pixel.
///
/// Source: transformers `models/depth_anything/modeling_depth_anything.py`,
/// `DepthAnythingDepthEstimationHead`.
struct DepthHead: Sendable {
  private let convolution1: Convolution
  private let convolution2: Convolution
  private let convolution3: Convolution
  private let estimation: DepthAnythingConfiguration.Estimation

  init(_ c: DepthAnythingConfiguration, weights: WeightScope) throws(WeightsError) {
    let half = c.fusionWidth / 2
    convolution1 = try weights.convolution(
      "conv1", inputs: c.fusionWidth, outputs: half, kernel: 3, padding: 1)
    convolution2 = try weights.convolution(
      "conv2", inputs: half, outputs: c.headWidth, kernel: 3, padding: 1)
    convolution3 = try weights.convolution("conv3", inputs: c.headWidth, outputs: 1, kernel: 1)
    estimation = c.estimation
  }

  /// [B, h, w, C] -> [B, H, W]. Stages: `conv1`, `conv2`, each [B, C, h, w].
  func callAsFunction(
    _ fused: Tensor, size: (height: Int, width: Int), on compute: Compute, trace: StageTrace
  ) throws(WeightsError) -> Tensor {
    var x = convolution1(fused, on: compute)
    try trace.recordImage("conv1", x)
    x = x.resizedBilinear(to: size, alignCorners: true, on: compute)
    x = convolution2(x, on: compute)
    try trace.recordImage("conv2", x)
    x.apply(.relu, on: compute)
    x = convolution3(x, on: compute)
    switch estimation {
    case .relative(let factor):
      x.apply(.relu, on: compute)
      x.multiply(by: Float(factor), on: compute)
    case .metric(let maximum):
      x.apply(.sigmoid, on: compute)
      x.multiply(by: Float(maximum), on: compute)
    }
    return x.reshaped([x.shape[0], size.height, size.width])
  }
}
