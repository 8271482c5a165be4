/// What is known of a tensor without reading its data.
public struct TensorInfo: Hashable, Sendable {
  public let name: TensorName
  public let dtype: DType
  public let shape: Shape
  /// Bytes of the data: elements times width.
  public let byteCount: Int

  /// Nil when the byte count overflows or is not whole.
  public init?(name: TensorName, dtype: DType, shape: Shape) {
    guard let byteCount = shape.byteCount(of: dtype) else { return nil }
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.byteCount = byteCount
  }
}
