public import DVLABundles
public import DVLADiagnostics
import DVLAFamilies
import DVLAHashing
import DVLAJSON
public import DVLARemapping
import DVLASafetensors
import DVLATensors

/// A conversion that is decided down to the last tensor, before a bundle is begun.
public struct Conversion: Sendable {
  public let sources: [ImportedSource]
  public let options: ConversionOptions
  public let plan: ConversionPlan
  let library: ManifestLibrary
  /// Those that give tensors; what was passed over gives no files either.
  let usedSources: [ImportedSource]
  let assetFiles: [AssetFile]
  /// What became of every key of the documents beside the weights.
  public let documents: DocumentLedger
  /// What of the files beside the weights is left out, and what is odd about the others.
  public let assetNotes: [String]

  /// The files that travel with the tensors, in the order of the bundle.
  public var assets: [BundleAssetPlan] { assetFiles.map(\.plan) }

  /// What is odd about the files of a source and yet no error.
  public func remarks(on source: ImportedSource) -> [WeightsError] {
    // A file that travels in the bundle is not a stray one in the folder.
    source.checkpoint.remarks(without: Set(assets.map(\.source)))
      + source.quantization.notes.map { WeightsError(.quantizationScheme, $0) }
      + library.doubts(about: source.recognition, in: plan.remap)
  }

  /// Opens nothing and writes nothing, but reads tied tensors to compare them.
  ///
  /// - Parameters:
  ///   - sources: at least one.
  ///   - library: the manifests the sources were recognised with.
  /// - Throws: what ``RemapPlanner/plan()`` throws; `processing.*` and what `run` would refuse of a
  ///   policy; `remap.tie`; what the recipe throws;
  ///   `robot.fit`, `robot.preset`; `convert.assets`, `convert.asset-*`, `file.*` and what is wrong
  ///   with their contents for the assets, and for image processors what `run` would throw:
  ///   `preprocessor.*`, `model.configuration`; `document.setting` for a key that asks for what is
  ///   not computed here, and `document.unknown-key` where those are refused.
  public init(
    sources: [ImportedSource], options: ConversionOptions, library: ManifestLibrary
  ) throws(WeightsError) {
    guard let first = sources.first else {
      throw WeightsError(.convertSources, .usage, "expected at least one source, found none")
    }
    self.sources = sources
    self.options = options
    self.library = library
    let family = options.family ?? (sources.count == 1 ? first.family : Family.depthvla.rawValue)
    var choices: [String: Int] = [:]
    let components = library.components.components(of: family)
    for (component, owner) in options.choices.sorted(by: { $0.key < $1.key }) {
      guard components.isEmpty || components.contains(component) else {
        throw WeightsError(
          .convertSources, .usage,
          "\(family) has no component \(component.quoted); expected one of "
            + components.joined(separator: ", "))
      }
      guard let index = sources.firstIndex(where: { $0.family == owner }) else {
        throw WeightsError(
          .convertSources, .usage,
          "component \(component.quoted): no source is of family \(owner)")
      }
      choices[component] = index
    }
    let processing = try Self.processing(
      of: sources, family: family, options, families: library.families)
    let planner = RemapPlanner(
      library: library, family: family,
      sources: sources.map {
        RemapPlanner.Source(label: $0.path, recognition: $0.recognition)
      },
      choices: choices, given: Configuration(settings: options.settings),
      documents: processing,
      initialisesMissing: options.seed != nil, keepsUnused: options.keepsUnused)
    let ties = TieCheck(
      sources: sources.map(\.checkpoint), quantizations: sources.map(\.quantization),
      labels: sources.map(\.path), wrappings: sources.map(\.recognition.wrapping),
      threads: options.threads, keepsUnused: options.keepsUnused)
    plan = try ConversionPlan(
      try ties.settle(try planner.plan()), recipe: options.recipe,
      quantized: sources.map(QuantizedSource.init), calibration: options.calibration)
    let used = Set(
      plan.remap.tensors.compactMap { tensor in
        if case .source(let index, _, _, _) = tensor.origin { index } else { nil }
      })
    usedSources = sources.indices.filter(used.contains).map { sources[$0] }
    let assets = try options.assets.selection(
      of: usedSources, family: family, families: library.families,
      policy: Self.policy(of: usedSources, options))
    assetFiles = assets.files
    assetNotes = assets.notes
    documents = try DocumentLedger(usedSources, assets: assets.files, library: library)
    if options.refusesUnknownKeys { try documents.requireKnown(usedSources.map(\.path)) }
    if options.isRehearsed { try rehearse() }
  }

  /// What the documents beside the weights say of the processing around the policy: those of the
  /// source that its action expert is taken from.
  private static func processing(
    of sources: [ImportedSource], family: String, _ options: ConversionOptions, families: [String]
  ) throws(WeightsError) -> Configuration {
    if let recorded = options.recordedProcessing { return recorded }
    guard Family.isPolicy(family), let source = policy(of: sources, options) else {
      return Configuration()
    }
    return try ProcessingDocuments(source, options.assets, families: families).configuration
  }

  /// The readers of the plan's tensors before any conversion, by the index among its origins.
  ///
  /// - Throws: `quantization.scheme`.
  func readers() throws(WeightsError) -> TensorReaders { try readers(of: plan) }

  /// The same for another plan of these sources.
  func readers(of plan: ConversionPlan) throws(WeightsError) -> TensorReaders {
    let seed = options.seed ?? 0
    let stored: [any TensorSource] = sources.map(\.checkpoint)
    var floats: [any TensorSource] = []
    for source in sources { floats.append(try source.dequantized(.scaleType)) }
    let dequantized = floats
    return TensorReaders { (index) throws(WeightsError) in
      try TensorReader(
        plan.origins[index], sources: plan.givenInt8.contains(index) ? stored : dequantized,
        seed: seed)
    }
  }

  /// Bytes that will be read from the sources to be converted.
  public var sourceByteCount: Int {
    plan.tensors.reduce(0) { sum, tensor in
      guard case .source = plan.origins[tensor.planned].origin else { return sum }
      return sum + tensor.sourceByteCount
    }
  }

  /// Bytes of the tensors as they will be stored, before compression.
  public var tensorByteCount: Int { plan.tensors.reduce(0) { $0 + $1.info.byteCount } }
}

extension WeightsError.Code {
  /// The sources do not go together.
  public static let convertSources = Self("convert.sources")
}
