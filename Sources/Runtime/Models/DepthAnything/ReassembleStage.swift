import DVLADiagnostics
import DVLATensorMath
import DVLATensors

/// Tokens of four layers become images of 4, 2, 1 and ½ times the patch grid.
///
/// Source: Ranftl et al., arXiv 2103.13413, section 3; transformers
/// `models/depth_anything/modeling_depth_anything.py`, `DepthAnythingReassembleStage`.
struct ReassembleStage: Sendable {
  /// One resize for each feature, first to last.
  static let factors: [Resize.Factor] = [.enlarge(4), .enlarge(2), .keep, .halve]

  enum Resize: Sendable {
    enum Factor: Sendable {
      case enlarge(Int)
      case keep
      case halve
    }
    case enlarge(PixelExpansion)
    case keep
    case halve(Convolution)
  }

  private let projections: [Convolution]
  private let resizes: [Resize]

  init(_ c: DepthAnythingConfiguration, weights: WeightScope) throws(WeightsError) {
    var projections: [Convolution] = []
    var resizes: [Resize] = []
    for (index, width) in c.neckWidths.enumerated() {
      let layer = weights.at("layers").at(index)
      projections.append(
        try layer.convolution("projection", inputs: c.backbone.width, outputs: width, kernel: 1))
      switch Self.factors[index] {
      case .enlarge(let factor):
        resizes.append(
          .enlarge(
            try layer.pixelExpansion("resize", inputs: width, outputs: width, kernel: factor)))
      case .keep: resizes.append(.keep)
      case .halve:
        resizes.append(
          .halve(
            try layer.convolution(
              "resize", inputs: width, outputs: width, kernel: 3, stride: 2, padding: 1)))
      }
    }
    self.projections = projections
    self.resizes = resizes
  }

  /// Tokens [B, 1 + h w, D] with their class token -> [B, factor h, factor w, neck width].
  func callAsFunction(
    _ tokens: Tensor, feature: Int, grid: (height: Int, width: Int), on compute: Compute
  ) -> Tensor {
    let projected = projections[feature](tokens.patchImage(grid), on: compute)
    return switch resizes[feature] {
    case .enlarge(let expansion): expansion(projected, on: compute)
    case .keep: projected
    case .halve(let convolution): convolution(projected, on: compute)
    }
  }
}

extension Tensor {
  /// [B, 1 + h w, D] -> [B, h, w, D]: the class token is left out.
  fileprivate func patchImage(_ grid: (height: Int, width: Int)) -> Tensor {
    let (batch, tokens, width) = (shape[0], shape[1], shape[2])
    var patches: [Float] = []
    patches.reserveCapacity(batch * (tokens - 1) * width)
    for sample in 0..<batch {
      patches += values[(sample * tokens + 1) * width..<(sample + 1) * tokens * width]
    }
    return Tensor(patches, shape: [batch, grid.height, grid.width, width])
  }
}
