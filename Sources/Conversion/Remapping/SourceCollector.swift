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

/// Turns the rule instances of recognised sources into provided layout tensors, ledger entries
/// and kept leftovers.
///
/// It works in two passes, since a reshape is written in terms of the configuration, which is
/// learnt from the shapes of everything else.
struct SourceCollector {
  let library: ManifestLibrary
  let family: String
  let keepsUnused: Bool
  let sources: [RemapPlanner.Source]
  /// For each source, the components that are taken from it.
  let taken: [Set<String>]

  private(set) var provided: [TensorName: ProvidedTensor] = [:]
  /// Tensors that no forward reads, kept for a round trip.
  private(set) var unused: [PlannedTensor] = []
  private(set) var ledger: [LedgerEntry] = []
  var report: CoverageReport
  /// Layout tensors whose sources do not fit: reported for that, and not as missing.
  private(set) var faulty: Set<TensorName> = []
  private var fates: [[TensorName: LedgerEntry.Fate]]
  /// For each source, its rules by what they make.
  let makers: [RuleIndex]
  private var deferred: [(source: Int, instance: RuleInstance)] = []

  init(
    library: ManifestLibrary, family: String, keepsUnused: Bool, sources: [RemapPlanner.Source],
    taken: [Set<String>]
  ) {
    self.library = library
    self.family = family
    self.keepsUnused = keepsUnused
    self.sources = sources
    self.taken = taken
    report = CoverageReport(family: family)
    makers = sources.map { RuleIndex($0.recognition.manifest.rules, by: \.targets) }
    fates = Array(repeating: [:], count: sources.count)
  }

  /// Shapes by layout name, for learning the configuration.
  var shapes: [TensorName: Shape] { provided.mapValues(\.shape) }

  /// The first pass: everything but what needs the configuration.
  ///
  /// - Throws: `manifest.conflict` when two rules make one layout tensor.
  mutating func collect() throws(WeightsError) {
    for (index, source) in sources.enumerated() {
      let recognition = source.recognition
      report.unexpected += recognition.unexpected.map { .init(source: index, tensor: $0) }
      for entry in recognition.aside {
        fates[index][entry.tensor.name] = .dropped(reason: entry.reason, keptAs: nil)
      }
      for instance in recognition.instances {
        if recognition.manifest.rules[instance.rule].needsConfiguration {
          deferred.append((index, instance))
        } else {
          do { try collect(instance, index, nil) } catch { throw error.inFile(source.label) }
        }
      }
    }
  }

  /// The second pass, with the ledger.
  mutating func finish(_ configuration: Configuration) throws(WeightsError) {
    for (index, instance) in deferred {
      do { try collect(instance, index, configuration) } catch {
        throw error.inFile(sources[index].label)
      }
    }
    for (index, source) in sources.enumerated() {
      let local = library.components.translate(
        configuration, from: family, to: source.recognition.family, taken: taken[index])
      for instance in source.recognition.instances {
        do { try separate(instance, index, local) } catch { throw error.inFile(source.label) }
      }
    }
    for (index, source) in sources.enumerated() {
      for tensor in source.recognition.tensors {
        if let fate = fates[index][tensor.name] {
          ledger.append(LedgerEntry(source: index, tensor: tensor, fate: fate))
        }
      }
      try checkDropped(index, source.recognition, configuration)
    }
  }

  private func translate(_ name: TensorName, _ source: Int) -> TensorName? {
    let recognition = sources[source].recognition
    let table = library.components
    guard let component = table.component(of: name, in: recognition.family),
      taken[source].contains(component)
    else { return nil }
    return table.translate(name, from: recognition.family, to: family)
  }

  private mutating func collect(
    _ instance: RuleInstance, _ source: Int, _ configuration: Configuration?
  ) throws(WeightsError) {
    let rule = sources[source].recognition.manifest.rules[instance.rule]
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
      let names = targets.compactMap { translate($0, source) }
      for info in present {
        fates[source][info.name] =
          names.isEmpty ? notTaken(targets[0], source) : .used(names)
      }
      guard !names.isEmpty else { return }
      guard present.count == rule.sources.count else {
        reportAbsentParts(rule, instance, source)
        faulty.formUnion(names)
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
        faulty.formUnion(names)
        return
      }
      for (output, target) in targets.enumerated() {
        guard let name = translate(target, source) else { continue }
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
    guard let name = translate(target, source) else {
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
            problem: "is another name of \(primary.name.string.quoted), expected its shape "
              + "\(primary.shape), found \(copy.shape)"))
      }
    }
  }

  /// Two names that the configuration does not tie are two tensors.
  private mutating func separate(
    _ instance: RuleInstance, _ source: Int, _ configuration: Configuration
  ) throws(WeightsError) {
    let rule = sources[source].recognition.manifest.rules[instance.rule]
    guard let untied = rule.untied, untied.holds(under: configuration),
      let first = rule.targets[0].name(instance.bindings),
      let second = untied.target.name(instance.bindings),
      let firstName = translate(first, source), let secondName = translate(second, source)
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
    // A copy of another shape is no copy.
    report.misshapen.removeAll { misfit in
      misfit.source == source && instance.sources.contains { $0?.name == misfit.tensor }
    }
  }

  private func notTaken(_ target: TensorName, _ source: Int) -> LedgerEntry.Fate {
    let component = library.components.component(
      of: target, in: sources[source].recognition.family)
    return .notTaken(component: component ?? target.string)
  }

  private mutating func provide(
    _ name: TensorName, _ tensor: ProvidedTensor
  ) throws(WeightsError) {
    guard provided.updateValue(tensor, forKey: name) == nil else {
      throw WeightsError(
        .manifestConflict, tensor: tensor.inputs[0].string,
        "two rules produce layout tensor \(name)")
    }
  }

  private mutating func leaveOut(
    _ info: TensorInfo, _ source: Int, _ reason: String, keptAs canonical: TensorName?
  ) {
    let name = canonical.map { TensorName(unusedPrefix + $0.string) }
    // Two sources may both have it; one is enough.
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
}
