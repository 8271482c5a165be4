import DVLATensors

/// Gives each layout tensor of a bundle its origin: a source, or values to initialise it with. What
/// does not fit between the sources and the layout is reported.
struct LayoutAssignment {
  private(set) var tensors: [PlannedTensor] = []
  /// Tensors that no source has and no output depends on.
  private(set) var absent: [TensorName] = []
  private(set) var report: CoverageReport

  private let names: SourceNames
  private let provided: [TensorName: ProvidedTensor]
  private let faulty: Set<TensorName>

  /// - Parameters:
  ///   - wanted: all tensors of the layout.
  ///   - initialisesMissing: whether tensors that no source has are initialised and not missing.
  init(
    _ collector: SourceCollector, _ names: SourceNames, _ wanted: [LayoutTensor],
    initialisesMissing: Bool
  ) {
    self.names = names
    provided = collector.provided
    faulty = collector.faulty
    report = collector.report
    for tensor in wanted { assign(tensor, initialisesMissing) }
    // Where a whole layer is missing, its tensors that no output depends on are missing too.
    if !report.missing.isEmpty {
      for name in absent { reportMissing(name) }
    }
    reportLeftovers(wanted.map(\.name))
  }

  private mutating func assign(_ tensor: LayoutTensor, _ initialisesMissing: Bool) {
    let origin: PlannedTensor.Origin
    if let provided = provided[tensor.name] {
      if provided.shape != tensor.shape { reportMisshapen(provided, tensor) }
      origin = provided.origin
    } else if let constant = initialValue(of: tensor.name) {
      origin = .initialised(constant.value, reason: constant.reason)
    } else if let reason = tensor.unusedReason, isGiven(tensor.name) {
      // A checkpoint without it computes the same, so it becomes zeros.
      absent.append(tensor.name)
      origin = .initialised(.zeros, reason: "absent from the source, and \(reason)")
    } else if initialisesMissing {
      origin = .initialised(tensor.initial, reason: "no source has it")
    } else {
      reportMissing(tensor.name)
      return
    }
    tensors.append(
      PlannedTensor(
        name: tensor.name, shape: tensor.shape, origin: origin, unusedReason: tensor.unusedReason))
  }

  /// The value that a source's manifest gives a layout tensor which its naming does not have.
  private func initialValue(of name: TensorName) -> (value: InitialValue, reason: String)? {
    for source in names.sources.indices {
      guard let maker = names.maker(of: name, in: source),
        case .initialise(let value, let reason) = maker.rule.disposition
      else { continue }
      return (value, reason)
    }
    return nil
  }

  /// Whether the component of a layout tensor is taken from a source, and nothing is reported about
  /// the tensor already.
  private func isGiven(_ name: TensorName) -> Bool {
    !faulty.contains(name)
      && names.sources.indices.contains { names.localName(of: name, in: $0) != nil }
  }

  private mutating func reportMisshapen(_ found: ProvidedTensor, _ expected: LayoutTensor) {
    let isWhole = found.transform.steps.isEmpty
    report.misshapen.append(
      .init(
        source: found.source, tensor: isWhole ? found.inputs[0] : expected.name,
        problem: "expected \(expected.shape), found \(found.shape)"))
  }

  /// Reports a layout tensor that no source has, under the name that a source would have for it.
  private mutating func reportMissing(_ name: TensorName) {
    guard !faulty.contains(name) else { return }
    for (index, source) in names.sources.enumerated() {
      guard let maker = names.maker(of: name, in: index),
        let first = maker.rule.sources.first?.name(maker.bindings)
      else { continue }
      report.missing.append(
        .init(source: index, tensor: TensorName(source.recognition.prefix + first.string)))
      return
    }
    report.missing.append(.init(source: nil, tensor: name))
  }

  /// Reports rules that match nothing though they must, and provided tensors that the layout does
  /// not have.
  private mutating func reportLeftovers(_ wanted: [TensorName]) {
    for source in names.sources.indices { reportIdleRules(source, wanted) }
    let wanted = Set(wanted)
    let left = provided.filter { !wanted.contains($0.key) }.sorted { $0.key < $1.key }
    var seen: Set<[TensorName]> = []
    for (_, tensor) in left where seen.insert(tensor.inputs).inserted {
      report.unexpected += tensor.inputs.map { .init(source: tensor.source, tensor: $0) }
    }
  }

  /// Rules that leave a layout tensor missing are reported by that tensor, and not here.
  private mutating func reportIdleRules(_ source: Int, _ wanted: [TensorName]) {
    let recognition = names.sources[source].recognition
    let busy = Set(recognition.instances.map(\.rule))
    let idle = recognition.manifest.rules.enumerated().filter { position, rule in
      !busy.contains(position) && !rule.isOptional && !rule.sources.isEmpty
    }
    guard !idle.isEmpty else { return }
    let wanted = wanted.compactMap { names.localName(of: $0, in: source).map(NameComponents.init) }
    for (_, rule) in idle {
      let isTaken = rule.targets.allSatisfy {
        let component = names.library.components.component(
          of: TensorName($0.description), in: recognition.family)
        return component.map(names.taken[source].contains) ?? false
      }
      let isReported = wanted.contains { name in
        rule.targets.contains { $0.match(name) != nil }
      }
      if isTaken && !isReported {
        report.idleRules.append((source, "\(recognition.prefix)\(rule.sources[0])"))
      }
    }
  }
}
