public import DVLADiagnostics
public import DVLATensors

extension Transform {
  /// The same cuts and joins for matrices that go row by row with the inputs, as the scales of
  /// quantized rows do; nil where the transform does anything but cut and join rows.
  ///
  /// - Parameter inputs: the shapes of those matrices, one for each input.
  /// - Throws: `remap.shape` where they do not fit.
  public func ofRows(_ inputs: [Shape]) throws(WeightsError) -> Transform? {
    let movesRows = steps.allSatisfy { step in
      switch step {
      case .split(axis: 0, _), .concatenate(axis: 0, _): true
      default: false
      }
    }
    let areMatrices = (self.inputs + inputs).allSatisfy { $0.rank == 2 }
    guard movesRows, areMatrices else { return nil }
    return try Transform(inputs: inputs, steps: steps)
  }
}
