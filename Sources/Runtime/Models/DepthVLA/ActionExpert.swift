import DVLADiagnostics
import DVLAKernels
import DVLATensorMath
import DVLATensors
import Glibc

/// The action expert: one token of the robot's state and one for each noisy action, and a linear
/// head that gives the velocity of each action.
///
/// Source: openpi `models_pytorch/pi0_pytorch.py`, `PI0Pytorch.embed_suffix`.
struct ActionExpert: Sendable {
  let configuration: ActionExpertConfiguration
  private(set) var decoder: GemmaDecoder
  private let stateProjection: Linear
  private let actionProjection: Linear
  private let timeMLPIn: Linear
  private let timeMLPOut: Linear
  private let outputProjection: Linear

  /// - Parameter weights: the scope of the `action.` tensors.
  init(_ c: ActionExpertConfiguration, weights: WeightScope) throws(WeightsError) {
    func linear(_ name: String, _ inputs: Int, _ outputs: Int) throws(WeightsError) -> Linear {
      try weights.linear(name, inputs: inputs, outputs: outputs, hasBias: true)
    }
    configuration = c
    let width = c.decoder.width
    stateProjection = try linear("state_proj", c.stateDim, width)
    actionProjection = try linear("action_in_proj", c.actionDim, width)
    timeMLPIn = try linear("action_time_mlp_in", 2 * width, width)
    timeMLPOut = try linear("action_time_mlp_out", width, width)
    decoder = try GemmaDecoder(c.decoder, weights: weights)
    outputProjection = try linear("action_out_proj", width, c.actionDim)
  }

  /// Replaces those matrices of layers that are named.
  mutating func reload(
    _ changed: Set<TensorName>, from weights: WeightScope
  ) throws(WeightsError) {
    try decoder.reload(changed, from: weights)
  }

  /// State [B, stateDim] and noisy actions [B, H, actionDim] at time t -> [B, 1 + H, D].
  func embed(state: Tensor, actions: Tensor, time: Double, on compute: Compute) -> Tensor {
    let c = configuration
    let (batch, horizon, width) = (actions.shape[0], actions.shape[1], c.decoder.width)
    let embedded = actionProjection(actions, on: compute)
    let moment = TimeEmbedding.values(
      at: time, width: width, minPeriod: c.minPeriod, maxPeriod: c.maxPeriod)
    var joined: [Float] = []
    joined.reserveCapacity(2 * embedded.values.count)
    for token in 0..<batch * horizon {
      joined += embedded.values[token * width..<(token + 1) * width]
      joined += moment
    }
    var hidden = timeMLPIn(Tensor(joined, shape: [batch, horizon, 2 * width]), on: compute)
    hidden.apply(.silu, on: compute)
    let token = stateProjection(state, on: compute).reshaped([batch, 1, width])
    return Tensor.joiningTokens([token, timeMLPOut(hidden, on: compute)])
  }

  /// Tokens after the final norm [B, 1 + H, D] -> velocities [B, H, actionDim].
  func velocity(_ final: Tensor, on compute: Compute) -> Tensor {
    outputProjection(final.tokens(1..<final.shape[1]), on: compute)
  }
}

/// Sines, then cosines, of a time at geometrically spaced periods.
///
/// Source: openpi `models_pytorch/pi0_pytorch.py`, `create_sinusoidal_pos_embedding`. The time is
/// multiplied by up to 2π / minPeriod, 1571 for pi0, so it is kept in double precision throughout.
private enum TimeEmbedding {
  /// - Precondition: `width` is even.
  static func values(
    at time: Double, width: Int, minPeriod: Double, maxPeriod: Double
  ) -> [Float] {
    let half = width / 2
    let angles = (0..<half).map { index in
      let fraction = half > 1 ? Double(index) / Double(half - 1) : 0
      let period = minPeriod * pow(maxPeriod / minPeriod, fraction)
      return time * (2 * .pi / period)
    }
    return angles.map { Float(sin($0)) } + angles.map { Float(cos($0)) }
  }
}
