import DVLADiagnostics
import DVLAKernels
import DVLAQuantization
import DVLASafetensors
import DVLATensors

/// A checkpoint with its INT8 tensors as floats. Scales can still be read under their own names.
struct DequantizedCheckpoint: TensorSource {
  /// The type that values times scales are rounded to.
  enum Rounding: Sendable {
    /// The type the scale is stored in, as compressed-tensors 0.20.1 multiplies.
    case scaleType
    /// F32: what the runtime computes with.
    case f32
  }

  private let checkpoint: Checkpoint
  private let quantization: SourceQuantization
  private let rounding: Rounding
  let tensors: [TensorInfo]
  private let infos: [TensorName: TensorInfo]

  /// - Throws: `quantization.scheme` for a tensor too large to be widened.
  init(
    _ checkpoint: Checkpoint, _ quantization: SourceQuantization, rounding: Rounding
  ) throws(WeightsError) {
    self.checkpoint = checkpoint
    self.quantization = quantization
    self.rounding = rounding
    var infos: [TensorName: TensorInfo] = [:]
    for (name, scales) in quantization.scales {
      let dtype = rounding == .f32 ? .f32 : scales.info.dtype
      guard let shape = checkpoint.info(of: name)?.shape,
        let info = TensorInfo(name: name, dtype: dtype, shape: shape)
      else {
        throw WeightsError(
          .quantizationScheme, file: checkpoint.path, tensor: name.string,
          "overflows 63 bits as floats")
      }
      infos[name] = info
    }
    self.infos = infos
    tensors = quantization.tensors.map { infos[$0.name] ?? $0 }
  }

  func info(of name: TensorName) -> TensorInfo? { infos[name] ?? checkpoint.info(of: name) }

  func read(
    _ name: TensorName, at offset: Int, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    guard let info = infos[name], let scales = quantization.scales[name],
      let width = info.dtype.byteWidth
    else { return try checkpoint.read(name, at: offset, into: &destination) }
    let rows = try QuantizedRows(
      name, info.shape, scales: scales.info, scheme: Int8Scheme(scales.granularity))
    guard info.dtype != .f32 else {
      return try rows.read(from: offset / 4, in: checkpoint, into: &destination)
    }
    let elements = offset / width..<(offset + destination.byteCount) / width
    let (floats, first) = try rows.floats(elements, in: checkpoint)
    guard !floats.isEmpty else { return }
    let start = (elements.lowerBound - first) * 4
    floats.withReadOnlyBytes(floats.count) { floats in
      ElementCast.cast(
        floats.extracting(start..<start + elements.count * 4), from: .f32, to: info.dtype,
        into: &destination)
    }
  }
}

extension Int8Quantizer {
  /// Elements of the longest row that is quantized, or read back: rows are worked on whole.
  static let columnLimit = 1 << 22
}

/// Rows of INT8 with their scales, read as F32.
struct QuantizedRows {
  private let values: TensorName
  private let scales: TensorInfo
  private let quantizer: Int8Quantizer

  /// - Parameter scales: BF16, F16 or F32.
  /// - Throws: `quantization.*` where the scheme does not fit the shape.
  init(
    _ values: TensorName, _ shape: Shape, scales: TensorInfo, scheme: Int8Scheme
  ) throws(WeightsError) {
    self.values = values
    self.scales = scales
    quantizer = try Int8Quantizer(tensor: values, shape: shape, scheme: scheme)
  }

  /// Fills `destination` with values times scales, rounded once to F32, from an element on.
  ///
  /// - Throws: what reading throws.
  func read(
    from start: Int, in source: any TensorSource, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    let elements = start..<start + destination.byteCount / 4
    let columns = quantizer.shape[1]
    guard columns > 0, start.isMultiple(of: columns), elements.count.isMultiple(of: columns) else {
      let (floats, first) = try floats(elements, in: source)
      guard !floats.isEmpty else { return }
      return destination.copy(from: floats, at: (start - first) * 4)
    }
    try dequantize(start / columns..<elements.upperBound / columns, in: source, into: &destination)
  }

  /// Values times scales, rounded once to F32: of all rows that hold the elements.
  ///
  /// - Returns: the floats, and the first element that they begin with.
  /// - Throws: what reading throws.
  func floats(
    _ elements: Range<Int>, in source: any TensorSource
  ) throws(WeightsError) -> (bytes: [UInt8], first: Int) {
    let columns = quantizer.shape[1]
    guard !elements.isEmpty, columns > 0 else { return ([], elements.lowerBound) }
    let rows = elements.lowerBound / columns..<(elements.upperBound + columns - 1) / columns
    var floats = [UInt8](repeating: 0, count: rows.count * columns * 4)
    try floats.withBytes(floats.count) { (floats) throws(WeightsError) in
      try dequantize(rows, in: source, into: &floats)
    }
    return (floats, rows.lowerBound * columns)
  }

  private func dequantize(
    _ rows: Range<Int>, in source: any TensorSource, into floats: inout MutableRawSpan
  ) throws(WeightsError) {
    guard !rows.isEmpty else { return }
    let (columns, groups) = (quantizer.shape[1], quantizer.scaleShape[1])
    let width = scales.dtype.bitWidth / 8
    var values = [UInt8](repeating: 0, count: rows.count * columns)
    var stored = [UInt8](repeating: 0, count: rows.count * groups * width)
    try values.withBytes(values.count) { (bytes) throws(WeightsError) in
      try source.read(self.values, at: rows.lowerBound * columns, into: &bytes)
    }
    try stored.withBytes(stored.count) { (bytes) throws(WeightsError) in
      try source.read(scales.name, at: rows.lowerBound * groups * width, into: &bytes)
    }
    if scales.dtype == .f16 {
      var widened = [UInt8](repeating: 0, count: stored.count * 2)
      widened.withBytes(widened.count) { widened in
        stored.withReadOnlyBytes(stored.count) {
          FloatConversion.f32FromF16($0, into: &widened)
        }
      }
      stored = widened
    }
    values.withReadOnlyBytes(values.count) { values in
      stored.withReadOnlyBytes(stored.count) { stored in
        quantizer.dequantize(
          values: values, scales: stored, of: scales.dtype == .bf16 ? .bf16 : .f32,
          into: &floats)
      }
    }
  }
}
