public import DVLADiagnostics
public import DVLATensors

/// An array of floating-point numbers as a NPY file holds it.
public struct NPYArray: Sendable, Hashable {
  /// F32 or F64.
  public let dtype: DType
  public let shape: Shape
  /// Row-major; float32 values are widened exactly.
  public let values: [Double]

  /// Reads a whole file of format version 1.0, 2.0 or 3.0.
  ///
  /// Source: NumPy 2.4, `numpy/lib/_format_impl.py`. Stricter than it: the bytes end where the
  /// array does, and only `<f4` and `<f8` in C order are read.
  ///
  /// - Throws: `npy.format`, `npy.header`, `npy.dtype`, `npy.order`, `npy.shape`, `npy.size`. The
  ///   errors do not name the file.
  public init(_ bytes: [UInt8]) throws(WeightsError) {
    let header = try NPYHeader(bytes)
    let found = bytes.count - header.dataStart
    guard header.shape.byteCount(of: header.dtype) == found,
      let values = header.dtype.doubles(bytes[header.dataStart...])
    else {
      throw WeightsError(
        .npySize,
        "expected \(header.shape.elementCount) elements of \(header.dtype.bitWidth / 8) bytes "
          + "for the shape \(header.shape), found \(found) bytes")
    }
    dtype = header.dtype
    shape = header.shape
    self.values = values
  }
}
