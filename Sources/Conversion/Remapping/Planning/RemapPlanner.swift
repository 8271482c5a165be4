public import DVLADiagnostics
import DVLATensors

/// Composes one family's layout from recognised sources.
public struct RemapPlanner {
  /// A recognised checkpoint, with the label that errors have for it.
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
  /// The index of the source for each component that the user chose one for.
  let choices: [String: Int]
  let given: Configuration
  /// Values of documents beside the weights other than config.json.
  let documents: Configuration
  /// Whether tensors that no source has are initialised; else they are errors.
  let initialisesMissing: Bool
  /// Whether tensors that no forward reads are kept for a round trip.
  let keepsUnused: Bool

  public init(
    library: ManifestLibrary, family: String, sources: [Source], choices: [String: Int] = [:],
    given: Configuration = Configuration(), documents: Configuration = Configuration(),
    initialisesMissing: Bool = false, keepsUnused: Bool = false
  ) {
    self.documents = documents
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
  ///   `remap.unknown-key`; the errors of `ConfigurationResolver`.
  public func plan() throws(WeightsError) -> RemapPlan {
    let draft = try draft()
    try draft.report.check(sources.map(\.label), initialisesMissing: initialisesMissing)
    try draft.resolver.askForTheRest(sources)
    return draft.plan
  }

  /// A plan, and everything that is wrong with it.
  struct Draft {
    let plan: RemapPlan
    let report: CoverageReport
    let resolver: ConfigurationResolver
    /// Tensors that no source has and no output depends on.
    let absentCount: Int
  }

  func draft() throws(WeightsError) -> Draft {
    let layout = try library.layout(of: family)
    try refuseUnknownSettings(layout)
    let taken = try componentsTaken()
    let names = SourceNames(library: library, family: family, sources: sources, taken: taken)
    var collector = SourceCollector(names, keepsUnused: keepsUnused)
    try collector.collect()
    var resolver = ConfigurationResolver(
      layout: layout, provided: collector.shapes,
      stated: merged(taken) { $0.recognition.stated }, given: given, documents: documents,
      fallbacks: merged(taken) { $0.recognition.manifest.defaults } ?? Configuration())
    let configuration: Configuration
    let wanted: [LayoutTensor]
    do throws(WeightsError) {
      configuration = try resolver.resolve()
      try collector.finish(configuration)
      try resolver.askForShapes(sources, drawn: initialisesMissing)
      wanted = try layout.tensors(under: configuration)
    } catch {
      // The tensors that would determine the configuration may be those with unexpected names.
      // Those are reported first, since giving values or initialising tensors would be the wrong
      // remedy.
      if error.code == .remapAsk {
        let report = collector.reportBeforeConfiguration(layout)
        if !report.unexpected.isEmpty {
          try report.check(sources.map(\.label), initialisesMissing: initialisesMissing)
        }
      }
      throw explained(error, layout, collector.shapes)
    }

    let assignment = LayoutAssignment(
      collector, names, wanted, initialisesMissing: initialisesMissing)
    let plan = RemapPlan(
      family: family, configuration: configuration, variants: resolver.variants,
      tensors: assignment.tensors + collector.unused, ledger: collector.ledger)
    return Draft(
      plan: plan, report: assignment.report, resolver: resolver,
      absentCount: assignment.absent.count)
  }

  /// A key that the layout does not have, perhaps a misspelt one, would have no effect.
  private func refuseUnknownSettings(_ layout: LayoutDefinition) throws(WeightsError) {
    let known = layout.knownKeys
    let unknown = given.keys.filter { key in !known.contains { $0.utf8.elementsEqual(key.utf8) } }
    guard let first = unknown.first else { return }
    throw WeightsError(
      .remapUnknownKey, .usage,
      "\(family) has no configuration key \(first.quoted); expected one of "
        + known.joined(separator: ", "),
      details: unknown.dropFirst().map { "\(family) has no configuration key \($0.quoted) either" })
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
            "component \(component) cannot be taken from "
              + "\(sources[choice].label.escapedForTerminal), since "
              + "\(sources[choice].recognition.family) does not have it")
        }
        taken[choice].insert(component)
      } else if owners.count > 1 {
        throw WeightsError(
          .remapSeveralSources, .usage,
          "component \(component) is in "
            + owners.map { sources[$0].label.escapedForTerminal }.joined(separator: " and "),
          remedies: [
            .chooseSource(
              component: component, families: owners.map { sources[$0].recognition.family })
          ])
      } else if let owner = owners.first {
        taken[owner].insert(component)
      }
    }
    for (index, components) in taken.enumerated() where components.isEmpty {
      let own = table.components(of: sources[index].recognition.family)
      // Nothing is left of it because the user chose other sources for its components.
      if own.contains(where: { choices[$0] != nil && wanted.contains($0) }) { continue }
      throw WeightsError(
        .remapSeveralSources, .usage, file: sources[index].label,
        "a \(sources[index].recognition.family) checkpoint holds nothing that a \(family) bundle "
          + "needs; leave it out, or make a bundle of another family")
    }
    return taken
  }

  /// The values of all sources, each for the components that are taken from it. Earlier sources
  /// win.
  private func merged(
    _ taken: [Set<String>], _ configuration: (Source) -> Configuration?
  ) -> Configuration? {
    var result: Configuration?
    for (source, components) in zip(sources, taken) {
      guard let stated = configuration(source) else { continue }
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

  /// The error with the file, and with the published variant that the tensors themselves fit where
  /// config.json belongs to another.
  private func explained(
    _ error: WeightsError, _ layout: LayoutDefinition, _ shapes: [TensorName: Shape]
  ) -> WeightsError {
    var error = sources.count == 1 ? error.inFile(sources[0].label) : error
    guard error.code == .remapContradiction else { return error }
    var bare = ConfigurationResolver(
      layout: layout, provided: shapes, stated: nil, given: Configuration())
    if (try? bare.resolve()) != nil, let variant = bare.variants.first {
      error.message += "; the shapes are those of \(family) \(variant)"
    }
    return error
  }
}

extension WeightsError.Code {
  /// Two sources have one component, or a source has none that is needed.
  public static let remapSeveralSources = Self("remap.several-sources")
  /// The user set a key that the layout does not have.
  public static let remapUnknownKey = Self("remap.unknown-key")
}
