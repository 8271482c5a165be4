public import DVLADiagnostics
import DVLAJSON
public import DVLATensors

/// One tensor of a layout under a configuration.
public struct LayoutTensor: Sendable, Hashable {
  public let name: TensorName
  public let shape: Shape
  public let unusedReason: String?
  public let initial: InitialValue
}

/// The values of a tensor that no source has.
public enum InitialValue: Sendable, Hashable {
  case zeros
  case ones
  /// Normal with mean 0 and this standard deviation.
  case normal(deviation: Double)
}

extension InitialValue {
  init(_ reader: JSONReader) throws(WeightsError) {
    switch reader.value.string {
    case "zeros": self = .zeros
    case "ones": self = .ones
    default:
      let object = try reader.object(allowing: ["normal"])
      let deviation = try object.required("normal").number()
      guard deviation > 0, deviation <= 1 else {
        throw reader.mismatch("a standard deviation above 0 and at most 1")
      }
      self = .normal(deviation: deviation)
    }
  }
}

extension LayoutDefinition {
  /// More layers than any model of these families has, so that a name such as `layers.9999999`
  /// does not make a plan of ten million tensors.
  static let maximumRepetitions = 1024

  /// The keys without value that the shapes and counts of the tensors depend on. For a key that is
  /// derived from others, the result has those others.
  func keysWithoutValue(under configuration: Configuration) -> Set<String> {
    var open: Set<String> = []
    for template in tensors where template.exists(under: configuration) {
      let expressions = template.shape + (template.repetition.map { [$0.count] } ?? [])
      for name in expressions.flatMap(\.names) where configuration.integer(name) == nil {
        open.formUnion(roots(of: name, under: configuration))
      }
    }
    return open
  }

  private func roots(of name: String, under configuration: Configuration) -> Set<String> {
    guard let key = keys.first(where: { $0.name == name }) else { return [name] }
    if let other = key.sameAs { return roots(of: other, under: configuration) }
    guard case .single(let expression)? = key.derived?.value else { return [name] }
    // A rule for a key that was not given names that key itself.
    let others = expression.names.filter { $0 != name && configuration.integer($0) == nil }
    guard !others.isEmpty else { return [name] }
    return others.reduce(into: []) { $0.formUnion(roots(of: $1, under: configuration)) }
  }

  /// Every tensor of the layout, in the order the forward first needs them.
  ///
  /// - Throws: `remap.ask` when a shape depends on a key without value; `remap.configuration` when
  ///   it does not fit an `Int`.
  public func tensors(under configuration: Configuration) throws(WeightsError) -> [LayoutTensor] {
    var result: [LayoutTensor] = []
    var index = 0
    while index < tensors.count {
      // Templates of one repetition form a group: all of layer 0, then all of layer 1.
      let group = tensors[index...].prefix {
        $0.repetition?.entry == tensors[index].repetition?.entry
      }
      index += group.count
      guard let repetition = group.first?.repetition else {
        for template in group {
          try template.append(to: &result, Bindings(), configuration, family)
        }
        continue
      }
      let count = try repetition.count.required(configuration)
      guard count <= Self.maximumRepetitions else {
        throw WeightsError(
          .remapConfiguration,
          "\(family): \(repetition.count) is \(count), expected at most \(Self.maximumRepetitions)")
      }
      for i in 0..<count {
        for template in group {
          try template.append(
            to: &result, Bindings(indices: [repetition.variable: i]), configuration, family)
        }
      }
    }
    return result
  }
}

extension LayoutDefinition.TensorTemplate {
  fileprivate func exists(under configuration: Configuration) -> Bool {
    condition?.holds(under: configuration) ?? true
  }

  fileprivate func append(
    to result: inout [LayoutTensor], _ bindings: Bindings, _ configuration: Configuration,
    _ family: String
  ) throws(WeightsError) {
    guard exists(under: configuration) else { return }
    guard let name = pattern.name(bindings) else {
      throw WeightsError(
        .manifestSyntax, "\(family): layout tensor \(pattern) has a variable without a repetition")
    }
    var dimensions: [Int] = []
    for expression in shape {
      dimensions.append(try expression.required(configuration))
    }
    guard let shape = Shape(checking: dimensions) else {
      throw WeightsError(
        .remapConfiguration, tensor: name.string, "shape \(dimensions) overflows 63 bits")
    }
    result.append(
      LayoutTensor(name: name, shape: shape, unusedReason: unusedReason, initial: initial))
  }
}

extension Expression {
  /// The value under a configuration that must have every key.
  ///
  /// - Throws: `remap.ask` for keys without value; `manifest.arithmetic`.
  func required(_ configuration: Configuration) throws(WeightsError) -> Int {
    guard let value = try value({ configuration.integer($0) }) else {
      let open = names.filter { configuration.integer($0) == nil }.sorted()
      throw .undetermined(open)
    }
    return value
  }
}

extension WeightsError {
  /// Nothing but the user can determine these keys.
  static func undetermined(
    _ keys: [String], file: String? = nil, details: [String] = []
  ) -> WeightsError {
    WeightsError(
      .remapAsk, .usage, file: file,
      "cannot determine \(keys.joined(separator: ", ")) from the tensors, config.json or a "
        + "published variant",
      details: details, remedies: [.set(keys: keys)])
  }
}

extension WeightsError.Code {
  /// A configuration value that this toolkit does not compute, or that fits no tensor.
  public static let remapConfiguration = Self("remap.configuration")
}
