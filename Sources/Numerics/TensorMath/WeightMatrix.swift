import DVLAKernels
public import DVLATensors

/// A matrix of weights [rows, columns], in memory as it is stored.
///
/// Rows are widened to float32 a few at a time, when they are needed: a model takes no more memory
/// than its bundle unpacked.
public struct WeightMatrix: Sendable {
  public let rows: Int
  public let columns: Int
  let storage: Storage

  enum Storage: Sendable {
    case f32(TensorBytes)
    case bf16(TensorBytes)
    case f16(TensorBytes)
    /// Signed bytes, and their scales.
    case int8(TensorBytes, Scales)
  }

  /// The scales of 8-bit integers [rows, columns / group].
  struct Scales: Sendable {
    let bytes: TensorBytes
    let type: Int8Kernel.ScaleType
    let group: Int
  }

  /// A matrix of floats.
  ///
  /// - Precondition: `dtype` is F32, BF16 or F16, and the bytes are as many as the matrix takes.
  public init(_ bytes: TensorBytes, dtype: DType, rows: Int, columns: Int) {
    precondition(Shape([rows, columns]).byteCount(of: dtype) == bytes.byteCount, "a whole matrix")
    self.rows = rows
    self.columns = columns
    switch dtype {
    case .f32: storage = .f32(bytes)
    case .bf16: storage = .bf16(bytes)
    case .f16: storage = .f16(bytes)
    default: preconditionFailure("\(dtype.rawValue) is no type of weights")
    }
  }

  /// A matrix of 8-bit integers with scales, one for each `group` elements of a row.
  ///
  /// - Precondition: scales are BF16 or F32; both hold as many bytes as the matrix takes; `group`
  ///   divides `columns`, and is `columns` itself or a multiple of 16.
  public init(
    int8 values: TensorBytes, scales: TensorBytes, of dtype: DType = .bf16, group: Int, rows: Int,
    columns: Int
  ) {
    precondition(dtype == .bf16 || dtype == .f32, "scales in BF16 or F32")
    let type: Int8Kernel.ScaleType = dtype == .f32 ? .f32 : .bf16
    precondition(values.byteCount == rows * columns, "a byte for each element")
    precondition(group > 0 && columns.isMultiple(of: group), "whole groups")
    precondition(group == columns || group.isMultiple(of: 16), "groups fill the lanes")
    precondition(
      scales.byteCount == rows * (columns / group) * type.byteWidth, "a scale for each group")
    self.rows = rows
    self.columns = columns
    storage = .int8(values, Scales(bytes: scales, type: type, group: group))
  }

  /// Bytes in memory.
  public var byteCount: Int {
    switch storage {
    case .f32(let bytes), .bf16(let bytes), .f16(let bytes): bytes.byteCount
    case .int8(let values, let scales): values.byteCount + scales.bytes.byteCount
    }
  }

  /// Some of the rows as float32, row-major.
  ///
  /// - Precondition: `result` holds exactly those rows.
  public func widen(_ range: Range<Int>, into result: inout MutableSpan<Float>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows of the matrix")
    precondition(result.count == range.count * columns, "room for the rows")
    let elements = range.lowerBound * columns..<range.upperBound * columns
    var bytes = unsafe result.mutableBytes
    switch storage {
    case .f32(let source):
      source.withBytes { bytes.copy(from: $0.extracting(elements.times(4))) }
    case .bf16(let source):
      source.withBytes {
        FloatConversion.f32FromBF16($0.extracting(elements.times(2)), into: &bytes)
      }
    case .f16(let source):
      source.withBytes {
        FloatConversion.f32FromF16($0.extracting(elements.times(2)), into: &bytes)
      }
    case .int8(let values, let scales):
      let groups = columns / scales.group
      let scaleRange = (range.lowerBound * groups..<range.upperBound * groups)
        .times(scales.type.byteWidth)
      values.withBytes { values in
        scales.bytes.withBytes { scaleBytes in
          Int8Kernel.dequantizeRows(
            values: values.extracting(elements), scales: scaleBytes.extracting(scaleRange),
            of: scales.type,
            Int8Kernel.Rows(count: range.count, columns: columns, group: scales.group),
            into: &bytes)
        }
      }
    }
  }
}

extension Range<Int> {
  /// The range of the bytes of elements of that width.
  fileprivate func times(_ width: Int) -> Range<Int> { lowerBound * width..<upperBound * width }
}

extension MutableRawSpan {
  /// - Precondition: both are equally long.
  fileprivate mutating func copy(from source: RawSpan) {
    precondition(source.byteCount == byteCount, "as many bytes")
    // Exclusive access to `self` means that the two do not overlap.
    unsafe withUnsafeMutableBytes { target in
      unsafe source.withUnsafeBytes { source in
        unsafe target.copyMemory(from: source)
      }
    }
  }
}
