import DVLADiagnostics
import DVLATensorMath
import DVLATensors

/// The depth expert: DINOv2's patches through a projection into a narrow Gemma decoder, and a
/// linear head that gives the logarithm of the depth of each pixel.
///
/// Source: paper arXiv 2510.13375, section on the depth expert.
struct DepthExpert: Sendable {
  private(set) var encoder: DINOv2
  private(set) var decoder: GemmaDecoder
  private var inputProjection: Linear
  private let head: Linear

  /// - Parameter weights: the scope of the `depth.` tensors.
  init(
    _ c: DepthExpertConfiguration, encoder: DINOv2, weights: WeightScope
  ) throws(WeightsError) {
    self.encoder = encoder
    inputProjection = try weights.linear(
      "input_proj", inputs: c.encoder.width, outputs: c.decoder.width, hasBias: true)
    decoder = try GemmaDecoder(c.decoder, weights: weights)
    head = try weights.linear(
      "head", inputs: c.decoder.width, outputs: c.encoder.patch * c.encoder.patch, hasBias: true)
  }

  /// Replaces those matrices of layers and of the projection that are named.
  mutating func reload(
    _ changed: Set<TensorName>, from weights: WeightScope
  ) throws(WeightsError) {
    try encoder.reload(changed, from: weights.at("encoder"))
    try weights.reload(&inputProjection, "input_proj", ifIn: changed)
    try decoder.reload(changed, from: weights)
  }

  /// Images [B, C, 3, H, W] -> tokens [B, C * patches, D]. Stages: `depth.encoder.…`,
  /// `depth.encoder` (the patches after the final norm).
  ///
  /// - Parameter memory: of the encoder's layers, with the tokens as its result.
  func embed(
    _ pixels: Tensor, on compute: Compute, trace: StageTrace, memory: inout LayerMemory
  ) throws(WeightsError) -> Tensor {
    if let result = memory.unchangedResult { return result }
    let (batch, cameras) = (pixels.shape[0], pixels.shape[1])
    let images = pixels.reshaped(Shape([batch * cameras] + pixels.shape.dimensions.dropFirst(2)))
    let encoded = encoder.norm(
      try encoder.encode(
        images, on: compute, trace: trace.within("depth.encoder"), memory: &memory), on: compute)
    let patches = encoded.tokens(1 + encoder.configuration.registers..<encoded.shape[1])
    try trace.record("depth.encoder", patches)
    let projected = inputProjection(patches, on: compute)
    let tokens = projected.reshaped(
      [batch, cameras * projected.shape[1], projected.shape[2]])
    memory.keep(result: tokens)
    return tokens
  }

  /// Tokens after the final norm [B, C * patches, D] -> the logarithm of the depth of every pixel
  /// [B, C, H, W], row by row inside each patch.
  ///
  /// - Parameter size: of the images [B, C, 3, H, W] the tokens came from, in whole patches.
  func logDepth(_ final: Tensor, of size: Shape, on compute: Compute) -> Tensor {
    let patch = encoder.configuration.patch
    let (batch, cameras, height, width) = (size[0], size[1], size[3], size[4])
    let grid = (rows: height / patch, columns: width / patch)
    let pixels = head(final, on: compute).values
    var values = [Float](repeating: 0, count: batch * cameras * height * width)
    var from = 0
    for image in 0..<batch * cameras {
      for token in 0..<grid.rows * grid.columns {
        let top = image * height + token / grid.columns * patch
        let left = token % grid.columns * patch
        for row in 0..<patch {
          let to = (top + row) * width + left
          for column in 0..<patch { values[to + column] = pixels[from + column] }
          from += patch
        }
      }
    }
    return Tensor(values, shape: [batch, cameras, height, width])
  }
}
