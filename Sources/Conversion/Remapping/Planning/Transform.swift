public import DVLADiagnostics
public import DVLATensors

/// How the elements of some tensors become those of others: an invertible chain of steps on shapes.
/// It moves no bytes itself.
public struct Transform: Sendable, Hashable {
  public enum Step: Sendable, Hashable {
    /// Splits one tensor into equal parts along an axis.
    case split(axis: Int, parts: Int)
    /// Joins equal parts along an axis.
    case concatenate(axis: Int, parts: Int)
    /// Reorders the axes of every tensor: axis `k` of the result is axis `order[k]`.
    case transpose(order: [Int])
    /// Gives every tensor another shape with the same elements.
    case reshape(from: Shape, to: Shape)
    /// `[cls [1,1,D], positions [1,N,D]]` becomes `[cls, positions [1,N+1,D]]`. The new first row
    /// is negative zero, which added to the class token leaves every bit of it.
    case unfoldClassPosition
    /// The inverse: the first row of the positions is added to the class token and dropped, as
    /// timm's `checkpoint_filter_fn` for DINOv2 with registers does.
    case foldClassPosition
  }

  public let inputs: [Shape]
  public let outputs: [Shape]
  public let steps: [Step]

  /// - Throws: `remap.shape` when the shapes do not fit the steps.
  init(inputs: [Shape], steps: [Step]) throws(WeightsError) {
    self.inputs = inputs
    self.steps = steps
    var shapes = inputs
    for step in steps { shapes = try step.apply(to: shapes) }
    outputs = shapes
  }

  /// The transform of one step.
  ///
  /// - Throws: `remap.shape`.
  public static func single(_ step: Step, _ inputs: [Shape]) throws(WeightsError) -> Transform {
    try Transform(inputs: inputs, steps: [step])
  }

  public static func identity(_ shape: Shape) -> Transform {
    Transform(inputs: [shape], outputs: [shape], steps: [])
  }

  private init(inputs: [Shape], outputs: [Shape], steps: [Step]) {
    self.inputs = inputs
    self.outputs = outputs
    self.steps = steps
  }

  public var inverse: Transform {
    Transform(inputs: outputs, outputs: inputs, steps: steps.reversed().map(\.inverse))
  }

  /// Whether it only splits, joins and reshapes, so that ``segments()`` finds any part of an output
  /// in the inputs without a whole tensor in memory.
  public var isSegmented: Bool {
    steps.allSatisfy { step in
      switch step {
      case .split, .concatenate, .reshape: true
      case .transpose, .unfoldClassPosition, .foldClassPosition: false
      }
    }
  }
}

extension WeightsError.Code {
  /// A tensor's shape does not fit the operation of its rule.
  public static let remapShape = Self("remap.shape")
}

extension Transform.Step {
  var inverse: Self {
    switch self {
    case .split(let axis, let parts): .concatenate(axis: axis, parts: parts)
    case .concatenate(let axis, let parts): .split(axis: axis, parts: parts)
    case .transpose(let order): .transpose(order: Self.inverse(of: order))
    case .reshape(let from, let to): .reshape(from: to, to: from)
    case .unfoldClassPosition: .foldClassPosition
    case .foldClassPosition: .unfoldClassPosition
    }
  }

  static func inverse(of order: [Int]) -> [Int] {
    var inverse = [Int](repeating: 0, count: order.count)
    for (position, axis) in order.enumerated() { inverse[axis] = position }
    return inverse
  }

  func apply(to shapes: [Shape]) throws(WeightsError) -> [Shape] {
    switch self {
    case .split(let axis, let parts):
      guard shapes.count == 1, parts > 0, axis < shapes[0].rank, shapes[0][axis] % parts == 0
      else { throw misfit(shapes, "one tensor whose axis \(axis) divides into \(parts) parts") }
      var part = shapes[0].dimensions
      part[axis] /= parts
      return Array(repeating: Shape(part), count: parts)
    case .concatenate(let axis, let parts):
      guard let first = shapes.first, shapes.count == parts, axis < first.rank,
        shapes.allSatisfy({ $0 == first })
      else { throw misfit(shapes, "\(parts) tensors of one shape") }
      var whole = first.dimensions
      let (extent, overflow) = whole[axis].multipliedReportingOverflow(by: parts)
      whole[axis] = extent
      guard !overflow, let shape = Shape(checking: whole) else {
        throw misfit(shapes, "extents whose product fits 63 bits")
      }
      return [shape]
    case .transpose(let order):
      var result: [Shape] = []
      for shape in shapes {
        guard shape.rank == order.count else { throw misfit(shapes, "rank \(order.count)") }
        result.append(Shape(order.map { shape[$0] }))
      }
      return result
    case .reshape(let from, let to):
      guard shapes.allSatisfy({ $0 == from }), from.elementCount == to.elementCount else {
        throw misfit(shapes, "\(from) with as many elements as \(to)")
      }
      return shapes.map { _ in to }
    case .unfoldClassPosition:
      let (cls, positions) = try classAndPositions(shapes)
      return [cls, Shape([1, positions[1] + 1, positions[2]])]
    case .foldClassPosition:
      let (cls, positions) = try classAndPositions(shapes)
      guard positions[1] > 0 else { throw misfit(shapes, "at least one position") }
      return [cls, Shape([1, positions[1] - 1, positions[2]])]
    }
  }

  private func classAndPositions(_ shapes: [Shape]) throws(WeightsError) -> (Shape, Shape) {
    guard shapes.count == 2, shapes[0].rank == 3, shapes[1].rank == 3, shapes[0][0] == 1,
      shapes[0][1] == 1, shapes[1][0] == 1, shapes[0][2] == shapes[1][2],
      shapes[1][1] < Int32.max
    else { throw misfit(shapes, "a class token [1, 1, D] and positions [1, N, D]") }
    return (shapes[0], shapes[1])
  }

  private func misfit(_ shapes: [Shape], _ expected: String) -> WeightsError {
    let found = shapes.map(\.description).joined(separator: ", ")
    return WeightsError(.remapShape, "the operation needs \(expected), found \(found)")
  }
}

extension Transform {
  /// The same steps for matrices that correspond to the inputs row by row, such as the scales of
  /// quantized rows; nil where the transform does anything but split and join rows.
  ///
  /// - Parameter inputs: the shapes of those matrices, one for each input.
  /// - Throws: `remap.shape` where they do not fit.
  public func ofRows(_ inputs: [Shape]) throws(WeightsError) -> Transform? {
    let movesRows = steps.allSatisfy { step in
      switch step {
      case .split(axis: 0, _), .concatenate(axis: 0, _): true
      default: false
      }
    }
    let areMatrices = (self.inputs + inputs).allSatisfy { $0.rank == 2 }
    guard movesRows, areMatrices else { return nil }
    return try Transform(inputs: inputs, steps: steps)
  }
}
