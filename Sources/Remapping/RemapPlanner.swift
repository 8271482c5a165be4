public import Diagnostics
import TensorCore

/// Composes one family's layout from recognised sources.
public struct RemapPlanner {
  /// A checkpoint under a label that errors name it by.
  public struct Source: Sendable {
    public let label: String
    public let recognition: Recognition

    public init(label: String, recognition: Recognition) {
      self.label = label
      self.recognition = recognition
    }
  }

  let library: ManifestLibrary
  let family: String
  let sources: [Source]
  /// Component to index of the source it is taken from, where the user says.
  let choices: [String: Int]
  let given: Configuration
  /// Whether tensors that no source has are initialised; else they are errors.
  let initialisesMissing: Bool
  /// Whether tensors that no forward reads are kept for a round trip.
  let keepsUnused: Bool
  /// Whether open questions may stay open: only names and shapes are held against the layout.
  let isProbe: Bool

  public init(
    library: ManifestLibrary, family: String, sources: [Source], choices: [String: Int] = [:],
    given: Configuration = Configuration(), initialisesMissing: Bool = false,
    keepsUnused: Bool = false
  ) {
    self.init(
      library: library, family: family, sources: sources, choices: choices, given: given,
      initialisesMissing: initialisesMissing, keepsUnused: keepsUnused, isProbe: false)
  }

  init(
    library: ManifestLibrary, family: String, sources: [Source], choices: [String: Int] = [:],
    given: Configuration = Configuration(), initialisesMissing: Bool = false,
    keepsUnused: Bool = false, isProbe: Bool
  ) {
    self.isProbe = isProbe
    self.library = library
    self.family = family
    self.sources = sources
    self.choices = choices
    self.given = given
    self.initialisesMissing = initialisesMissing
    self.keepsUnused = keepsUnused
  }

  /// - Throws: `remap.coverage` with every missing, unexpected and misshapen tensor at once;
  ///   `remap.several-sources` when two sources have one component and the user did not choose;
  ///   what ``ConfigurationResolver`` throws.
  public func plan() throws(WeightsError) -> RemapPlan {
    let layout = try library.layout(of: family)
    let taken = try componentsTaken()
    var collector = SourceCollector(
      library: library, family: family, keepsUnused: keepsUnused)
    for (index, source) in sources.enumerated() {
      try collector.collectNames(source, index: index, taken: taken[index])
    }
    var resolver = ConfigurationResolver(
      layout: layout, provided: collector.shapes, stated: statedConfiguration(taken),
      given: given, isProbe: isProbe)
    let configuration: Configuration
    do { configuration = try resolver.resolve() } catch { throw labelled(error) }
    try collector.finish(sources, configuration)

    let wanted = try layout.tensors(under: configuration)
    var report = CoverageReport(family: family)
    var tensors: [PlannedTensor] = []
    for tensor in wanted {
      if let provided = collector.provided.removeValue(forKey: tensor.name) {
        if provided.shape != tensor.shape {
          report.misshapen.append((tensor.name, provided, tensor.shape))
        }
        tensors.append(
          PlannedTensor(
            name: tensor.name, shape: tensor.shape, origin: provided.origin,
            unusedReason: tensor.unusedReason))
      } else if let constant = collector.initialised[tensor.name] {
        tensors.append(
          PlannedTensor(
            name: tensor.name, shape: tensor.shape,
            origin: .initialised(constant.value, reason: constant.reason),
            unusedReason: tensor.unusedReason))
      } else if initialisesMissing {
        tensors.append(
          PlannedTensor(
            name: tensor.name, shape: tensor.shape,
            origin: .initialised(tensor.initial, reason: "no source has it"),
            unusedReason: tensor.unusedReason))
      } else {
        report.missing.append((tensor.name, collector.expectedSources(of: tensor.name, sources)))
      }
    }
    report.unexpected = collector.unexpected(sources)
    try report.check(sources.map(\.label))
    return RemapPlan(
      family: family, configuration: configuration, variants: resolver.variants,
      tensors: tensors + collector.unused, ledger: collector.ledger)
  }

  /// For each source, the components that are taken from it.
  private func componentsTaken() throws(WeightsError) -> [Set<String>] {
    var taken = Array(repeating: Set<String>(), count: sources.count)
    let table = library.components
    let wanted = table.components(of: family)
    for component in wanted {
      let owners = sources.indices.filter {
        table.components(of: sources[$0].recognition.family).contains(component)
      }
      if let choice = choices[component] {
        guard owners.contains(choice) else {
          throw WeightsError(
            .remapSeveralSources, .usage,
            "\(sources[choice].label.escapedForTerminal) has no component \(component)")
        }
        taken[choice].insert(component)
      } else if owners.count > 1 {
        throw WeightsError(
          .remapSeveralSources, .usage,
          "component \(component) is in \(owners.map { sources[$0].label }.joined(separator: " and ")); "
            + "say which with --take \(component)="
            + owners.map { sources[$0].recognition.family }.joined(separator: " or "))
      } else if let owner = owners.first {
        taken[owner].insert(component)
      }
    }
    for (index, components) in taken.enumerated() where components.isEmpty {
      throw WeightsError(
        .remapSeveralSources, .usage, file: sources[index].label,
        "a \(sources[index].recognition.family) checkpoint gives nothing to a \(family) bundle")
    }
    return taken
  }

  private func statedConfiguration(_ taken: [Set<String>]) -> Configuration? {
    var result: Configuration?
    for (source, components) in zip(sources, taken) {
      guard let stated = source.recognition.stated else { continue }
      let part =
        source.recognition.family == family && sources.count == 1
        ? stated
        : library.components.translate(
          stated, from: source.recognition.family, to: family, taken: components)
      var merged = result ?? Configuration()
      for key in part.keys where merged[key] == nil {
        if let value = part[key] {
          merged.set(key, value, origin: part.origin(of: key) ?? source.label)
        }
      }
      result = merged
    }
    return result
  }

  private func labelled(_ error: WeightsError) -> WeightsError {
    sources.count == 1 ? error.inFile(sources[0].label) : error
  }
}

extension WeightsError.Code {
  /// Two sources have one component, or none has it.
  public static let remapSeveralSources = Self("remap.several-sources")
}
