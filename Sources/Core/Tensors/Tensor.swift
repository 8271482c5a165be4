/// Float32 values in memory, row-major: what a forward pass computes with.
public struct Tensor: Sendable, Hashable {
  public let shape: Shape
  /// Row-major. Their number never changes.
  public var values: [Float]

  /// - Precondition: there are as many values as the shape says.
  public init(_ values: [Float], shape: Shape) {
    precondition(values.count == shape.elementCount, "as many values as the shape says")
    self.shape = shape
    self.values = values
  }

  /// Zeros.
  public init(zeros shape: Shape) {
    self.init([Float](repeating: 0, count: shape.elementCount), shape: shape)
  }

  /// The same values in another shape.
  ///
  /// - Precondition: both shapes have as many elements.
  public func reshaped(_ shape: Shape) -> Tensor { Tensor(values, shape: shape) }
}
