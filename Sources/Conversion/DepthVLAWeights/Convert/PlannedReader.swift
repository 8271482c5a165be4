import DVLADiagnostics
import DVLARemapping
import DVLATensors

/// Reads a layout tensor of a plan before any conversion: from its source, or drawn.
final class PlannedReader: Sendable {
  private enum Content: Sendable {
    case transformed(TransformReader)
    case drawn(InitialGenerator)
  }
  private let content: Content

  /// - Parameter sources: the plan's sources, by index.
  init(
    _ planned: PlannedTensor, sources: [any TensorSource], seed: UInt64
  ) throws(WeightsError) {
    switch planned.origin {
    case .initialised(let value, _):
      content = .drawn(InitialGenerator(value, seed: seed, name: planned.name))
    case .source(let index, let inputs, let transform, let output):
      var tensors: [(source: any TensorSource, info: TensorInfo)] = []
      for input in inputs {
        guard let info = sources[index].info(of: input) else {
          throw WeightsError(.unknownTensor, tensor: input.string, "no such tensor")
        }
        tensors.append((sources[index], info))
      }
      content = .transformed(
        try TransformReader(inputs: tensors, transform: transform, output: output))
    }
  }

  /// Fills `destination` with the elements of the range, in the tensor's own type; drawn tensors
  /// are F32.
  func read(_ range: Range<Int>, into destination: inout MutableRawSpan) throws(WeightsError) {
    switch content {
    case .transformed(let reader): try reader.read(range, into: &destination)
    case .drawn(let generator): generator.fill(from: range.lowerBound, &destination)
    }
  }
}
