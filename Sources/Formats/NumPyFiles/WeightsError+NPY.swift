public import DVLADiagnostics

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
