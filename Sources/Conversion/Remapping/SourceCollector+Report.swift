import DVLADiagnostics
import DVLATensors

/// What does not fit.
extension SourceCollector {
  mutating func reportAbsentParts(
    _ rule: NamingRule, _ instance: RuleInstance, _ source: Int
  ) {
    let prefix = sources[source].recognition.prefix
    for (pattern, info) in zip(rule.sources, instance.sources) where info == nil {
      guard let name = pattern.name(instance.bindings) else { continue }
      report.missing.append(.init(source: source, tensor: TensorName(prefix + name.string)))
    }
  }

  /// Dropped tensors whose shape the manifest states, under the source's own configuration keys.
  mutating func checkDropped(
    _ source: Int, _ recognition: Recognition, _ configuration: Configuration
  ) throws(WeightsError) {
    // Of a component that another source gives, the configuration says nothing about this source.
    let local = library.components.translate(
      configuration, from: family, to: recognition.family, taken: taken[source])
    for instance in recognition.instances {
      guard case .drop(let drop) = recognition.manifest.rules[instance.rule].disposition,
        let expressions = drop.shape, let info = instance.sources.first ?? nil
      else { continue }
      var expected: [Int] = []
      for expression in expressions {
        guard let extent = try expression.value({ local.integer($0) }) else { break }
        expected.append(extent)
      }
      guard expected.count == expressions.count, expected != info.shape.dimensions else { continue }
      report.misshapen.append(
        .init(
          source: source, tensor: info.name,
          problem: "expected \(expected), found \(info.shape)"))
    }
  }

  /// Rules that hit nothing though they must. Those that leave a layout tensor missing are
  /// reported by it.
  private mutating func reportIdleRules(_ source: Int, _ wanted: [TensorName]) {
    let recognition = sources[source].recognition
    let busy = Set(recognition.instances.map(\.rule))
    let idle = recognition.manifest.rules.enumerated().filter { position, rule in
      !busy.contains(position) && !rule.isOptional && !rule.sources.isEmpty
    }
    guard !idle.isEmpty else { return }
    let wanted = wanted.compactMap { localName(of: $0, source: source).map(NameComponents.init) }
    for (_, rule) in idle {
      let isTaken = rule.targets.allSatisfy {
        let component = library.components.component(
          of: TensorName($0.description), in: recognition.family)
        return component.map(taken[source].contains) ?? false
      }
      let isReported = wanted.contains { name in
        rule.targets.contains { $0.match(name) != nil }
      }
      if isTaken && !isReported {
        report.idleRules.append((source, "\(recognition.prefix)\(rule.sources[0])"))
      }
    }
  }

  /// What is left once the layout has its tensors.
  mutating func reportLeftovers(_ wanted: [TensorName]) {
    for source in sources.indices { reportIdleRules(source, wanted) }
    let wanted = Set(wanted)
    let left = provided.filter { !wanted.contains($0.key) }.sorted { $0.key < $1.key }
    var seen: Set<[TensorName]> = []
    for (_, tensor) in left where seen.insert(tensor.inputs).inserted {
      report.unexpected += tensor.inputs.map { .init(source: tensor.source, tensor: $0) }
    }
  }

  mutating func report(misshapen tensor: ProvidedTensor, _ name: TensorName, expected: Shape) {
    let isWhole = tensor.transform.steps.isEmpty
    report.misshapen.append(
      .init(
        source: tensor.source, tensor: isWhole ? tensor.inputs[0] : name,
        problem: "expected \(expected), found \(tensor.shape)"))
  }

  /// Notes that no source has a layout tensor.
  mutating func report(missing name: TensorName) {
    guard !faulty.contains(name) else { return }
    for (index, source) in sources.enumerated() {
      let recognition = source.recognition
      guard let local = localName(of: name, source: index) else { continue }
      guard let hit = try? makers[index].hit(NameComponents(local)),
        let first = recognition.manifest.rules[hit.rule].sources.first?.name(hit.bindings)
      else { continue }
      report.missing.append(
        .init(source: index, tensor: TensorName(recognition.prefix + first.string)))
      return
    }
    report.missing.append(.init(source: nil, tensor: name))
  }

  /// What the source's manifest fills a layout tensor with, where it says that its naming lacks
  /// the tensor.
  func initialValue(of name: TensorName) -> (value: InitialValue, reason: String)? {
    for (index, source) in sources.enumerated() {
      guard let local = localName(of: name, source: index) else { continue }
      guard let hit = try? makers[index].hit(NameComponents(local)),
        case .initialise(let value, let reason) =
          source.recognition.manifest.rules[hit.rule].disposition
      else { continue }
      return (value, reason)
    }
    return nil
  }

  /// Whether a source gives the component that a layout tensor belongs to, and the tensor is not
  /// reported for what is wrong with it.
  func isGiven(_ name: TensorName) -> Bool {
    !faulty.contains(name) && sources.indices.contains { localName(of: name, source: $0) != nil }
  }

  /// A layout tensor's name in the family of a source that its component is taken from.
  private func localName(of name: TensorName, source: Int) -> TensorName? {
    guard let component = library.components.component(of: name, in: family),
      taken[source].contains(component)
    else { return nil }
    return library.components.translate(
      name, from: family, to: sources[source].recognition.family)
  }
}
