import DVLADiagnostics
import DVLATensorMath
import DVLATensors

/// The keys and values that tokens offer in one layer, [B, T, keyValueHeads * headDim] each.
struct KeyValues: Sendable {
  var key: Tensor
  var value: Tensor

  /// Those of several runs of tokens, one behind the other.
  static func joined(_ parts: [KeyValues]) -> KeyValues {
    KeyValues(
      key: Tensor.joiningTokens(parts.map(\.key)), value: Tensor.joiningTokens(parts.map(\.value)))
  }
}

/// The layers of several decoders with weights of their own that share attention.
///
/// In every layer the queries of each stream look at the keys and values of all of them, in the
/// order of the streams, behind those of tokens that went through before.
///
/// Source: paper arXiv 2510.13375, section on the mixture of transformers; openpi
/// `models_pytorch/gemma_pytorch.py`, `PaliGemmaWithExpertModel.forward`.
enum JointLayers {
  /// Brings the streams through all layers, up to the final norm.
  ///
  /// Stages: `NAME.layer.i.attention`, `NAME.layer.i.mlp`, `NAME.layer.i` for each stream.
  ///
  /// - Parameters:
  ///   - past: by layer, keys and values of other tokens, before those of the streams.
  ///   - first: the layer to begin with, before which the streams already are.
  ///   - before: called with each layer and the streams that come to it.
  /// - Returns: by layer, the keys and values of these streams, from the first layer on.
  /// - Throws: what the trace, and loading a layer in the background, throw.
  /// - Precondition: at least one stream; all have as many layers and heads alike.
  @discardableResult
  static func run(
    _ streams: inout [TokenStream], after past: [KeyValues]? = nil, from first: Int = 0,
    on compute: Compute, trace: StageTrace, before: (Int, [TokenStream]) -> Void = { _, _ in }
  ) throws(WeightsError) -> [KeyValues] {
    let c = streams[0].decoder.configuration
    let attention = Attention(
      heads: c.heads, keyValueHeads: c.keyValueHeads, headDim: c.headDim)
    var offered: [KeyValues] = []
    for index in first..<c.layers {
      before(index, streams)
      var queries: [Tensor] = []
      var parts: [KeyValues] = []
      for stream in streams {
        let own = try stream.decoder.layer(index)
          .projections(of: stream.hidden, rotary: stream.rotary, on: compute)
        queries.append(own.query)
        parts.append(KeyValues(key: own.key, value: own.value))
      }
      let own = KeyValues.joined(parts)
      let seen = past.map { KeyValues.joined([$0[index], own]) } ?? own
      offered.append(own)
      for (position, query) in queries.enumerated() {
        let stream = streams[position]
        guard stream.isCompleted || index + 1 < c.layers else { continue }
        let mixed = attention(
          query: query, key: seen.key, value: seen.value, mask: stream.mask, on: compute)
        let stage = stream.name.isEmpty ? "layer.\(index)" : "\(stream.name).layer.\(index)"
        try stream.decoder.layer(index).update(
          &streams[position].hidden, attended: mixed, on: compute, trace: trace.within(stage),
          validRows: stream.valid)
        try trace.record(stage, streams[position].hidden, validRows: stream.valid)
      }
    }
    return offered
  }
}

/// The tokens of one decoder on their way through the layers.
struct TokenStream {
  let decoder: GemmaDecoder
  /// The prefix of the names of its stages, such as `vlm`; empty for a decoder of its own.
  let name: String
  /// [B, S, D].
  var hidden: Tensor
  /// B S flags: which tokens carry meaning.
  let valid: [Bool]
  /// Which keys its queries see, of all there are.
  let mask: AttentionMask
  /// Whether the output of the last layer is wanted for these tokens, or only the keys and values
  /// that they offer to others.
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

/// The positions of tokens, for rotary embedding.
enum Positions {
  /// 0, 1, 2, … over the valid tokens of each row; padding repeats the position before it.
  ///
  /// - Parameters:
  ///   - valid: B S flags.
  ///   - length: S.
  static func counting(_ valid: [Bool], length: Int) -> [Int] {
    var position = -1
    return valid.enumerated().map { index, isValid in
      if index.isMultiple(of: length) { position = -1 }
      if isValid { position += 1 }
      return max(position, 0)
    }
  }
}
