internal import DVLACKernels

/// Symmetric quantization of matrix rows to 8-bit integers.
///
/// y = q s, with q = x / s rounded to nearest, ties to even, and clamped to [-127, 127]. The
/// scales are bfloat16, and q is found with the scale as it is stored, so that every runtime
/// computes the same y. Products q s are exact in float32. A row or group of zeros has scale 1.
///
/// Values that other tools quantized may be -128, and their scales float32: then y is q s rounded
/// to float32.
public enum Int8Kernel {
  /// How a scale is chosen.
  public enum Method: Sendable {
    /// The largest magnitude over 127.
    case absoluteMaximum
    /// From there down and up, one bfloat16 at a time, as long as the squared error falls.
    case leastSquares
  }

  /// How the scales of given values are stored. Those that are found here are bfloat16.
  public enum ScaleType: Sendable {
    case bf16
    case f32

    public var byteWidth: Int { self == .f32 ? 4 : 2 }
  }

  /// Whole rows and how they are divided.
  public struct Rows: Sendable {
    public let count: Int
    public let columns: Int
    /// Elements that share a scale.
    public let group: Int

    /// - Precondition: `group` divides `columns`, and is `columns` itself or a multiple of 16.
    public init(count: Int, columns: Int, group: Int) {
      precondition(count >= 0 && columns >= 0 && group >= 0, "sizes are not negative")
      precondition(group == columns || group > 0 && columns.isMultiple(of: group))
      precondition(group == columns || group.isMultiple(of: 16), "groups fill the lanes")
      self.count = count
      self.columns = columns
      self.group = group
    }

    public var elementCount: Int { checkedProduct(count, columns) }
    /// Scales of all rows.
    public var scaleCount: Int {
      columns == 0 ? 0 : checkedProduct(count, columns / group)
    }
  }

  /// The elements that can be quantized as they are.
  public enum Source: Sendable {
    case f32
    case bf16

    var byteWidth: Int { self == .f32 ? 4 : 2 }
  }

  /// Quantizes rows.
  ///
  /// - Parameters:
  ///   - source: elements of `type`, row-major.
  ///   - values: receives one signed byte an element.
  ///   - scales: receives one bfloat16 a group, row-major.
  ///   - errors: receives what was lost, x being the source and y the dequantized values.
  /// - Returns: the index in `source` of the first NaN or infinity, at whose row it stopped with
  ///   `errors` unchanged; nil when everything was quantized.
  /// - Precondition: the spans hold exactly what `rows` says.
  public static func quantizeRows(
    _ source: RawSpan, of type: Source = .f32, _ rows: Rows, _ method: Method,
    values: inout MutableRawSpan, scales: inout MutableRawSpan, errors: inout ErrorSums,
    using set: InstructionSet = .best
  ) -> Int? {
    precondition(
      source.byteCount == checkedProduct(rows.elementCount, type.byteWidth), "whole rows")
    precondition(values.byteCount == rows.elementCount, "a byte for each element")
    precondition(scales.byteCount == checkedProduct(rows.scaleCount, 2), "a scale for each group")
    guard rows.elementCount > 0 else { return nil }
    var sums = [dvla_row_sums](repeating: dvla_row_sums(), count: rows.count)
    let kernels = set.kernels
    let kernel = unsafe type == .f32 ? kernels.quantize_rows : kernels.quantize_bf16_rows
    var firstNonFinite = -1
    unsafe source.withUnsafeBytes { source in
      unsafe values.withUnsafeMutableBytes { values in
        unsafe scales.withUnsafeMutableBytes { scales in
          // The invariants of KernelCall.swift hold; `sums` has an element for each row.
          guard let source = source.baseAddress, let values = values.baseAddress,
            let scales = scales.baseAddress
          else { return }
          unsafe sums.withUnsafeMutableBufferPointer { sums in
            guard let sums = sums.baseAddress else { return }
            firstNonFinite = unsafe kernel(source, rows.shape(method), values, scales, sums)
          }
        }
      }
    }
    if firstNonFinite >= 0 { return firstNonFinite }
    for row in sums { errors.add(row, columns: rows.columns) }
    return nil
  }

  /// The float32 values y = q s.
  ///
  /// - Precondition: the spans hold exactly what `rows` says.
  public static func dequantizeRows(
    values: RawSpan, scales: RawSpan, of type: ScaleType = .bf16, _ rows: Rows,
    into result: inout MutableRawSpan, using set: InstructionSet = .best
  ) {
    precondition(values.byteCount == rows.elementCount, "a byte for each element")
    precondition(
      scales.byteCount == checkedProduct(rows.scaleCount, type.byteWidth), "a scale for each group")
    precondition(result.byteCount == checkedProduct(rows.elementCount, 4), "float32 rows")
    let kernel = unsafe set.kernels.dequantize_rows
    unsafe values.withUnsafeBytes { values in
      unsafe scales.withUnsafeBytes { scales in
        unsafe result.withUnsafeMutableBytes { result in
          // The invariants of KernelCall.swift hold.
          guard let values = values.baseAddress, let scales = scales.baseAddress,
            let result = result.baseAddress, rows.elementCount > 0
          else { return }
          unsafe kernel(values, scales, rows.shape(.absoluteMaximum, type), result)
        }
      }
    }
  }
}

extension Int8Kernel.Rows {
  fileprivate func shape(
    _ method: Int8Kernel.Method, _ scales: Int8Kernel.ScaleType = .bf16
  ) -> dvla_int8_rows {
    dvla_int8_rows(
      rows: count, columns: columns, group: group,
      least_squares: method == .leastSquares ? 1 : 0, float_scales: scales == .f32 ? 1 : 0)
  }
}
