import DVLABundles
import DVLADiagnostics
import DVLAKernels
import DVLAMatrixProducts
import DVLAPrecisionSearch
import DVLAQuantization
import DVLATensors

/// Measures what each precision would cost a matrix, in bytes and in the error of its weights, on a
/// sample of its rows.
struct OptionMeasurement: Sendable {
  /// By matrix, the second moment of its inputs in blocks along its diagonal, where it is known.
  let moments: [TensorName: [Float]]
  let calibration: Calibration
  let packing: BundlePacking

  /// Rows that are looked at, evenly spaced.
  private static let rowCount = 48
  /// Largest magnitudes of values, where INT8 is compressed: fewer levels take fewer bits.
  private static let levels = [127, 90, 63, 45]

  /// The precisions of a group of matrices.
  func precisions(_ tensors: [StoredTensor]) -> [TensorPrecision] {
    var granularities: [Int8Scheme.Granularity] = [.channel]
    for size in Int8Scheme.GroupSize.allCases
    where tensors.allSatisfy({
      let columns = $0.info.shape[1]
      return columns.isMultiple(of: size.rawValue) && columns > size.rawValue
    }) {
      granularities.append(.group(size))
    }
    let isCalibrated = tensors.allSatisfy { calibration.factors[$0.info.name] != nil }
    let levels = isCalibrated && packing == .packed(smallest: true) ? Self.levels : [127]
    var schemes: [Int8Scheme] = []
    for granularity in granularities {
      for scale in Int8Scheme.Scale.allCases {
        for level in levels {
          schemes.append(
            Int8Scheme(
              granularity, scale: scale, rounding: isCalibrated ? .compensated : .nearest,
              levels: level))
        }
      }
    }
    return [.bf16] + schemes.map { .int8($0) }
  }

  /// Bytes and error of one matrix in each of those precisions.
  ///
  /// - Throws: `quantization.non-finite`; what reading throws.
  func measure(
    _ tensor: StoredTensor, as precisions: [TensorPrecision], from reader: TensorReader
  ) throws(WeightsError) -> [SearchOption] {
    let (rows, columns) = (tensor.info.shape[0], tensor.info.shape[1])
    let count = min(rows, Self.rowCount)
    var sample: [UInt8] = []
    for index in 0..<count {
      let row = index * rows / count
      sample += try floatBytes(row * columns..<(row + 1) * columns, tensor, reader)
    }
    let share = Double(rows) / Double(count)
    var options: [SearchOption] = []
    for precision in precisions {
      let stored = try stored(sample, [count, columns], as: precision, of: tensor.info.name)
      let packed = try Self.packedByteCount(
        stored.bytes, precision == .bf16 ? .bf16 : .i8, packing)
      let byteCount = (Double(packed) + Double(stored.scaleByteCount)) * share
      options.append(
        SearchOption(
          precision, byteCount: Int(byteCount.rounded()),
          error: share
            * error(Self.words(sample), Self.words(stored.values), columns, tensor.info.name)))
    }
    return options
  }

  /// sum (w - v) M (w - v)^T over the rows, M the second moment of the inputs; without one, the sum
  /// of squares.
  private func error(
    _ exact: [Float], _ replaced: [Float], _ columns: Int, _ name: TensorName
  ) -> Double {
    let differences = zip(exact, replaced).map { $0 - $1 }
    guard let moments = moments[name] else {
      return differences.reduce(0) { $0 + Double($1) * Double($1) }
    }
    let rows = differences.count / columns
    var sum = 0.0
    for block in 0..<CompensationFactors.blockCount(columns) {
      let range = CompensationFactors.columns(ofBlock: block, of: columns)
      let start = block * CompensationFactors.blockColumns * CompensationFactors.blockColumns
      var products = [Float](repeating: 0, count: rows * range.count)
      var result = products.mutableSpan
      let last = (rows - 1) * columns + range.upperBound
      MatrixProduct.times(
        differences.span.extracting(range.lowerBound..<last), stride: columns,
        moments.span.extracting(start..<start + range.count * range.count), stride: range.count,
        m: rows, n: range.count, k: range.count, into: &result, stride: range.count)
      for row in 0..<rows {
        for (place, column) in range.enumerated() {
          sum +=
            Double(products[row * range.count + place])
            * Double(differences[row * columns + column])
        }
      }
    }
    // Rounding may bring the sum of nothing below 0.
    return max(0, sum)
  }

  private func floatBytes(
    _ range: Range<Int>, _ tensor: StoredTensor, _ reader: TensorReader
  ) throws(WeightsError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count * (tensor.sourceDType.byteWidth ?? 4))
    try bytes.withBytes(bytes.count) { (target) throws(WeightsError) in
      try reader.read(range, into: &target)
    }
    var floats = [UInt8](repeating: 0, count: range.count * 4)
    bytes.withReadOnlyBytes(bytes.count) { source in
      floats.withBytes(floats.count) {
        ElementCast.cast(source, from: tensor.sourceDType, to: .f32, into: &$0)
      }
    }
    return floats
  }

  private static func words(_ bytes: [UInt8]) -> [Float] {
    bytes.withReadOnlyBytes(bytes.count) { bytes in
      (0..<bytes.byteCount / 4).map { index in
        // In bounds by the count; any bits are a float.
        Float(bitPattern: unsafe bytes.unsafeLoad(fromByteOffset: index * 4, as: UInt32.self))
      }
    }
  }

  private struct StoredRows {
    /// Of float32, as they are read again.
    var values: [UInt8]
    var bytes: [UInt8]
    var scaleByteCount = 0
  }

  private func stored(
    _ floats: [UInt8], _ shape: Shape, as precision: TensorPrecision, of name: TensorName
  ) throws(WeightsError) -> StoredRows {
    let count = shape.elementCount
    guard case .int8(let scheme) = precision else {
      var rows = StoredRows(values: floats, bytes: [UInt8](repeating: 0, count: count * 2))
      floats.withReadOnlyBytes(floats.count) { source in
        rows.bytes.withBytes(count * 2) { FloatConversion.bf16FromF32(source, into: &$0) }
      }
      rows.bytes.withReadOnlyBytes(count * 2) { source in
        rows.values.withBytes(count * 4) { FloatConversion.f32FromBF16(source, into: &$0) }
      }
      return rows
    }
    let quantizer = try Int8Quantizer(
      tensor: name, shape: shape, scheme: scheme, factors: calibration.factors[name])
    var rows = StoredRows(values: floats, bytes: [UInt8](repeating: 0, count: count))
    var scales = [UInt8](repeating: 0, count: quantizer.scaleShape.elementCount * 2)
    var errors = ErrorSums()
    try floats.withReadOnlyBytes(floats.count) { (source) throws(WeightsError) in
      try rows.bytes.withBytes(count) { (values) throws(WeightsError) in
        try scales.withBytes(scales.count) { (scales) throws(WeightsError) in
          try quantizer.quantize(
            source, of: .f32, firstRow: 0, values: &values, scales: &scales, errors: &errors)
        }
      }
    }
    rows.bytes.withReadOnlyBytes(count) { values in
      scales.withReadOnlyBytes(scales.count) { scales in
        rows.values.withBytes(count * 4) {
          quantizer.dequantize(values: values, scales: scales, into: &$0)
        }
      }
    }
    rows.scaleByteCount = scales.count
    return rows
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
