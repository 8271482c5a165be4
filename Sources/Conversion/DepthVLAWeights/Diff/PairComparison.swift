import DVLADiagnostics
import DVLAKernels
import DVLAQuantization
import DVLATensors

/// Compares the elements of two tensors of one shape: the scratch memory of one thread.
struct PairComparison {
  private var first: [UInt8] = []
  private var second: [UInt8] = []
  private var firstFloats: [UInt8] = []
  private var secondFloats: [UInt8] = []

  mutating func outcome(
    _ a: TensorReader, _ b: TensorReader, _ firstType: DType, _ secondType: DType,
    count: Int, block: Int
  ) throws(WeightsError) -> Difference.Outcome {
    guard let firstWidth = firstType.byteWidth, let secondWidth = secondType.byteWidth else {
      throw WeightsError(
        .remapDType, "\(firstType.rawValue) elements are narrower than a byte")
    }
    let areFloats = firstType.isConvertibleFloat && secondType.isConvertibleFloat
    guard firstType == secondType || areFloats else { return .otherValues(nil) }
    var errors = ErrorSums()
    var isSameBytes = firstType == secondType
    var isSameValues = true
    var start = 0
    while start < count {
      let range = start..<min(start + block, count)
      try Self.read(a, range, firstWidth, &first)
      try Self.read(b, range, secondWidth, &second)
      if firstType != secondType || !first.hasPrefix(range.count * firstWidth, of: second) {
        isSameBytes = false
        if areFloats {
          Self.widen(first, firstType, range.count, &firstFloats)
          Self.widen(second, secondType, range.count, &secondFloats)
          if !firstFloats.hasPrefix(range.count * 4, of: secondFloats) { isSameValues = false }
          add(range.count, to: &errors)
        } else {
          return .otherValues(nil)
        }
      } else if areFloats {
        Self.widen(first, firstType, range.count, &firstFloats)
        secondFloats = firstFloats
        add(range.count, to: &errors)
      }
      start = range.upperBound
    }
    if isSameBytes { return .equal }
    if isSameValues { return .sameValues(firstType, secondType) }
    return .otherValues(QuantizationError(errors))
  }

  private func add(_ count: Int, to errors: inout ErrorSums) {
    firstFloats.withReadOnlyBytes(count * 4) { a in
      secondFloats.withReadOnlyBytes(count * 4) { b in
        errors.addRows(a, b, rows: 1, columns: count)
      }
    }
  }

  private static func read(
    _ reader: TensorReader, _ range: Range<Int>, _ width: Int, _ buffer: inout [UInt8]
  ) throws(WeightsError) {
    buffer.grow(to: range.count * width)
    try buffer.withBytes(range.count * width) { (bytes) throws(WeightsError) in
      try reader.read(range, into: &bytes)
    }
  }

  private static func widen(
    _ source: [UInt8], _ dtype: DType, _ count: Int, _ floats: inout [UInt8]
  ) {
    floats.grow(to: count * 4)
    source.withReadOnlyBytes(count * dtype.bitWidth / 8) { source in
      floats.withBytes(count * 4) { ElementCast.cast(source, from: dtype, to: .f32, into: &$0) }
    }
  }
}

extension [UInt8] {
  /// Whether the first `byteCount` bytes of both are the same.
  fileprivate func hasPrefix(_ byteCount: Int, of other: [UInt8]) -> Bool {
    self[..<byteCount] == other[..<byteCount]
  }
}
