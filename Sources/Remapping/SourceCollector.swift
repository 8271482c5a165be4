import Diagnostics
import TensorCore

/// Turns the rule instances of recognised sources into provided layout tensors, ledger entries
/// and kept leftovers.
///
/// It works in two passes, since a reshape is written in terms of the configuration, which is
/// learnt from the shapes of everything else.
struct SourceCollector {
  let library: ManifestLibrary
  let family: String
  let keepsUnused: Bool

  var provided: [TensorName: ProvidedTensor] = [:]
  var initialised: [TensorName: (value: InitialValue, reason: String)] = [:]
  var unused: [PlannedTensor] = []
  var ledger: [LedgerEntry] = []
  private var fates: [[TensorName: LedgerEntry.Fate]] = []

  init(library: ManifestLibrary, family: String, keepsUnused: Bool) {
    self.library = library
    self.family = family
    self.keepsUnused = keepsUnused
  }

  /// Shapes by layout name, for learning the configuration.
  var shapes: [TensorName: Shape] { provided.mapValues(\.shape) }

  private var deferred: [(source: Int, instance: RuleInstance, taken: Set<String>)] = []

  mutating func collectNames(
    _ source: RemapPlanner.Source, index: Int, taken: Set<String>
  ) throws(WeightsError) {
    fates.append([:])
    let recognition = source.recognition
    for instance in recognition.instances {
      if recognition.manifest.rules[instance.rule].needsConfiguration {
        deferred.append((index, instance, taken))
      } else {
        do {
          try collect(instance, of: recognition, index, taken, nil)
        } catch { throw error.inFile(source.label) }
      }
    }
    for rule in recognition.manifest.rules {
      guard case .initialise(let value, let reason) = rule.disposition else { continue }
      for target in rule.targets {
        guard let name = target.name(Bindings()),
          let translated = translate(name, recognition, taken)
        else { continue }
        initialised[translated] = (value, reason)
      }
    }
  }

  mutating func finish(
    _ sources: [RemapPlanner.Source], _ configuration: Configuration
  ) throws(WeightsError) {
    for (index, instance, taken) in deferred {
      do {
        try collect(instance, of: sources[index].recognition, index, taken, configuration)
      } catch { throw error.inFile(sources[index].label) }
    }
    for (index, source) in sources.enumerated() {
      for tensor in source.recognition.tensors {
        if let fate = fates[index][tensor.name] {
          ledger.append(LedgerEntry(source: index, tensor: tensor, fate: fate))
        }
      }
    }
  }

  private func translate(
    _ name: TensorName, _ recognition: Recognition, _ taken: Set<String>
  ) -> TensorName? {
    let table = library.components
    guard let component = table.component(of: name, in: recognition.family),
      taken.contains(component)
    else { return nil }
    return table.translate(name, from: recognition.family, to: family)
  }

  private mutating func collect(
    _ instance: RuleInstance, of recognition: Recognition, _ source: Int, _ taken: Set<String>,
    _ configuration: Configuration?
  ) throws(WeightsError) {
    let rule = recognition.manifest.rules[instance.rule]
    let present = instance.sources.compactMap(\.self)
    switch rule.disposition {
    case .drop(let rule):
      for info in present {
        let kept = rule.canonicalName.name(instance.bindings).map {
          TensorName(unusedPrefix + $0.string)
        }
        drop(info, source, rule.reason, keptAs: kept)
      }
    case .initialise: break
    case .tie(let policy, _):
      guard let primary = present.first, let target = rule.targets[0].name(instance.bindings)
      else { return }
      guard let name = translate(target, recognition, taken) else {
        for info in present { fates[source][info.name] = notTaken(target, recognition) }
        return
      }
      try provide(name, primary.shape, [primary.name], .identity(primary.shape), 0, source)
      fates[source][primary.name] = .used([name])
      for copy in present.dropFirst() {
        fates[source][copy.name] = .tied(
          to: name, primary: primary.name, mustEqual: policy == .equal)
      }
    case .map:
      let targets = rule.targets.compactMap { $0.name(instance.bindings) }
      guard present.count == rule.sources.count else {
        // The rest of the parts is missing; the parts that are here are not unexpected.
        for info in present { fates[source][info.name] = .used(targets) }
        return
      }
      let transform: Transform
      do {
        transform = try Transform(
          inputs: present.map(\.shape), steps: try rule.steps(configuration))
      } catch { throw error.inTensor(present[0].name.string) }
      var used: [TensorName] = []
      for (output, target) in targets.enumerated() {
        guard let name = translate(target, recognition, taken) else { continue }
        try provide(
          name, transform.outputs[output], present.map(\.name), transform, output, source)
        used.append(name)
      }
      for info in present {
        fates[source][info.name] =
          used.isEmpty ? notTaken(targets[0], recognition) : .used(used)
      }
    }
  }

  private func notTaken(_ target: TensorName, _ recognition: Recognition) -> LedgerEntry.Fate {
    let component = library.components.component(of: target, in: recognition.family)
    return .notTaken(component: component ?? target.string)
  }

  private mutating func provide(
    _ name: TensorName, _ shape: Shape, _ inputs: [TensorName], _ transform: Transform,
    _ output: Int, _ source: Int
  ) throws(WeightsError) {
    let tensor = ProvidedTensor(
      shape: shape,
      origin: .source(source, inputs: inputs, transform: transform, output: output),
      inputs: inputs)
    guard provided.updateValue(tensor, forKey: name) == nil else {
      throw WeightsError(
        .manifestConflict, tensor: inputs[0].string, "two rules produce layout tensor \(name)")
    }
  }

  private mutating func drop(
    _ info: TensorInfo, _ source: Int, _ reason: String, keptAs kept: TensorName?
  ) {
    let kept = keepsUnused ? kept : nil
    fates[source][info.name] = .dropped(reason: reason, keptAs: kept)
    guard let kept else { return }
    unused.append(
      PlannedTensor(
        name: kept, shape: info.shape,
        origin: .source(
          source, inputs: [info.name], transform: .identity(info.shape), output: 0),
        unusedReason: reason))
  }

  /// Names no rule knows, and layout names that the layout does not have.
  func unexpected(_ sources: [RemapPlanner.Source]) -> [(source: Int, tensor: TensorName)] {
    var result: [(source: Int, tensor: TensorName)] = []
    for (index, source) in sources.enumerated() {
      result += source.recognition.unexpected.map { (index, $0) }
    }
    let left = provided.values.sorted { ($0.inputs.first ?? "") < ($1.inputs.first ?? "") }
    for tensor in left {
      if case .source(let index, let inputs, _, _) = tensor.origin {
        result += inputs.map { (index, $0) }
      }
    }
    return result
  }

  /// The source names that would have made a layout tensor.
  func expectedSources(
    of name: TensorName, _ sources: [RemapPlanner.Source]
  ) -> [TensorName] {
    for source in sources {
      let recognition = source.recognition
      guard
        let local = library.components.translate(name, from: family, to: recognition.family)
      else { continue }
      let names = recognition.manifest.sourceNames(of: local)
      if !names.isEmpty { return names.map { TensorName(recognition.prefix + $0.string) } }
    }
    return []
  }
}

extension NamingManifest {
  /// The names under which this naming has a layout tensor; empty where it has none.
  func sourceNames(of layoutName: TensorName) -> [TensorName] {
    let components = NameComponents(layoutName)
    for rule in rules {
      for target in rule.targets {
        guard let bindings = target.match(components) else { continue }
        return rule.sources.compactMap { $0.name(bindings) }
      }
    }
    return []
  }
}
