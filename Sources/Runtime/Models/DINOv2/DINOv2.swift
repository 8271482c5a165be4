public import DVLADiagnostics
import DVLAFamilies
public import DVLATensorMath
public import DVLATensors

/// DINOv2: a vision transformer with a class token, register tokens in some variants, and a
/// position table that is resampled to the image.
///
/// Source: Oquab et al., arXiv 2304.07193, and Darcet et al., arXiv 2309.16588 (registers);
/// transformers `models/dinov2/modeling_dinov2.py`.
public struct DINOv2: Sendable {
  public let configuration: DINOv2Configuration
  private let patchEmbedding: Linear
  private let classToken: [Float]
  private let registers: [Float]
  /// [1, D] for the class token and [side * side, D] for patches.
  private let classPosition: [Float]
  private let patchPositions: Tensor
  private var layers: [Deferred<DINOv2Layer>]
  private let finalNorm: LayerNorm

  /// - Throws: `model.tensor-*`; what reading throws.
  public init(_ configuration: DINOv2Configuration, weights: WeightScope) throws(WeightsError) {
    let c = configuration
    self.configuration = c
    let embeddings = weights.at("embeddings")
    patchEmbedding = try embeddings.patchEmbedding(
      "patch_embeddings.projection", channels: c.channels, patch: c.patch, outputs: c.width)
    classToken = try embeddings.floats("cls_token", shape: [1, 1, c.width])
    registers =
      c.registers > 0
      ? try embeddings.floats("register_tokens", shape: [1, c.registers, c.width]) : []
    let table = try embeddings.floats(
      "position_embeddings", shape: [1, c.positionRows, c.width])
    classPosition = Array(table[..<c.width])
    patchPositions = Tensor(Array(table[c.width...]), shape: [c.positionRows - 1, c.width])
    finalNorm = try weights.layerNorm("layernorm", width: c.width, epsilon: c.epsilon)
    var layers: [Deferred<DINOv2Layer>] = []
    for index in 0..<c.layers {
      layers.append(
        try weights.at("encoder.layer").at(index).deferred { (weights) throws(WeightsError) in
          try DINOv2Layer(c, weights: weights)
        })
    }
    self.layers = layers
  }

  /// Replaces those matrices of layers that are named.
  ///
  /// - Throws: `model.tensor-*`; what loading a layer in the background, and reading, throw.
  mutating func reload(
    _ changed: Set<TensorName>, from weights: WeightScope
  ) throws(WeightsError) {
    try weights.at("encoder.layer").reload(&layers, holding: changed) {
      (layer, scope) throws(WeightsError) in try layer.reload(changed, from: scope)
    }
  }

  /// Pixels [B, 3, H, W] -> [B, 1 + registers + patches, width], before the final norm.
  ///
  /// Stages: `embeddings`, `layer.i.attention`, `layer.i.mlp`, `layer.i`.
  ///
  /// - Parameter afterLayer: called with the number of each layer, from 1, and its output.
  /// - Throws: what the trace, `afterLayer`, and loading a layer in the background throw.
  /// - Precondition: the patch size divides H and W.
  @discardableResult
  public func encode(
    _ pixels: Tensor, on compute: Compute, trace: StageTrace,
    afterLayer: (Int, Tensor) throws(WeightsError) -> Void = { _, _ in }
  ) throws(WeightsError) -> Tensor {
    var memory = LayerMemory()
    return try encode(
      pixels, on: compute, trace: trace, memory: &memory, afterLayer: afterLayer)
  }

  /// The same, from where it has to be computed again.
  func encode(
    _ pixels: Tensor, on compute: Compute, trace: StageTrace, memory: inout LayerMemory,
    afterLayer: (Int, Tensor) throws(WeightsError) -> Void = { _, _ in }
  ) throws(WeightsError) -> Tensor {
    var (first, x): (Int, Tensor)
    if let resumption = memory.resumption {
      (first, x) = resumption
    } else {
      (first, x) = (0, embed(pixels, on: compute))
      try trace.record("embeddings", x)
    }
    while first < layers.count {
      memory.keep(x, before: first)
      try layers[first]().update(&x, on: compute, trace: trace.within("layer.\(first)"))
      try trace.record("layer.\(first)", x)
      first += 1
      try afterLayer(first, x)
    }
    memory.keep(x, before: layers.count)
    return x
  }

  /// The final norm, which Depth Anything applies to inner layers too.
  public func norm(_ x: Tensor, on compute: Compute) -> Tensor { finalNorm(x, on: compute) }

  /// Class token, registers and patches; registers carry no position.
  private func embed(_ pixels: Tensor, on compute: Compute) -> Tensor {
    let c = configuration
    let (height, width) = (pixels.shape[2], pixels.shape[3])
    var patches = patchEmbedding(pixels.patches(of: c.patch), on: compute)
    patches.addToEach(positions(height: height, width: width), on: compute)
    let first = zip(classToken, classPosition).map { $0 + $1 } + registers
    let perImage = patches.shape[1] * c.width
    var tokens: [Float] = []
    for sample in 0..<pixels.shape[0] {
      tokens += first
      tokens += patches.values[sample * perImage..<(sample + 1) * perImage]
    }
    return Tensor(
      tokens, shape: [pixels.shape[0], 1 + c.registers + patches.shape[1], c.width])
  }

  /// The table as it is where the image is as it was trained for: square, with as many patches.
  private func positions(height: Int, width: Int) -> Tensor {
    let c = configuration
    let grid = (height: height / c.patch, width: width / c.patch)
    if height == width, grid.height == c.tableSide { return patchPositions }
    return c.resampling.fit(patchPositions, side: c.tableSide, to: grid)
  }
}

/// DINOv2 as a model of its own.
public struct DINOv2Model: Model {
  public let encoder: DINOv2
  let compute: Compute

  public var family: String { Family.dinov2.rawValue }
  public var inputs: [InputDescription] {
    [InputDescription("pixel_values", axes: "[B, \(encoder.configuration.channels), H, W]")]
  }

  public func run(_ inputs: ModelInputs, trace: StageTrace) throws(WeightsError) {
    try inputs.require(self.inputs)
    let pixels = try inputs.patchedPixels(encoder.configuration)
    let x = try encoder.encode(pixels, on: compute, trace: trace)
    try trace.record("final_norm", encoder.norm(x, on: compute))
  }
}

extension ModelInputs {
  /// The input `pixel_values`, whose sides are whole patches.
  ///
  /// - Throws: `model.input`.
  func patchedPixels(_ c: DINOv2Configuration) throws(WeightsError) -> Tensor {
    let pixels = try self.pixels("pixel_values", channels: c.channels)
    guard pixels.shape[2].isMultiple(of: c.patch), pixels.shape[3].isMultiple(of: c.patch) else {
      throw Self.failure(
        "pixel_values", "expected sides that are multiples of \(c.patch), found \(pixels.shape)")
    }
    try c.checkLength(of: pixels.shape)
    return pixels
  }
}
