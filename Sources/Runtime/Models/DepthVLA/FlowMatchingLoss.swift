public import DVLATensors

/// The loss the action expert is trained with: how far its velocities are from the straight line
/// between actions and noise. For evaluation; nothing here learns.
///
/// Source: paper arXiv 2510.13375, L_flow; Black et al., arXiv 2410.24164, section IV; openpi
/// `models_pytorch/pi0_pytorch.py`, `PI0Pytorch.forward`.
public enum FlowMatchingLoss {
  /// x_t = t noise + (1 - t) actions, element by element.
  ///
  /// - Precondition: both have the same shape.
  public static func noisyActions(actions: Tensor, noise: Tensor, time: Double) -> Tensor {
    precondition(actions.shape == noise.shape, "\(actions.shape) and \(noise.shape) are the same")
    return Tensor(
      zip(actions.values, noise.values).map { action, noise in
        Float(time * Double(noise) + (1 - time) * Double(action))
      }, shape: actions.shape)
  }

  /// mean((velocity - (noise - actions))²) over all elements.
  ///
  /// - Precondition: all have the same shape, of at least one element.
  public static func value(velocity: Tensor, actions: Tensor, noise: Tensor) -> Double {
    precondition(velocity.shape == actions.shape && velocity.shape == noise.shape, "one shape")
    precondition(!velocity.values.isEmpty, "elements to average over")
    var sum = 0.0
    for (index, velocity) in velocity.values.enumerated() {
      let target = Double(noise.values[index]) - Double(actions.values[index])
      sum += (Double(velocity) - target) * (Double(velocity) - target)
    }
    return sum / Double(velocity.values.count)
  }
}
