import DVLADiagnostics
import DVLATensorMath
import DVLATensors

extension WeightScope {
  /// Replaces the matrix of a linear layer by that of this scope, if it is one of those named.
  ///
  /// - Parameters:
  ///   - name: of the layer, below the scope.
  ///   - changed: full names of matrices.
  /// - Throws: `model.tensor-*`; what reading throws.
  func reload(
    _ linear: inout Linear, _ name: String, ifIn changed: Set<TensorName>
  ) throws(WeightsError) {
    guard changed.contains(fullName(name + ".weight")) else { return }
    linear = Linear(
      try matrix(
        name + ".weight", rows: linear.weight.rows, columns: linear.weight.columns),
      bias: linear.bias, products: products)
  }

  /// Whether one of the tensors lies in this scope.
  private func holds(oneOf names: Set<TensorName>) -> Bool {
    let scope = fullName("").string
    return names.contains { $0.string.hasPrefix(scope) }
  }

  /// Replaces matrices of layers, each of which has a scope of its own in this one.
  ///
  /// - Throws: what loading a layer in the background, and `reload`, throw.
  func reload<Layer: Sendable>(
    _ layers: inout [Deferred<Layer>], holding changed: Set<TensorName>,
    _ reload: (inout Layer, WeightScope) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    for index in layers.indices {
      let scope = at(index)
      guard scope.holds(oneOf: changed) else { continue }
      var layer = try layers[index]()
      try reload(&layer, scope)
      layers[index] = Deferred(layer)
    }
  }
}
