import Diagnostics
import TensorCore

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
  private(set) var report: CoverageReport
  /// Layout tensors whose sources do not fit: reported for that, and not as missing.
  private var faulty: Set<TensorName> = []
  private var fates: [[TensorName: LedgerEntry.Fate]]
  /// For each source, its rules by what they make.
  private let makers: [RuleIndex]
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

// MARK: - What does not fit

extension SourceCollector {
  private mutating func reportAbsentParts(
    _ rule: NamingRule, _ instance: RuleInstance, _ source: Int
  ) {
    let prefix = sources[source].recognition.prefix
    for (pattern, info) in zip(rule.sources, instance.sources) where info == nil {
      guard let name = pattern.name(instance.bindings) else { continue }
      report.missing.append(.init(source: source, tensor: TensorName(prefix + name.string)))
    }
  }

  /// Dropped tensors whose shape the manifest states, under the source's own configuration keys.
  private mutating func checkDropped(
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

  /// A layout tensor's name in the family of a source that its component is taken from.
  private func localName(of name: TensorName, source: Int) -> TensorName? {
    guard let component = library.components.component(of: name, in: family),
      taken[source].contains(component)
    else { return nil }
    return library.components.translate(
      name, from: family, to: sources[source].recognition.family)
  }
}
