public import DVLATensors

/// Named inputs of a forward pass.
public struct ModelInputs: Sendable {
  /// Pixels, states and other measured values.
  public var floats: [String: Tensor]
  /// Single numbers, in the precision they came in.
  public var numbers: [String: Double]
  /// Token ids and masks.
  public var integers: [String: IntegerTensor]

  public init(
    floats: [String: Tensor] = [:], numbers: [String: Double] = [:],
    integers: [String: IntegerTensor] = [:]
  ) {
    self.floats = floats
    self.numbers = numbers
    self.integers = integers
  }

  /// Every name, sorted.
  public var names: [String] {
    (Array(floats.keys) + Array(numbers.keys) + Array(integers.keys)).sorted()
  }
}

/// Whole numbers with their shape, row-major.
public struct IntegerTensor: Sendable, Hashable {
  public let shape: Shape
  public let values: [Int]

  /// - Precondition: there are as many values as the shape says.
  public init(_ values: [Int], shape: Shape) {
    precondition(values.count == shape.elementCount, "as many values as the shape says")
    self.shape = shape
    self.values = values
  }
}
