import DVLADiagnostics
import DVLATensors

/// What a NPY file says of its array before the data.
struct NPYHeader {
  let dtype: DType
  let shape: Shape
  /// Where the data starts in the file.
  let dataStart: Int

  /// NumPy's own bound on the text of a header that it reads (`_MAX_HEADER_SIZE`).
  private static let maximumByteCount = 10_000

  /// - Throws: `npy.format`, `npy.header`, `npy.dtype`, `npy.order`, `npy.shape`.
  init(_ bytes: [UInt8]) throws(WeightsError) {
    guard NPY.isNPY(bytes), bytes.count >= 8 else {
      throw WeightsError(.npyFormat, "expected a NPY file, found no magic number at its start")
    }
    guard (1...3).contains(bytes[6]), bytes[7] == 0 else {
      throw WeightsError(
        .npyFormat, "expected a NPY file of version 1.0, 2.0 or 3.0, found \(bytes[6]).\(bytes[7])")
    }
    let start = bytes[6] == 1 ? 10 : 12
    guard bytes.count >= start else {
      throw WeightsError(.npyHeader, "expected \(start) bytes and more, found \(bytes.count)")
    }
    let count = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard count <= Self.maximumByteCount, count <= bytes.count - start else {
      throw WeightsError(
        .npyHeader,
        "expected a header of at most \(min(Self.maximumByteCount, bytes.count - start)) bytes, "
          + "found \(count)")
    }
    var literal = NPYLiteral(bytes[start..<start + count])
    let fields = try literal.fields()
    switch fields.descr {
    case "<f4": dtype = .f32
    case "<f8": dtype = .f64
    default:
      throw WeightsError(
        .npyDType,
        "expected elements of '<f4' or '<f8' (little-endian float32 or float64), found "
          + fields.descr.quoted)
    }
    // One axis has the same order either way, but NumPy never says so of it.
    guard !fields.fortranOrder else {
      throw WeightsError(
        .npyOrder,
        "expected row-major order, found fortran_order True: save numpy.ascontiguousarray(…)")
    }
    guard let shape = Shape(checking: fields.shape), shape.byteCount(of: dtype) != nil else {
      throw WeightsError(
        .npyShape, "expected extents whose product fits 64 bits, found \(fields.shape)")
    }
    self.shape = shape
    dataStart = start + count
  }
}
