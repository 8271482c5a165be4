public import DVLADiagnostics
import DVLAFamilies
import DVLAKernels
public import DVLATensorMath
public import DVLATensors

/// PaliGemma: SigLIP's patches, projected to the width of Gemma, before the tokens of a text.
///
/// Source: Beyer et al., arXiv 2407.07726; transformers `models/paligemma/modeling_paligemma.py`.
public struct PaliGemma: Sendable {
  public let vision: VisionEmbedding
  public let decoder: GemmaDecoder
  public let vocabularySize: Int
  public let imageToken: Int
  private let embedding: WeightMatrix
  private let head: Linear

  /// - Parameter weights: the scope of the `vlm.` tensors.
  /// - Throws: `model.configuration`, `model.tensor-*`; what reading throws.
  public init(
    _ configuration: ConfigurationReader, weights: WeightScope
  ) throws(WeightsError) {
    let vision = try SiglipConfiguration(try configuration.scope("vision"))
    let text = try GemmaConfiguration(try configuration.scope("text"))
    vocabularySize = try configuration.scope("text").integer("vocab_size")
    imageToken = try configuration.integer("image_token_index", atLeast: 0)
    self.vision = try VisionEmbedding(vision, width: text.width, weights: weights)
    embedding = try weights.matrix(
      "embed_tokens.weight", rows: vocabularySize, columns: text.width)
    let scope = try configuration.scope("text")
    let isTied = scope.has("tie_word_embeddings") ? try scope.flag("tie_word_embeddings") : true
    head =
      isTied
      ? Linear(embedding, products: weights.products)
      : try weights.linear(
        "lm_head", inputs: text.width, outputs: vocabularySize, hasBias: false)
    decoder = try GemmaDecoder(text, weights: weights)
  }

  /// Token ids -> [tokens, decoder width], scaled by the root of the width.
  ///
  /// - Precondition: every id is below ``vocabularySize``.
  public func embedText(_ ids: [Int]) -> Tensor {
    let width = embedding.columns
    var values = [Float](repeating: 0, count: ids.count * width)
    let factor = Float(Double(width).squareRoot())
    var span = values.mutableSpan
    for (row, id) in ids.enumerated() {
      var target = span._mutatingExtracting(row * width..<(row + 1) * width)
      embedding.widen(id..<id + 1, into: &target)
      RowKernel.multiply(&target, by: factor)
    }
    return Tensor(values, shape: [ids.count, width])
  }

  /// Normed tokens [B, S, D] -> [B, S, vocabulary]: the embedding is also the output head, unless
  /// the configuration says that they are two.
  public func logits(_ final: Tensor, on compute: Compute) -> Tensor {
    head(final, on: compute)
  }
}

/// PaliGemma over a prefix: an image and a text that see each other in both directions.
public struct PaliGemmaModel: Model {
  public let paligemma: PaliGemma
  let compute: Compute

  public var family: String { Family.paligemma.rawValue }

  public var inputs: [InputDescription] {
    let vision = paligemma.vision.tower.configuration
    let (size, channels) = (vision.imageSize, vision.channels)
    return [
      InputDescription("pixel_values", axes: "[B, \(channels), \(size), \(size)]"),
      InputDescription("input_ids", axes: "[B, S]"),
      InputDescription("attention_mask", axes: "[B, S]"),
    ]
  }

  public func run(_ inputs: ModelInputs, trace: StageTrace) throws(WeightsError) {
    try inputs.require(self.inputs)
    let vision = paligemma.vision.tower.configuration
    let pixels = try inputs.pixels("pixel_values", channels: vision.channels)
    guard pixels.shape[2] == vision.imageSize, pixels.shape[3] == vision.imageSize else {
      throw ModelInputs.failure(
        "pixel_values",
        "expected [B, \(vision.channels), \(vision.imageSize), \(vision.imageSize)], found "
          + "\(pixels.shape)")
    }
    let ids = try inputs.tokens("input_ids", batch: pixels.shape[0])
    let mask = try inputs.tokens("attention_mask", batch: pixels.shape[0])
    guard mask.shape == ids.shape else {
      throw ModelInputs.failure(
        "attention_mask", "expected \(ids.shape) as input_ids, found \(mask.shape)")
    }
    guard mask.values.allSatisfy({ $0 == 0 || $0 == 1 }) else {
      throw ModelInputs.failure("attention_mask", "expected 0 and 1 only")
    }
    let valid = mask.values.map { $0 == 1 }
    try check(ids)

    let images = try paligemma.vision(
      pixels, on: compute, trace: trace, tower: "siglip")
    let tokens = place(images, among: ids)
    try trace.record("embed", tokens, validRows: valid)
    let final = try paligemma.decoder(tokens, valid: valid, on: compute, trace: trace)
    if trace.wants("logits") {
      try trace.record("logits", paligemma.logits(final, on: compute), validRows: valid)
    }
  }

  /// Every row has a token for each patch of its image, and ids that the vocabulary has.
  private func check(_ ids: IntegerTensor) throws(WeightsError) {
    let length = ids.shape[1]
    for (index, id) in ids.values.enumerated() where id != paligemma.imageToken {
      guard (0..<paligemma.vocabularySize).contains(id) else {
        throw ModelInputs.failure(
          "input_ids",
          "expected ids below \(paligemma.vocabularySize), found \(id) at "
            + "[\(index / length), \(index % length)]")
      }
    }
    let patches = paligemma.vision.tower.configuration.patches
    for row in 0..<ids.shape[0] {
      let found = ids.values[row * length..<(row + 1) * length]
        .count { $0 == paligemma.imageToken }
      guard found == patches else {
        throw ModelInputs.failure(
          "input_ids",
          "expected \(patches) image tokens \(paligemma.imageToken) in row \(row), "
            + "found \(found)")
      }
    }
  }

  /// The embedded tokens of each row, its image tokens replaced by the patches in order.
  private func place(_ images: Tensor, among ids: IntegerTensor) -> Tensor {
    let isImage = ids.values.map { $0 == paligemma.imageToken }
    let text = paligemma.embedText(zip(ids.values, isImage).map { $1 ? 0 : $0 })
    let width = text.shape[1]
    var result = text.reshaped([ids.shape[0], ids.shape[1], width])
    var patch = 0
    for (token, _) in isImage.enumerated().filter(\.element) {
      result.values.replaceSubrange(
        token * width..<(token + 1) * width,
        with: images.values[patch * width..<(patch + 1) * width])
      patch += 1
    }
    return result
  }
}
