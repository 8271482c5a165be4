public import DVLADiagnostics

/// The sizes of a Depth Anything V2 model.
///
/// Source: transformers `models/depth_anything/configuration_depth_anything.py`.
public struct DepthAnythingConfiguration: Sendable {
  /// What the last layer's values mean.
  public enum Estimation: Sendable {
    /// Nearness without unit, at least 0, times a factor that is 1 in every published model.
    case relative(factor: Double)
    /// Metres, up to `maximum`.
    case metric(maximum: Double)
  }

  public let backbone: DINOv2Configuration
  /// The layers, counted from 1, whose outputs feed the neck.
  public let outIndices: [Int]
  public let neckWidths: [Int]
  public let fusionWidth: Int
  public let headWidth: Int
  public let estimation: Estimation

  /// - Throws: `model.configuration`.
  public init(_ scope: ConfigurationReader) throws(WeightsError) {
    backbone = try DINOv2Configuration(try scope.scope("backbone"))
    outIndices = try scope.integers("out_indices")
    neckWidths = try scope.integers("neck_hidden_sizes")
    fusionWidth = try scope.integer("fusion_hidden_size", atLeast: 2)
    headWidth = try scope.integer("head_hidden_size")
    let isMetric = try scope.choice(
      "depth_estimation_type", of: ["relative": false, "metric": true])
    // Upstream multiplies either kind by it.
    let maximum = try scope.positiveNumber("max_depth")
    estimation = isMetric ? .metric(maximum: maximum) : .relative(factor: maximum)
    guard neckWidths.count == ReassembleStage.factors.count, outIndices.count == neckWidths.count
    else {
      throw scope.contradiction(
        "expected \(ReassembleStage.factors.count) features, found \(outIndices.count) "
          + "out_indices and \(neckWidths.count) neck_hidden_sizes")
    }
    guard outIndices == outIndices.sorted(), Set(outIndices).count == outIndices.count,
      outIndices.allSatisfy({ $0 <= backbone.layers })
    else {
      throw scope.contradiction(
        "expected rising out_indices up to \(backbone.layers), found \(outIndices)")
    }
    guard backbone.registers == 0 else {
      throw scope.contradiction("expected a backbone without register tokens")
    }
  }
}
