import DVLADiagnostics
import DVLATensors

/// A layout tensor as a source provides it.
struct ProvidedTensor {
  let shape: Shape
  let source: Int
  let inputs: [TensorName]
  let transform: Transform
  let output: Int

  var origin: PlannedTensor.Origin {
    .source(source, inputs: inputs, transform: transform, output: output)
  }
}

/// Decides the fate of each tensor of the sources: applies the rules that recognition found, which
/// yields the provided layout tensors, the ledger, and the tensors kept for round trips.
///
/// It works in two passes, since a reshape depends on the configuration, which is determined from
/// the shapes of everything else.
struct SourceCollector {
  private let names: SourceNames
  private let keepsUnused: Bool

  private(set) var provided: [TensorName: ProvidedTensor] = [:]
  /// Tensors that no forward reads, kept for a round trip.
  private(set) var unused: [PlannedTensor] = []
  private(set) var ledger: [LedgerEntry] = []
  private(set) var report: CoverageReport
  /// Layout tensors whose sources do not fit: they are reported for that, and not as missing.
  private(set) var faulty: Set<TensorName> = []
  private var fates: [[TensorName: LedgerEntry.Fate]]
  private var deferred: [(source: Int, instance: RuleInstance)] = []

  init(_ names: SourceNames, keepsUnused: Bool) {
    self.names = names
    self.keepsUnused = keepsUnused
    report = CoverageReport(family: names.family)
    fates = Array(repeating: [:], count: names.sources.count)
  }

  /// Shapes by layout name, from which the configuration is determined.
  var shapes: [TensorName: Shape] { provided.mapValues(\.shape) }

  /// What is unexpected whatever the configuration is: also the tensors for which the naming has a
  /// rule, but the layout no name.
  func reportBeforeConfiguration(_ layout: LayoutDefinition) -> CoverageReport {
    var report = report
    let left = provided.filter { !layout.hasTensor(named: $0.key) }.sorted { $0.key < $1.key }
    var seen: Set<[TensorName]> = []
    for (_, tensor) in left where seen.insert(tensor.inputs).inserted {
      report.unexpected += tensor.inputs.map { .init(source: tensor.source, tensor: $0) }
    }
    return report
  }

  /// The first pass: everything that does not depend on the configuration.
  ///
  /// - Throws: `manifest.conflict` when two rules make one layout tensor.
  mutating func collect() throws(WeightsError) {
    for (index, source) in names.sources.enumerated() {
      let recognition = source.recognition
      report.unexpected += recognition.unexpected.map { .init(source: index, tensor: $0) }
      for entry in recognition.aside {
        fates[index][entry.tensor.name] = .dropped(reason: entry.reason, keptAs: nil)
      }
      for instance in recognition.instances {
        if names.rule(of: instance, in: index).needsConfiguration {
          deferred.append((index, instance))
        } else {
          try inFile(source.label) { () throws(WeightsError) in
            try collect(instance, index, nil)
          }
        }
      }
    }
  }

  /// The second pass, which also completes the ledger.
  ///
  /// - Throws: `manifest.conflict` when two rules make one layout tensor; `remap.ask`.
  mutating func finish(_ configuration: Configuration) throws(WeightsError) {
    for (index, instance) in deferred {
      try inFile(names.sources[index].label) { () throws(WeightsError) in
        try collect(instance, index, configuration)
      }
    }
    for (index, source) in names.sources.enumerated() {
      let local = names.configuration(configuration, of: index)
      try inFile(source.label) { () throws(WeightsError) in
        for instance in source.recognition.instances { try separate(instance, index, local) }
      }
    }
    for (index, source) in names.sources.enumerated() {
      for tensor in source.recognition.tensors {
        if let fate = fates[index][tensor.name] {
          ledger.append(LedgerEntry(source: index, tensor: tensor, fate: fate))
        }
      }
      try checkDropped(index, names.configuration(configuration, of: index))
    }
  }

  private mutating func collect(
    _ instance: RuleInstance, _ source: Int, _ configuration: Configuration?
  ) throws(WeightsError) {
    let rule = names.rule(of: instance, in: source)
    let present = instance.sources.compactMap(\.self)
    switch rule.disposition {
    case .drop(let drop):
      let kept = drop.canonicalName.name(instance.bindings)
      for info in present { leaveOut(info, source, drop.reason, keptAs: kept) }
    case .initialise: break
    case .tie(let policy, _):
      try collectTie(rule, instance, source, present, policy)
    case .map:
      let targets = rule.targets.compactMap { $0.name(instance.bindings) }
      let made = targets.compactMap { names.bundleName(of: $0, in: source) }
      for info in present {
        fates[source][info.name] =
          made.isEmpty ? notTaken(targets[0], source) : .used(made)
      }
      guard !made.isEmpty else { return }
      guard present.count == rule.sources.count else {
        reportAbsentParts(rule, instance, source)
        faulty.formUnion(made)
        return
      }
      let transform: Transform
      do {
        transform = try Transform(
          inputs: present.map(\.shape), steps: try rule.steps(configuration))
      } catch {
        report.misshapen += present.map {
          .init(source: source, tensor: $0.name, problem: error.message)
        }
        faulty.formUnion(made)
        return
      }
      for (output, target) in targets.enumerated() {
        guard let name = names.bundleName(of: target, in: source) else { continue }
        try provide(
          name,
          ProvidedTensor(
            shape: transform.outputs[output], source: source, inputs: present.map(\.name),
            transform: transform, output: output))
      }
    }
  }

