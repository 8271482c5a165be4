public import DVLATensors

/// What a forward of a policy costs, as multiplications with the weights of its layers; attention
/// between tokens, norms and the heads are left out, which are a few percent of it.
public struct ForwardCost: Sendable {
  private let configuration: DepthVLAConfiguration
  /// Of one layer, for all its tokens.
  private let vision, depthEncoder, vlm, depth: Double
  /// All steps of the action expert.
  private let steps: Double

  /// - Parameter steps: nil: as many as the model was configured with.
  public init(
    _ c: DepthVLAConfiguration, of observation: PolicyObservation, horizon: Int, steps: Int? = nil
  ) {
    configuration = c
    let images = Double(observation.batch * observation.cameraCount)
    let patches = images * Double(c.vision.patches)
    func encoderLayer(width: Int, inner: Int) -> Double {
      Double(4 * width * width + 2 * width * inner)
    }
    vision = patches * encoderLayer(width: c.vision.width, inner: c.vision.mlpWidth)
    vlm = (patches + Double(observation.ids.count)) * c.text.layerWeightCount
    if let expert = c.depth, let shape = observation.depthPixels?.shape {
      let encoder = expert.encoder
      let tokens = images * Double(shape[3] / encoder.patch * (shape[4] / encoder.patch))
      depthEncoder = tokens * encoderLayer(width: encoder.width, inner: encoder.mlpWidth)
      depth = tokens * expert.decoder.layerWeightCount
    } else {
      (depthEncoder, depth) = (0, 0)
    }
    self.steps =
      Double(observation.batch * (1 + horizon) * (steps ?? c.action.steps) * c.text.layers)
      * c.action.decoder.layerWeightCount
  }

  private var whole: Double {
    let c = configuration
    return vision * Double(c.vision.layers) + vlm * Double(c.text.layers) + steps
      + depthEncoder * Double(c.depth?.encoder.layers ?? 0)
      + depth * Double(c.depth?.decoder.layers ?? 0)
  }

  /// The share of a whole forward that one computes which resumes after a change
  /// (``ForwardMemory/resuming(after:in:)``). Under the full mask only the encoders are reused.
  public func share(after changed: Set<TensorName>, in pattern: AttentionPattern) -> Double {
    let c = configuration
    let change = PolicyChange(changed, in: c)
    func again(_ start: LayerMemory.Start, _ layer: Double, of count: Int) -> Double {
      switch start {
      case .whole: layer * Double(count)
      case .at(let first): layer * Double(max(0, count - first))
      case .unchanged: 0
      }
    }
    let (vlmStart, depthStart) =
      pattern == .block ? (change.vlm, change.depth) : (.whole, .whole)
    let sum =
      again(change.vision, vision, of: c.vision.layers)
      + again(vlmStart, vlm, of: c.text.layers)
      + again(change.depthEncoder, depthEncoder, of: c.depth?.encoder.layers ?? 0)
      + again(depthStart, depth, of: c.depth?.decoder.layers ?? 0) + steps
    return whole > 0 ? sum / whole : 1
  }
}

extension GemmaConfiguration {
  /// The weights of the matrices of a layer.
  fileprivate var layerWeightCount: Double {
    Double(2 * width * headDim * (heads + keyValueHeads) + 3 * width * mlpWidth)
  }
}
