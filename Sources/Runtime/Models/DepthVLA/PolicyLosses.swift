public import DVLATensors
import Glibc

/// The loss that trains the action expert: how far its velocities are from the straight line
/// between actions and noise. For evaluation only.
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

/// The loss that trains the depth expert: how far logarithms of depth are from their targets,
/// forgiving a common factor. For evaluation only.
///
/// mean(g²) - λ mean(g)², g = log depth - log target, over the pixels that have a target.
///
/// Source: paper arXiv 2510.13375, L_SI; Eigen et al., arXiv 1406.2283, equation 4.
public struct ScaleInvariantLoss: Sendable {
  public let lambda: Double

  public init(lambda: Double = 0.5) { self.lambda = lambda }

  /// Over all pixels with a target above 0; nil where there is none.
  ///
  /// - Parameters:
  ///   - logDepth: the logarithm of depth, of any shape.
  ///   - target: depth, of the same shape; 0 or less where it is unknown.
  /// - Precondition: both have the same shape.
  public func value(logDepth: Tensor, target: Tensor) -> Double? {
    precondition(logDepth.shape == target.shape, "\(logDepth.shape) and \(target.shape)")
    var sums = Sums()
    sums.add(logDepth.values[...], target.values[...])
    return sums.loss(lambda)
  }

  /// Of each camera over the batch; cameras without a target are left out.
  ///
  /// - Parameters:
  ///   - logDepth: the logarithm of depth, [B, C, H, W].
  ///   - target: depth, of the same shape; 0 or less where it is unknown.
  /// - Precondition: both have the same shape, of four axes.
  public func valuePerCamera(logDepth: Tensor, target: Tensor) -> [Double] {
    precondition(logDepth.shape == target.shape && target.shape.rank == 4, "[B, C, H, W]")
    let (batch, cameras) = (target.shape[0], target.shape[1])
    let count = target.shape[2] * target.shape[3]
    return (0..<cameras).compactMap { camera in
      var sums = Sums()
      for sample in 0..<batch {
        let start = (sample * cameras + camera) * count
        sums.add(logDepth.values[start..<start + count], target.values[start..<start + count])
      }
      return sums.loss(lambda)
    }
  }

  private struct Sums {
    var count = 0.0
    var sum = 0.0
    var squares = 0.0

    mutating func add(_ logDepth: ArraySlice<Float>, _ target: ArraySlice<Float>) {
      for (logDepth, target) in zip(logDepth, target) where target > 0 {
        let difference = Double(logDepth) - log(Double(target))
        count += 1
        sum += difference
        squares += difference * difference
      }
    }

    func loss(_ lambda: Double) -> Double? {
      guard count > 0 else { return nil }
      return squares / count - lambda * (sum / count) * (sum / count)
    }
  }
}
