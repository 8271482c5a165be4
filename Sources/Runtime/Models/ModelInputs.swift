import DVLADiagnostics
import DVLAJSON
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

extension ModelInputs {
  static func failure(_ name: String, _ message: String) -> WeightsError {
    WeightsError(.modelInput, tensor: name, message)
  }

  /// Checks that all required inputs are there, and no unknown ones.
  ///
  /// - Throws: `model.input`.
  func require(_ descriptions: [InputDescription]) throws(WeightsError) {
    let found = Set(names)
    for input in descriptions where !input.isOptional && !found.contains(input.name) {
      throw Self.failure(input.name, "expected this input \(input.axes), found none")
    }
    let known = Set(descriptions.map(\.name))
    for name in names where !known.contains(name) {
      let wanted = descriptions.map(\.name).joined(separator: ", ")
      throw Self.failure(name, "expected the inputs \(wanted) only")
    }
  }

  /// Images [B, channels, H, W] of finite values.
  ///
  /// - Throws: `model.input`.
  func pixels(_ name: String, channels: Int) throws(WeightsError) -> Tensor {
    let tensor = try finite(name)
    let shape = tensor.shape
    guard shape.rank == 4, shape[1] == channels, shape.elementCount > 0 else {
      throw Self.failure(name, "expected [B, \(channels), H, W], found \(shape)")
    }
    return tensor
  }

  /// Finite values of any shape.
  ///
  /// - Throws: `model.input`.
  func finite(_ name: String) throws(WeightsError) -> Tensor {
    guard let tensor = floats[name] else {
      let found =
        integers[name] != nil ? "whole numbers" : numbers[name] != nil ? "one number" : "none"
      throw Self.failure(name, "expected floating-point values, found \(found)")
    }
    if let index = tensor.values.firstIndex(where: { !$0.isFinite }) {
      throw Self.failure(name, "expected finite values, found \(tensor.values[index]) at \(index)")
    }
    return tensor
  }

  /// Flags, given as 0 and 1; nil where the input is absent.
  ///
  /// - Throws: `model.input`.
  func flags(_ name: String, shape: Shape) throws(WeightsError) -> [Bool]? {
    guard let tensor = integers[name] else {
      guard floats[name] == nil, numbers[name] == nil else {
        throw Self.failure(name, "expected 0 and 1, found floating-point values")
      }
      return nil
    }
    guard tensor.shape == shape else {
      throw Self.failure(name, "expected \(shape), found \(tensor.shape)")
    }
    guard tensor.values.allSatisfy({ $0 == 0 || $0 == 1 }) else {
      throw Self.failure(name, "expected 0 and 1 only")
    }
    return tensor.values.map { $0 == 1 }
  }

  /// Most tokens of one sequence: twice the context length of Gemma.
  public static let tokenLimit = 16384
  /// Most layers of a stack, so that a hostile configuration cannot exhaust memory: layers are made
  /// before their tensors are looked up.
  static let layerLimit = 1024

  /// Token ids or masks: whole numbers [batch, S], S at least 1.
  ///
  /// - Throws: `model.input`.
  func tokens(_ name: String, batch: Int) throws(WeightsError) -> IntegerTensor {
    guard let tensor = integers[name] else {
      throw Self.failure(name, "expected whole numbers, found floating-point values")
    }
    guard tensor.shape.rank == 2, tensor.shape[0] == batch, tensor.shape[1] > 0 else {
      throw Self.failure(name, "expected [\(batch), S], found \(tensor.shape)")
    }
    guard tensor.shape[1] <= Self.tokenLimit else {
      throw Self.failure(
        name, "expected at most \(Self.tokenLimit) tokens, found \(tensor.shape[1])")
    }
    return tensor
  }
}
