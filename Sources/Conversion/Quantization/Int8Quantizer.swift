public import DVLADiagnostics
public import DVLAKernels
public import DVLATensors

/// Quantizes the rows of one matrix to INT8 and back, any number of rows at a time.
///
/// The result does not depend on how the rows are divided, so that parts of a matrix can be
/// quantized in parallel and their errors added in any order. The rounding is that of `Int8Kernel`,
/// whose formula is in `CKernels/Bodies/Int8.inc`.
public struct Int8Quantizer: Sendable {
  public let tensor: TensorName
  public let shape: Shape
  public let scheme: Int8Scheme
  /// The extents of the scales: rows and groups in a row, the latter 1 for per-channel scales.
  public let scaleShape: Shape

  /// How errors make up for each other; nil where the scheme does not ask for it, or they are not
  /// at hand.
  public let factors: CompensationFactors?
  /// Whether it cannot quantize, since factors are lacking.
  public var lacksFactors: Bool { scheme.rounding == .compensated && factors == nil }

  private let group: Int

  /// - Throws: `quantization.rank` unless the shape is that of a matrix; `quantization.group` when
  ///   its columns do not divide into groups; `quantization.calibration` for factors of another
  ///   matrix.
  public init(
    tensor: TensorName, shape: Shape, scheme: Int8Scheme, factors: CompensationFactors? = nil
  ) throws(WeightsError) {
    guard shape.rank == 2 else {
      throw WeightsError(
        .quantizationRank, .usage, tensor: tensor.string,
        "int8 needs a matrix, but the shape is \(shape)")
    }
    let groupCount: Int
    switch scheme.granularity {
    case .channel:
      group = shape[1]
      groupCount = 1
    case .group(let size):
      guard shape[1].isMultiple(of: size.rawValue) else {
        throw WeightsError(
          .quantizationGroup, .usage, tensor: tensor.string,
          "int8 in groups of \(size.rawValue) needs a multiple of \(size.rawValue) columns, "
            + "but the shape is \(shape)")
      }
      group = size.rawValue
      groupCount = shape[1] / size.rawValue
    }
    if let factors, factors.columns != shape[1] {
      throw WeightsError(
        .quantizationCalibration, tensor: tensor.string,
        "the calibration is of \(factors.columns) inputs, but the shape is \(shape)")
    }
    self.tensor = tensor
    self.shape = shape
    self.scheme = scheme
    self.factors = scheme.rounding == .compensated ? factors : nil
    scaleShape = Shape([shape[0], groupCount])
  }