  private mutating func collectTie(
    _ rule: NamingRule, _ instance: RuleInstance, _ source: Int, _ present: [TensorInfo],
    _ policy: NamingRule.TiePolicy
  ) throws(WeightsError) {
    guard let primary = present.first, let target = rule.targets[0].name(instance.bindings) else {
      return
    }
    guard let name = names.bundleName(of: target, in: source) else {
      for info in present { fates[source][info.name] = notTaken(target, source) }
      return
    }
    try provide(
      name,
      ProvidedTensor(
        shape: primary.shape, source: source, inputs: [primary.name],
        transform: .identity(primary.shape), output: 0))
    fates[source][primary.name] = .used([name])
    for copy in present.dropFirst() {
      fates[source][copy.name] = .tied(
        to: name, primary: primary.name, mustEqual: policy == .equal)
      if copy.shape != primary.shape {
        report.misshapen.append(
          .init(
            source: source, tensor: copy.name,
            problem: "is another name of \(primary.name.string.quoted): expected its shape "
              + "\(primary.shape), found \(copy.shape)"))
      }
    }
  }

  /// Makes two tensors of two names that the configuration does not tie.
  private mutating func separate(
    _ instance: RuleInstance, _ source: Int, _ configuration: Configuration
  ) throws(WeightsError) {
    let rule = names.rule(of: instance, in: source)
    guard let untied = rule.untied, untied.holds(under: configuration),
      let first = rule.targets[0].name(instance.bindings),
      let second = untied.target.name(instance.bindings),
      let firstName = names.bundleName(of: first, in: source),
      let secondName = names.bundleName(of: second, in: source)
    else { return }
    provided[firstName] = nil
    for (info, name) in zip(instance.sources, [firstName, secondName]) {
      guard let info else { continue }
      fates[source][info.name] = .used([name])
      try provide(
        name,
        ProvidedTensor(
          shape: info.shape, source: source, inputs: [info.name],
          transform: .identity(info.shape), output: 0))
    }
    // A tensor of another shape was reported as a copy, which it is not.
    report.misshapen.removeAll { misfit in
      misfit.source == source && instance.sources.contains { $0?.name == misfit.tensor }
    }
  }

  private func notTaken(_ target: TensorName, _ source: Int) -> LedgerEntry.Fate {
    let component = names.library.components.component(
      of: target, in: names.sources[source].recognition.family)
    return .notTaken(component: component ?? target.string)
  }

  private mutating func provide(
    _ name: TensorName, _ tensor: ProvidedTensor
  ) throws(WeightsError) {
    guard provided.updateValue(tensor, forKey: name) == nil else {
      throw WeightsError(
        .manifestConflict, tensor: tensor.inputs[0].string,
        "two rules make the layout tensor \(name)")
    }
  }

  private mutating func leaveOut(
    _ info: TensorInfo, _ source: Int, _ reason: String, keptAs canonical: TensorName?
  ) {
    let name = canonical.map { TensorName(unusedPrefix + $0.string) }
    // Two sources may both have it, of which one is enough.
    guard keepsUnused, let name, !unused.contains(where: { $0.name == name }) else {
      fates[source][info.name] = .dropped(reason: reason, keptAs: nil)
      return
    }
    fates[source][info.name] = .dropped(reason: reason, keptAs: name)
    unused.append(
      PlannedTensor(
        name: name, shape: info.shape,
        origin: .source(
          source, inputs: [info.name], transform: .identity(info.shape), output: 0),
        unusedReason: reason))
  }

  // MARK: What does not fit

  private mutating func reportAbsentParts(
    _ rule: NamingRule, _ instance: RuleInstance, _ source: Int
  ) {
    let prefix = names.sources[source].recognition.prefix
    for (pattern, info) in zip(rule.sources, instance.sources) where info == nil {
      guard let name = pattern.name(instance.bindings) else { continue }
      report.missing.append(.init(source: source, tensor: TensorName(prefix + name.string)))
    }
  }

  /// Checks dropped tensors whose shape the manifest states.
  ///
  /// - Parameter configuration: under the keys of the source's family. It has nothing of components
  ///   that are taken from another source, as those say nothing about this one.
  private mutating func checkDropped(
    _ source: Int, _ configuration: Configuration
  ) throws(WeightsError) {
    for instance in names.sources[source].recognition.instances {
      guard case .drop(let drop) = names.rule(of: instance, in: source).disposition,
        let expressions = drop.shape, let info = instance.sources.first ?? nil
      else { continue }
      var expected: [Int] = []
      for expression in expressions {
        guard let extent = try expression.value({ configuration.integer($0) }) else { break }
        expected.append(extent)
      }
      guard expected.count == expressions.count, expected != info.shape.dimensions else { continue }
      report.misshapen.append(
        .init(
          source: source, tensor: info.name,
          problem: "expected \(expected), found \(info.shape)"))
    }
  }
}
