public import DVLADiagnostics
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
