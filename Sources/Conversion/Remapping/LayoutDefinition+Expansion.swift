public import DVLADiagnostics
import DVLATensors

extension LayoutDefinition {
  /// More layers than any model of these families has; a name such as `layers.9999999` must not
  /// make a plan of ten million tensors.
  static let maximumRepetitions = 1024

  /// The keys that the tensors' shapes and counts need and that have no value, where a key that
  /// follows from others stands for those.
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
    // A rule that holds where a key is not given names that key itself.
    let others = expression.names.filter { $0 != name && configuration.integer($0) == nil }
    guard !others.isEmpty else { return [name] }
    return others.reduce(into: []) { $0.formUnion(roots(of: $1, under: configuration)) }
  }

  /// Every tensor of the layout, in the order the forward first needs them.
  ///
  /// - Throws: `remap.configuration` when a shape needs a key that has no value, or does not fit
  ///   an `Int`.
  public func tensors(under configuration: Configuration) throws(WeightsError) -> [LayoutTensor] {
    var result: [LayoutTensor] = []
    var index = 0
    while index < tensors.count {
      // Templates of one repetition stand together: layer 0 complete, then layer 1.
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
      let count = try repetition.count.required(configuration, family)
      guard count <= Self.maximumRepetitions else {
        throw WeightsError(
          .remapConfiguration,
          "\(family): \(repetition.count) is \(count), more than \(Self.maximumRepetitions)")
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
        .manifestSyntax, "\(family): layout tensor \(pattern) has a variable that nothing repeats")
    }
    var dimensions: [Int] = []
    for expression in shape {
      dimensions.append(try expression.required(configuration, family))
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
  func required(_ configuration: Configuration, _ family: String) throws(WeightsError) -> Int {
    guard let value = try value({ configuration.integer($0) }) else {
      let open = names.filter { configuration.integer($0) == nil }.sorted()
      throw WeightsError(
        .remapAsk, .usage,
        "no tensor, config.json or published variant tells "
          + open.joined(separator: ", ") + "; say "
          + open.map { "--set \($0)=…" }.joined(separator: " "))
    }
    return value
  }
}

extension WeightsError.Code {
  /// The configuration lacks a value, or has one that no tensor fits.
  public static let remapConfiguration = Self("remap.configuration")
}
