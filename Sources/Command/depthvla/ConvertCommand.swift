import ArgumentParser
import DVLADiagnostics
import DVLAFiles
import DVLAGates
import DVLAObservations
import DVLASigning
import DepthVLAWeights

/// `depthvla convert`.
struct ConvertCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Convert checkpoints into one bundle and verify it.",
    usage: "depthvla convert --<family> <path> ... -o <file> [<options>]",
    discussion: """
      Example:
        depthvla convert --paligemma paligemma-3b-pt-224 --depth-anything \\
          Depth-Anything-V2-Large-hf --init-missing 7 --precision int8 \\
          -o robot.dvla.safetensors

      Give one source or several. A source is a safetensors file or a folder with shards; its \
      family and naming are recognised from its tensors. Tokenizer, preprocessor settings and \
      statistics beside the weights travel in the bundle. --dry-run prints the plan.
      """)

  @OptionGroup(title: "Sources") var sources: SourceOptions
  @OptionGroup(title: "Sources") var configs: ConfigOptions
  @OptionGroup(title: "Sources") var settings: SettingOptions
  @OptionGroup(title: "Sources") var composition: CompositionOptions
  @OptionGroup(title: "Precision") var precision: PrecisionOptions
  @OptionGroup(title: "Assets") var assets: AssetOptions
  @OptionGroup(title: "Output") var bundle: BundleOutputOptions
  @OptionGroup(title: "Signing") var signing: BundleSigningOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: .hidden) var unexpected: [String] = []

  func run() throws {
    // Not while arguments are parsed, where it would hide that an option is misspelt.
    if let word = unexpected.first {
      throw ValidationError(
        "unexpected argument '\(word)'; a source goes behind its option, such as --paligemma")
    }
    if sources.isEmpty {
      throw WeightsError(
        .commandUsage, .usage, "expected at least one source, such as --paligemma PATH")
    }
    if bundle.target == nil, !bundle.dryRun {
      throw WeightsError(.commandUsage, .usage, "give -o FILE or --dry-run")
    }
    if precision.budget != nil, bundle.dryRun {
      throw WeightsError(
        .commandUsage, .usage, "--dry-run runs no model, which --budget needs; leave one out")
    }
    let library = try output.library()
    let imported = try sources.open(library, configs: configs)
    var options = try options()
    options.assets = try assets.choice(library)
    let line = output.progress()
    defer { line?.finish() }
    var conversion = try Conversion(sources: imported, options: options, library: library)
    var search: SearchReport?
    if let target = bundle.target, let found = try searched(conversion, for: target, line) {
      options.recipe = found.recipe.recipe
      options.calibration = found.recipe.calibration
      options.recipeOutput = found.output
      conversion = try Conversion(sources: imported, options: options, library: library)
      search = found
    }
    let plan = PlanReport(conversion)
    guard !bundle.dryRun, let target = bundle.target else {
      try output.write(plan.json, words: plan.words)
      return
    }
    let started = monotonicSeconds()
    let result = try conversion.write(to: target) { line?.update($0) }
    line?.finish()
    let seconds = monotonicSeconds() - started
    try search?.removeWork()
    try output.write(
      plan.json(result: result, seconds: seconds, more: search?.members ?? []),
      words: plan.words(result: result, seconds: seconds) + (search?.words ?? ""))
  }

  /// What a search finds; nil where none is asked for.
  private func searched(
    _ conversion: Conversion, for target: String, _ line: ProgressLine?
  ) throws(WeightsError) -> SearchReport? {
    guard let budget = precision.budget, let folder = precision.observations else { return nil }
    var options = SearchOptions(budget: try Budget(path: budget))
    let paths = SearchPaths(bundle: target, recipe: precision.recipeOut)
    let signature = signing.sign.map { _ in VerifiedSignature.path(ofBundle: target) }
    try paths.require(
      with: [target] + (signature.map { [$0] } ?? []), of: conversion, isResuming: bundle.resume)
    options.products = precision.products
    options.forwards = precision.searchForwards
    options.workPath = bundle.resume ? paths.work : nil
    options.workFolder = target.splitAtLastComponent.folder
    let found = try PrecisionSearchRun(
      conversion, observations: try ObservationFolder(path: folder), options: options
    ) { line?.update($0) }.run()
    line?.finish()
    return SearchReport(found, paths: paths)
  }

  private func options() throws(WeightsError) -> ConversionOptions {
    let chosen = try precision.chosen()
    var options = ConversionOptions(recipe: chosen.recipe)
    options.calibration = chosen.calibration
    options.family = bundle.family
    options.packing = bundle.packing
    options.seed = composition.initMissing
    options.allowsNonFinite = precision.allowNonFinite
    options.refusesUnknownKeys = composition.strict
    options.keepsUnused = precision.isSource
    options.overwrite = bundle.force
    options.resumes = bundle.resume
    options.threads = output.threadCount
    options.settings = try settings.values()
    options.choices = try composition.choices()
    let target = bundle.target
    let signature = signing.sign == nil ? nil : target.map { VerifiedSignature.path(ofBundle: $0) }
    let paths = target.map { SearchPaths(bundle: $0, recipe: precision.recipeOut) }
    let written =
      precision.budget == nil ? [] : [paths?.recipe, paths?.calibration, paths?.work]
    try InputsOfCommand(
      [
        precision.recipe, precision.calibration, precision.budget, precision.observations,
        signing.sign, signing.key.passphraseFile,
      ] + output.manifests
    )
    .protect(from: [target, signature] + written)
    if let key = signing.sign { options.signing = try signing.key.signing(withKey: key) }
    return options
  }
}
