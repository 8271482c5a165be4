import DVLADiagnostics
import DVLAKernels
import DVLAQuantization
import DVLATensors

/// Compares elements of two tensors of one shape: the scratch memory of one thread.
struct PairComparison {
  private var first: [UInt8] = []
  private var second: [UInt8] = []
  private var firstFloats: [UInt8] = []
  private var secondFloats: [UInt8] = []

  /// What came of some elements, or of several runs of them.
  struct Result: Sendable {
    var isSameBytes = true
    var isSameValues = true
    /// How floats differ, over the elements whose bytes do.
    var errors = ErrorSums()

    mutating func add(_ other: Result) {
      isSameBytes = isSameBytes && other.isSameBytes
      isSameValues = isSameValues && other.isSameValues
      errors.add(other.errors)
    }

    /// - Precondition: all elements of the pair were added.
    func outcome(_ first: DType, _ second: DType) -> Difference.Outcome {
      guard PairComparison.areComparable(first, second) else { return .otherValues(nil) }
      if isSameBytes { return .equal }
      guard first.isConvertibleFloat, second.isConvertibleFloat else { return .otherValues(nil) }
      return isSameValues ? .sameValues(first, second) : .otherValues(QuantizationError(errors))
    }
  }

  /// Whether elements of two types can be equal.
  static func areComparable(_ first: DType, _ second: DType) -> Bool {
    first == second || first.isConvertibleFloat && second.isConvertibleFloat
  }

  /// Compares the elements of a range.
  ///
  /// - Throws: what reading throws; `remap.dtype` for elements that are narrower than a byte.
  mutating func compare(
    _ a: TensorReader, _ b: TensorReader, _ firstType: DType, _ secondType: DType,
    _ range: Range<Int>
  ) throws(WeightsError) -> Result {
    let widths = (try Self.width(firstType), try Self.width(secondType))
    var result = Result()
    result.isSameBytes = firstType == secondType
    guard !range.isEmpty else { return result }
    try Self.read(a, range, widths.0, &first)
    try Self.read(b, range, widths.1, &second)
    if firstType == secondType, first.hasPrefix(range.count * widths.0, of: second) {
      return result
    }
    result.isSameBytes = false
    guard firstType.isConvertibleFloat, secondType.isConvertibleFloat else {
      result.isSameValues = false
      return result
    }
    let x = Self.floats(first, firstType, range.count, &firstFloats)
    let y = Self.floats(second, secondType, range.count, &secondFloats)
    result.isSameValues = x.hasPrefix(range.count * 4, of: y)
    result.errors = Self.errors(x, y, count: range.count)
    return result
  }

  /// What ``ErrorSums`` are over elements that are equal on both sides.
  ///
  /// - Throws: what reading throws; `remap.dtype`.
  mutating func signal(
    _ reader: TensorReader, _ dtype: DType, _ range: Range<Int>
  ) throws(WeightsError) -> ErrorSums {
    guard dtype.isConvertibleFloat else { return ErrorSums() }
    try Self.read(reader, range, try Self.width(dtype), &first)
    let floats = Self.floats(first, dtype, range.count, &firstFloats)
    return Self.errors(floats, floats, count: range.count)
  }

  private static func width(_ dtype: DType) throws(WeightsError) -> Int {
    guard let width = dtype.byteWidth else {
      throw WeightsError(.remapDType, "\(dtype.rawValue) elements are narrower than a byte")
    }
    return width
  }

  private static func errors(_ a: [UInt8], _ b: [UInt8], count: Int) -> ErrorSums {
    var errors = ErrorSums()
    a.withReadOnlyBytes(count * 4) { a in
      b.withReadOnlyBytes(count * 4) { b in errors.addRows(a, b, rows: 1, columns: count) }
    }
    return errors
  }

  private static func read(
    _ reader: TensorReader, _ range: Range<Int>, _ width: Int, _ buffer: inout [UInt8]
  ) throws(WeightsError) {
    buffer.grow(to: range.count * width)
    try buffer.withBytes(range.count * width) { (bytes) throws(WeightsError) in
      try reader.read(range, into: &bytes)
    }
  }

  /// The elements as F32: as they are, or widened in `room`.
  private static func floats(
    _ source: [UInt8], _ dtype: DType, _ count: Int, _ room: inout [UInt8]
  ) -> [UInt8] {
    if dtype == .f32 { return source }
    room.grow(to: count * 4)
    source.withReadOnlyBytes(count * dtype.bitWidth / 8) { source in
      room.withBytes(count * 4) { ElementCast.cast(source, from: dtype, to: .f32, into: &$0) }
    }
    return room
  }
}
