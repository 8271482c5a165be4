public import DVLADiagnostics
import DVLARemapping
import DVLATensors

/// Reads one output of a transform, any range of it, from the tensors it is made of.
///
/// Cuts and joins are read where they lie. A transform that reorders elements holds its output in
/// memory, up to a limit.
final class TransformReader: Sendable {
  let dtype: DType
  let shape: Shape
  private let inputs: [(source: any TensorSource, info: TensorInfo)]
  private let content: Content

  private enum Content: Sendable {
    case segments([Segment], starts: [Int])
    case whole([UInt8])
  }

  /// A tensor whose elements are reordered must fit this many bytes.
  static let wholeByteLimit = 128 << 20

  /// - Throws: `remap.dtype` when the inputs differ in dtype, `remap.too-large`, and what reading
  ///   throws.
  init(
    inputs: [(source: any TensorSource, info: TensorInfo)], transform: Transform, output: Int
  ) throws(WeightsError) {
    self.inputs = inputs
    shape = transform.outputs[output]
    dtype = inputs[0].info.dtype
    for input in inputs where input.info.dtype != dtype {
      throw WeightsError(
        .remapDType, tensor: input.info.name.string,
        "is \(input.info.dtype.rawValue), but \(inputs[0].info.name.string.quoted), of which it "
          + "becomes one tensor with, is \(dtype.rawValue)")
    }
    if shape.elementCount == 0 {
      // The other extents may be anything, so nothing is computed from them.
      content = .whole([])
    } else if transform.isSegmented {
      let segments = transform.segments()[output]
      var start = 0
      content = .segments(
        segments,
        starts: segments.map { segment in
          defer { start += segment.count }
          return start
        })
    } else {
      guard dtype.byteWidth != nil else { throw Self.narrow(dtype) }
      let total = inputs.reduce(0) { $0 + $1.info.byteCount }
      guard total <= Self.wholeByteLimit else {
        throw WeightsError(
          .remapTooLarge, .unavailable, tensor: inputs[0].info.name.string,
          "reordering its elements takes \(total) bytes of memory, limit is \(Self.wholeByteLimit)"
        )
      }
      var tensors: [[UInt8]] = []
      for input in inputs { tensors.append(try input.source.bytes(of: input.info.name)) }
      content = .whole(
        try transform.materialised(tensors, dtype: dtype, output: output))
    }
  }

  /// Fills `destination` with the elements of the range, as stored: little-endian, row-major.
  func read(_ range: Range<Int>, into destination: inout MutableRawSpan) throws(WeightsError) {
    guard let width = dtype.byteWidth else { throw Self.narrow(dtype) }
    switch content {
    case .whole(let bytes):
      destination.copy(from: bytes, at: range.lowerBound * width)
    case .segments(let segments, let starts):
      var position = range.lowerBound
      var index = Self.lastIndex(in: starts, notAbove: position)
      while position < range.upperBound {
        let segment = segments[index]
        let skipped = position - starts[index]
        let count = min(segment.count - skipped, range.upperBound - position)
        let first = (position - range.lowerBound) * width
        var part = destination._mutatingExtracting(first..<first + count * width)
        let input = inputs[segment.input]
        do throws(WeightsError) {
          try input.source.read(
            input.info.name, at: (segment.offset + skipped) * width, into: &part)
        } catch { throw error.inTensor(input.info.name.string) }
        position += count
        index += 1
      }
    }
  }

  private static func narrow(_ dtype: DType) -> WeightsError {
    WeightsError(.remapDType, "\(dtype.rawValue) elements are narrower than a byte")
  }

  private static func lastIndex(in starts: [Int], notAbove position: Int) -> Int {
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= position { low = middle } else { high = middle }
    }
    return low
  }
}

extension WeightsError.Code {
  /// Tensors that become one have different dtypes, or a dtype that cannot be converted.
  public static let remapDType = Self("remap.dtype")
  /// An operation needs a whole tensor in memory, and it is too large for that.
  public static let remapTooLarge = Self("remap.too-large")
}
