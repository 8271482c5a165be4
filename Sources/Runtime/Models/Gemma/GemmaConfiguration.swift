public import DVLADiagnostics
public import DVLAKernels

/// The sizes of a Gemma 1 decoder.
///
/// Source: transformers `models/gemma/configuration_gemma.py`, `GemmaConfig`.
public struct GemmaConfiguration: Sendable {
  public let width: Int
  public let mlpWidth: Int
  public let layers: Int
  public let heads: Int
  public let keyValueHeads: Int
  public let headDim: Int
  public let epsilon: Double
  public let ropeTheta: Double
  public let activation: Activation

  /// - Throws: `model.configuration`.
  public init(_ scope: ConfigurationReader) throws(WeightsError) {
    width = try scope.integer("hidden_size")
    mlpWidth = try scope.integer("intermediate_size")
    layers = try scope.integer("num_hidden_layers", atMost: ModelInputs.layerLimit)
    heads = try scope.integer("num_attention_heads")
    keyValueHeads = try scope.integer("num_key_value_heads")
    headDim = try scope.integer("head_dim")
    epsilon = try scope.positiveNumber("rms_norm_eps")
    ropeTheta = try scope.positiveNumber("rope_theta")
    // Gemma was released with "gelu" in its config and trained with the tanh form; upstream reads
    // the word that way.
    let names = Activation.upstreamNames.merging(["gelu": .geluTanh]) { $1 }
    activation = try scope.choice("hidden_act", of: names)
    guard heads.isMultiple(of: keyValueHeads) else {
      throw scope.contradiction("\(keyValueHeads) key heads do not divide \(heads) query heads")
    }
    guard headDim.isMultiple(of: 2) else {
      throw scope.contradiction("rotary embedding needs an even head_dim, found \(headDim)")
    }
  }
}
