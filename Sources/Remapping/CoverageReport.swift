public import Diagnostics
import TensorCore

/// Everything that does not fit between the sources and the layout, collected before any of it
/// is reported.
struct CoverageReport {
  let family: String
  var missing: [(tensor: TensorName, expectedSources: [TensorName])] = []
  var misshapen: [(tensor: TensorName, provided: ProvidedTensor, expected: Shape)] = []
  var unexpected: [(source: Int, tensor: TensorName)] = []

  /// - Throws: `remap.coverage` with a line for every kind of problem, layer indices folded.
  func check(_ labels: [String]) throws(WeightsError) {
    guard !missing.isEmpty || !misshapen.isEmpty || !unexpected.isEmpty else { return }
    var counts: [String] = []
    var details: [String] = []
    if !missing.isEmpty {
      counts.append("\(missing.count) missing")
      let named = missing.map { $0.expectedSources.first ?? $0.tensor }
      details += named.folded().map { "missing: \($0)" }
    }
    if !unexpected.isEmpty {
      counts.append("\(unexpected.count) unexpected")
      details += unexpected.map(\.tensor).folded().map { "unexpected: \($0.escapedForTerminal)" }
    }
    if !misshapen.isEmpty {
      counts.append("\(misshapen.count) misshapen")
      details += misshapen.map { tensor, provided, expected in
        "misshapen: \(provided.inputs.first ?? tensor): gives \(tensor) \(provided.shape), "
          + "expected \(expected)"
      }
    }
    throw WeightsError(
      .remapCoverage, file: labels.count == 1 ? labels[0] : nil,
      "tensors do not fit \(family): " + counts.joined(separator: ", ") + "; first: "
        + (details.first ?? ""),
      details: details)
  }
}

/// A layout tensor as a source provides it.
struct ProvidedTensor {
  let shape: Shape
  let origin: PlannedTensor.Origin
  let inputs: [TensorName]
}

extension WeightsError.Code {
  /// Tensors are missing, unexpected or misshapen.
  public static let remapCoverage = Self("remap.coverage")
}
