import DVLABundles
import DVLADiagnostics
import DVLAKernels
import DVLAParallelism
import DVLAPrecisionSearch
import DVLAQuantization
import DVLATensors

/// Measures what each precision would cost a matrix, in bytes and in the error of its weights, on a
/// sample of its rows.
struct OptionMeasurement: Sendable {
  /// The mean squares of the inputs of matrices, where they are known.
  let moments: [TensorName: [Double]]
  let packing: BundlePacking

  /// Rows that are looked at, evenly spaced.
  private static let rowCount = 48

  /// The precisions of a matrix with those columns, in the order of `TensorOptions`.
  static func precisions(columns: [Int]) -> [TensorPrecision] {
    var granularities: [Int8Scheme.Granularity] = [.channel]
    for size in Int8Scheme.GroupSize.allCases
    where columns.allSatisfy({ $0.isMultiple(of: size.rawValue) && $0 > size.rawValue }) {
      granularities.append(.group(size))
    }
    return [.bf16]
      + granularities.flatMap { granularity in
        Int8Scheme.Scale.allCases.map { .int8(Int8Scheme(granularity, scale: $0)) }
      }
  }

  /// Bytes and error of one matrix in each of those precisions.
  ///
  /// - Throws: `quantization.non-finite`; what reading throws.
  func measure(
    _ tensor: StoredTensor, as precisions: [TensorPrecision], from reader: TensorReader
  ) throws(WeightsError) -> [SearchOption] {
    let (rows, columns) = (tensor.info.shape[0], tensor.info.shape[1])
    let count = min(rows, Self.rowCount)
    var sample: [[Float]] = []
    for index in 0..<count {
      let row = index * rows / count
      sample.append(try floats(row * columns..<(row + 1) * columns, tensor, reader))
    }
    let weights = moments[tensor.info.name]
    var options: [SearchOption] = []
    for precision in precisions {
      var error = 0.0
      var chunk: [UInt8] = []
      var scaleByteCount = 0
      for row in sample {
        let stored = try Self.stored(row, as: precision, of: tensor.info.name)
        for column in 0..<columns {
          let difference = Double(row[column]) - Double(stored.values[column])
          error += difference * difference * (weights?[column] ?? 1)
        }
        chunk += stored.bytes
        scaleByteCount += stored.scaleByteCount
      }
      let dtype: DType = precision == .bf16 ? .bf16 : .i8
      let share = Double(rows) / Double(max(1, count))
      let packed = try Self.packedByteCount(chunk, dtype, packing)
      options.append(
        SearchOption(
          precision,
          byteCount: Int(((Double(packed) + Double(scaleByteCount)) * share).rounded()),
          error: error * share))
    }
    return options
  }

  private func floats(
    _ range: Range<Int>, _ tensor: StoredTensor, _ reader: TensorReader
  ) throws(WeightsError) -> [Float] {
    let width = tensor.sourceDType.byteWidth ?? 4
    var bytes = [UInt8](repeating: 0, count: range.count * width)
    try bytes.withBytes(bytes.count) { (target) throws(WeightsError) in
      try reader.read(range, into: &target)
    }
    var floats = [UInt8](repeating: 0, count: range.count * 4)
    bytes.withReadOnlyBytes(bytes.count) { source in
      floats.withBytes(floats.count) {
        ElementCast.cast(source, from: tensor.sourceDType, to: .f32, into: &$0)
      }
    }
    return Self.words(floats)
  }

  private static func words(_ bytes: [UInt8]) -> [Float] {
    bytes.withReadOnlyBytes(bytes.count) { bytes in
      (0..<bytes.byteCount / 4).map { index in
        // In bounds by the count; any bits are a float.
        Float(bitPattern: unsafe bytes.unsafeLoad(fromByteOffset: index * 4, as: UInt32.self))
      }
    }
  }

  private struct StoredRow {
    let values: [Float]
    let bytes: [UInt8]
    let scaleByteCount: Int
  }

  private static func stored(
    _ row: [Float], as precision: TensorPrecision, of name: TensorName
  ) throws(WeightsError) -> StoredRow {
    var floats = [UInt8](repeating: 0, count: row.count * 4)
    for (index, value) in row.enumerated() {
      let bits = value.bitPattern
      for byte in 0..<4 { floats[index * 4 + byte] = UInt8(truncatingIfNeeded: bits >> (8 * byte)) }
    }
    guard case .int8(let scheme) = precision else {
      var halves = [UInt8](repeating: 0, count: row.count * 2)
      var widened = floats
      floats.withReadOnlyBytes(floats.count) { source in
        halves.withBytes(halves.count) { FloatConversion.bf16FromF32(source, into: &$0) }
      }
      halves.withReadOnlyBytes(halves.count) { source in
        widened.withBytes(widened.count) { FloatConversion.f32FromBF16(source, into: &$0) }
      }
      return StoredRow(values: words(widened), bytes: halves, scaleByteCount: 0)
    }
    let quantizer = try Int8Quantizer(tensor: name, shape: [1, row.count], scheme: scheme)
    var values = [UInt8](repeating: 0, count: row.count)
    var scales = [UInt8](repeating: 0, count: quantizer.scaleShape[1] * 2)
    var errors = ErrorSums()
    var widened = floats
    try floats.withReadOnlyBytes(floats.count) { (source) throws(WeightsError) in
      try values.withBytes(values.count) { (values) throws(WeightsError) in
        try scales.withBytes(scales.count) { (scales) throws(WeightsError) in
          try quantizer.quantize(
            source, of: .f32, firstRow: 0, values: &values, scales: &scales, errors: &errors)
        }
      }
    }
    values.withReadOnlyBytes(values.count) { values in
      scales.withReadOnlyBytes(scales.count) { scales in
        widened.withBytes(widened.count) {
          quantizer.dequantize(values: values, scales: scales, into: &$0)
        }
      }
    }
    return StoredRow(values: words(widened), bytes: values, scaleByteCount: scales.count)
  }

  /// What a run of rows takes in the bundle.
  private static func packedByteCount(
    _ bytes: [UInt8], _ dtype: DType, _ packing: BundlePacking
  ) throws(WeightsError) -> Int {
    // INT8 is kept as it is, but for `smallest`.
    guard dtype == .bf16 || packing == .packed(smallest: true), packing != .store else {
      return bytes.count
    }
    var packer = try ChunkPacker()
    var count = 0
    for start in stride(from: 0, to: bytes.count, by: BundleLayout.chunkByteCount) {
      let end = min(bytes.count, start + BundleLayout.chunkByteCount)
      count += try packer.pack(
        unsafe bytes.span.bytes.extracting(start..<end), dtype: dtype, packing: packing
      ).stored.count
    }
    return count
  }
}
