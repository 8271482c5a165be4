import DVLATensorMath
import DVLATensors

/// The tokens of one decoder on their way through the layers.
struct TokenStream {
  let decoder: GemmaDecoder
  /// What its stages are called after, such as `vlm`; empty for a decoder of its own.
  let name: String
  /// [B, S, D].
  var hidden: Tensor
  /// B S flags: which tokens carry meaning.
  let valid: [Bool]
  /// Which keys its queries see, of all there are.
  let mask: AttentionMask
  /// Whether what the last layer makes of these tokens is wanted, or no more than the keys and
  /// values it offers to others.
  let isCompleted: Bool
  let rotary: RotaryEmbedding

  /// - Parameter positions: one for each of the B S tokens.
  init(
    _ decoder: GemmaDecoder, name: String = "", hidden: Tensor, valid: [Bool], positions: [Int],
    mask: AttentionMask, isCompleted: Bool = true
  ) {
    self.decoder = decoder
    self.name = name
    self.hidden = hidden
    self.valid = valid
    self.mask = mask
    self.isCompleted = isCompleted
    let c = decoder.configuration
    rotary = RotaryEmbedding(positions: positions, headDim: c.headDim, theta: c.ropeTheta)
  }
}
