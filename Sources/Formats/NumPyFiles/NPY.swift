public import DVLADiagnostics
public import DVLATensors

/// NumPy's file format.
public enum NPY {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Whether the bytes start as such a file does.
  public static func isNPY(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: magic) }

  /// The bytes that `numpy.save` writes for a float32 array in C order: format version 1.0.
  ///
  /// Source: numpy 2.4, `numpy/lib/_format_impl.py`: the header is filled with spaces, first so
  /// that the outermost extent could grow to 21 digits, then to a multiple of 64 bytes.
  public static func encode(_ tensor: Tensor) -> [UInt8] {
    let extents = tensor.shape.dimensions.map(String.init)
    let shape = extents.count == 1 ? "(\(extents[0]),)" : "(\(extents.joined(separator: ", ")))"
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }"
    if let outermost = extents.first {
      header += String(repeating: " ", count: max(0, 21 - outermost.count))
    }
    let prefixCount = 10
    let unpadded = prefixCount + header.utf8.count + 1
    header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"

    var bytes = magic + [1, 0]
    bytes.append(UInt16(header.utf8.count), .littleEndian)
    bytes += Array(header.utf8)
    bytes.reserveCapacity(bytes.count + 4 * tensor.values.count)
    for value in tensor.values { bytes.append(value, .littleEndian) }
    return bytes
  }
}

/// An array of floating-point numbers as an NPY file holds it.
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

extension WeightsError.Code {
  /// No NPY file, or of a version that NumPy does not have.
  public static let npyFormat = Self("npy.format")
  /// The header is not what NumPy writes.
  public static let npyHeader = Self("npy.header")
  /// Elements of another type than little-endian float32 or float64.
  public static let npyDType = Self("npy.dtype")
  /// Elements in column-major order.
  public static let npyOrder = Self("npy.order")
  /// Extents whose product overflows.
  public static let npyShape = Self("npy.shape")
  /// More or fewer bytes than the shape says.
  public static let npySize = Self("npy.size")
}
