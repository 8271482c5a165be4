import DVLAKernels

extension Activation {
  /// The names in configurations, as transformers' `activations.py` has them.
  static let upstreamNames: [String: Activation] = [
    "gelu": .geluErf, "gelu_python": .geluErf, "gelu_pytorch_tanh": .geluTanh,
  ]
}