  /// Quantizes whole rows.
  ///
  /// - Parameters:
  ///   - source: the rows, of a type with `isConvertibleFloat`.
  ///   - firstRow: the index of the first of them in the matrix, for messages.
  ///   - values: receives a signed byte for each element.
  ///   - scales: receives the bfloat16 scales of these rows.
  ///   - errors: the errors of these rows are added to it.
  /// - Throws: `quantization.non-finite` with the element's index; values, scales and errors are
  ///   then incomplete. `quantization.calibration` where it lacks factors.
  /// - Precondition: the spans hold the same whole rows.
  public func quantize(
    _ source: RawSpan, of dtype: DType, firstRow: Int, values: inout MutableRawSpan,
    scales: inout MutableRawSpan, errors: inout ErrorSums
  ) throws(WeightsError) {
    precondition(dtype.isConvertibleFloat, "rows of floating-point numbers")
    let columns = shape[1]
    guard columns > 0, source.byteCount > 0 else { return }
    let sourceRow = columns * dtype.bitWidth / 8
    precondition(source.byteCount.isMultiple(of: sourceRow), "whole rows")
    let rowCount = source.byteCount / sourceRow
    guard !lacksFactors else {
      throw WeightsError(
        .quantizationCalibration, .usage, tensor: tensor.string,
        "the recipe rounds it so that errors make up for each other, which needs the calibration "
          + "that was written with the recipe")
    }
    if factors == nil, let type = Int8Kernel.Source(dtype) {
      let rows = Int8Kernel.Rows(count: rowCount, columns: columns, group: group)
      let nonFinite = Int8Kernel.quantizeRows(
        source, of: type, rows, scheme.method, values: &values, scales: &scales, errors: &errors)
      if let nonFinite { throw refusal(row: firstRow, offset: nonFinite) }
      return
    }
    let blockRows =
      factors == nil
      ? max(1, min(rowCount, Self.blockElements / columns)) : min(rowCount, Int8Kernel.lanes)
    var widened = [UInt8](repeating: 0, count: blockRows * columns * 4)
    let scaleRow = scaleShape[1] * 2
    for start in stride(from: 0, to: rowCount, by: blockRows) {
      let rows = Int8Kernel.Rows(
        count: min(blockRows, rowCount - start), columns: columns, group: group)
      let end = start + rows.count
      Self.widen(
        source.extracting(start * sourceRow..<end * sourceRow), of: dtype, into: &widened,
        elementCount: rows.elementCount)
      var blockValues = values._mutatingExtracting(start * columns..<end * columns)
      var blockScales = scales._mutatingExtracting(start * scaleRow..<end * scaleRow)
      // The bytes of an array of integers are always initialised.
      let floats = unsafe widened.span.bytes.extracting(0..<rows.elementCount * 4)
      let nonFinite =
        if let factors {
          compensate(
            floats, with: factors, values: &blockValues, scales: &blockScales, errors: &errors)
        } else {
          Int8Kernel.quantizeRows(
            floats, of: .f32, rows, scheme.method, values: &blockValues, scales: &blockScales,
            errors: &errors)
        }
      if let nonFinite { throw refusal(row: firstRow + start, offset: nonFinite) }
    }
  }

  /// Computes the float32 values of quantized rows.
  ///
  /// - Parameter type: how the scales are stored.
  /// - Precondition: the spans hold the same whole rows.
  public func dequantize(
    values: RawSpan, scales: RawSpan, of type: Int8Kernel.ScaleType = .bf16,
    into result: inout MutableRawSpan
  ) {
    let columns = shape[1]
    guard columns > 0 else { return }
    let rows = Int8Kernel.Rows(count: values.byteCount / columns, columns: columns, group: group)
    Int8Kernel.dequantizeRows(values: values, scales: scales, of: type, rows, into: &result)
  }

  /// Rows of half precision are widened in pieces of 32 KiB of float32, which stay in the cache.
  private static let blockElements = 8 << 10

  private static func widen(
    _ source: RawSpan, of dtype: DType, into widened: inout [UInt8], elementCount: Int
  ) {
    var span = widened.mutableSpan
    // The bytes of an array of integers may take any value.
    var bytes = unsafe span.mutableBytes
    var window = bytes._mutatingExtracting(0..<elementCount * 4)
    ElementCast.cast(source, from: dtype, to: .f32, into: &window)
  }

  private func refusal(row: Int, offset: Int) -> WeightsError {
    let row = row + offset / shape[1]
    let column = offset % shape[1]
    return WeightsError(
      .quantizationNonFinite, tensor: tensor.string,
      "int8 needs finite values, found a NaN or an infinity at element "
        + "\(row * shape[1] + column) (row \(row), column \(column))")
  }
}

extension Int8Kernel.Source {
  fileprivate init?(_ dtype: DType) {
    switch dtype {
    case .f32: self = .f32
    case .bf16: self = .bf16
    default: return nil
    }
  }
}

extension WeightsError.Code {
  /// A tensor to be quantized to INT8 is not a matrix.
  public static let quantizationRank = Self("quantization.rank")
  /// The columns of a matrix do not divide into groups.
  public static let quantizationGroup = Self("quantization.group")
  /// A tensor to be quantized to INT8 contains a NaN or an infinity.
  public static let quantizationNonFinite = Self("quantization.non-finite")
}
