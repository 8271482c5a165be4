public import DVLADiagnostics
import DVLAKernels
public import DVLATensors

/// The values of a tensor with which nothing can be computed. They are as they were packed: no
/// damage, and yet nothing for a robot.
public struct NonFiniteValues: Sendable, Equatable {
  public let tensor: TensorName
  public internal(set) var nanCount: Int
  public internal(set) var infinityCount: Int
  /// Index of the first of them in the tensor, row-major.
  public let first: Int

  /// One line that names the tensor, for whoever expected finite values.
  ///
  /// - Parameter file: the path of the bundle.
  public func error(in file: String) -> WeightsError {
    WeightsError(
      .bundleNonFinite, .checkFailed, file: file, tensor: tensor.string,
      "has \(nanCount) NaN and \(infinityCount) infinite values, the first at element \(first); "
        + "expected finite ones")
  }
}

extension [NonFiniteValues] {
  /// Adds what was found in a chunk, chunks in order. Tensors that nothing reads may hold anything.
  mutating func add(_ scan: FloatScan, of tensor: BundleTensor, chunk: Int) {
    guard let first = scan.firstNonFinite, let width = tensor.info.dtype.byteWidth,
      !tensor.name.string.hasPrefix(unusedPrefix)
    else { return }
    if last?.tensor == tensor.name {
      self[count - 1].nanCount += scan.nanCount
      self[count - 1].infinityCount += scan.infinityCount
    } else {
      append(
        NonFiniteValues(
          tensor: tensor.name, nanCount: scan.nanCount, infinityCount: scan.infinityCount,
          first: tensor.chunks[chunk].byteRange.lowerBound / width + first))
    }
  }
}
