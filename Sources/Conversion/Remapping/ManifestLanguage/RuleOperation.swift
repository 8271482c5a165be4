import DVLADiagnostics
import DVLAJSON
import DVLATensors

/// An operation as a manifest writes it, such as `{"transpose": [1, 0]}`. It becomes a
/// ``Transform/Step`` once the number of tensors is known.
enum RuleOperation: Sendable {
  case split(axis: Int)
  case concatenate(axis: Int)
  case transpose(order: [Int])
  case reshape(from: [Expression], to: [Expression])
  case foldClassPosition

  func step(
    sources: Int, targets: Int, configuration: Configuration?
  ) throws(WeightsError) -> Transform.Step {
    switch self {
    case .split(let axis): return .split(axis: axis, parts: targets)
    case .concatenate(let axis): return .concatenate(axis: axis, parts: sources)
    case .transpose(let order): return .transpose(order: order)
    case .foldClassPosition: return .unfoldClassPosition
    case .reshape(let from, let to):
      return .reshape(
        from: try Self.shape(from, configuration ?? Configuration()),
        to: try Self.shape(to, configuration ?? Configuration()))
    }
  }

  private static func shape(
    _ expressions: [Expression], _ configuration: Configuration
  ) throws(WeightsError) -> Shape {
    var dimensions: [Int] = []
    for expression in expressions {
      dimensions.append(try expression.required(configuration))
    }
    guard let shape = Shape(checking: dimensions) else {
      throw WeightsError(.remapConfiguration, "reshape to \(dimensions) overflows 63 bits")
    }
    return shape
  }
}

extension RuleOperation {
  init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object()
    guard object.object.count == 1, let (name, value) = object.members.first else {
      throw reader.mismatch("one operation")
    }
    switch name {
    case "split": self = .split(axis: try value.integer(in: 0...7))
    case "concatenate": self = .concatenate(axis: try value.integer(in: 0...7))
    case "fold_class_position": self = .foldClassPosition
    case "transpose":
      let order = try value.array().map { (axis) throws(WeightsError) in
        try axis.integer(in: 0...7)
      }
      guard order.sorted() == Array(order.indices) else {
        throw value.mismatch("a permutation of the axes")
      }
      self = .transpose(order: order)
    default:
      let shapes = try value.object(allowing: ["from", "to"])
      self = .reshape(
        from: try shapes.required("from").array().map(Expression.init(_:)),
        to: try shapes.required("to").array().map(Expression.init(_:)))
    }
  }
}
