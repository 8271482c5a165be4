public import ArgumentParser
import DVLABundles
import DVLADiagnostics
import DVLAFamilies
import DVLAFiles
public import DVLAQuantization
import DVLARemapping
import DepthVLAWeights

/// `depthvla convert`.
struct ConvertCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Remaps, quantizes and packs checkpoints into one bundle, and verifies it.",
    discussion: """
      Example:
        depthvla convert --paligemma paligemma-3b-pt-224 --depth-anything \\
          Depth-Anything-V2-Large-hf --init-missing 7 --precision int8 \\
          -o robot.dvla.safetensors

      Any non-empty subset of sources will do. A source is a safetensors file or a folder \
      with shards; family and naming are told from its tensors. Tokenizer, preprocessor and \
      statistics beside the weights travel in the bundle. --dry-run shows the plan.
      """)

  @OptionGroup var output: OutputOptions
  @OptionGroup var sources: SourceOptions
  @OptionGroup var configs: ConfigOptions
  @OptionGroup var settings: SettingOptions
  @OptionGroup var assets: AssetOptions

  @Option(name: [.customShort("o"), .customLong("output")], help: "The bundle to write.")
  var target: String?

  @Option(
    name: .customLong("as"),
    help: ArgumentHelp(
      """
      What the bundle is: paligemma, dinov2, depth-anything-v2, pi0 or depthvla (default: the \
      family of a single source, depthvla for several).
      """, valueName: "family"))
  var family: String?

  @Option(help: "source, f32, bf16 or int8.")
  var precision: Precision?

  @Option(
    help: ArgumentHelp(
      "A JSON file that says which tensor gets which precision.", valueName: "file"))
  var recipe: String?

  @Option(
    help: ArgumentHelp(
      "Draw tensors that no source has, with this seed; without it they are an error.",
      valueName: "seed"))
  var initMissing: UInt64?

  @Option(
    help: ArgumentHelp(
      "Where the depth encoder comes from when both are given: depth-anything or dinov2.",
      valueName: "source"))
  var depthEncoder: DepthEncoder?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      """
      Which family a component is taken from where several have it, such as vlm=pi0. \
      Components: vlm, dinov2, depth-expert, action, dpt.
      """,
      valueName: "component=family"))
  var take: [String] = []

  @Flag(help: "Code INT8 values too: a tenth smaller, slower to load.")
  var smallest = false

  @Flag(help: "Plain tensors that can be mapped in place, not compressed.")
  var store = false

  @Flag(help: "Take tensors that hold NaN or infinity.")
  var allowNonFinite = false

  @Flag(
    help: """
      Refuse documents beside the weights that have a key nothing here knows, as a release should.
      """)
  var strict = false

  @Flag(help: "Print the plan with sizes and write nothing.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      "Sign the bundle with this private key (PEM); the signature is written beside it.",
      valueName: "key"))
  var sign: String?

  @OptionGroup var keyOptions: SigningKeyOptions

  @Flag(help: "Replace the output if it exists.")
  var force = false

  @Flag(
    help: """
      Go on with what an interrupted run of the same conversion left, every byte checked; and keep \
      what is done if this one is interrupted too.
      """)
  var resume = false

  enum DepthEncoder: String, ExpressibleByArgument, CaseIterable {
    case depthAnything = "depth-anything"
    case dinov2
  }

  @Argument(help: .hidden) var unexpected: [String] = []

  func validate() throws {
    if store, smallest { throw ValidationError("--store and --smallest exclude each other") }
    if sign == nil, keyOptions.isGiven {
      throw ValidationError("--release and --passphrase-file go with --sign")
    }
    if precision != nil, recipe != nil {
      throw ValidationError("--precision and --recipe exclude each other")
    }
  }

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
    if target == nil, !dryRun {
      throw WeightsError(.commandUsage, .usage, "expected -o OUT, or --dry-run")
    }
    let library = try output.library()
    let imported = try sources.open(library, configs: configs)
    var options = try options()
    options.assets = try assets.choice(library)
    let line = output.progress()
    defer { line?.finish() }
    let conversion = try Conversion(sources: imported, options: options, library: library)
    let plan = PlanReport(conversion)
    guard !dryRun, let target else {
      try output.write(plan.json, words: plan.words)
      return
    }
    let started = monotonicSeconds()
    let result = try conversion.write(to: target) { line?.update($0) }
    line?.finish()
    let seconds = monotonicSeconds() - started
    try output.write(
      plan.json(result: result, seconds: seconds),
      words: plan.words(result: result, seconds: seconds))
  }

  private func options() throws(WeightsError) -> ConversionOptions {
    var options = ConversionOptions(recipe: try chosenRecipe())
    options.family = family
    options.packing = store ? .store : .packed(smallest: smallest)
    options.seed = initMissing
    options.allowsNonFinite = allowNonFinite
    options.refusesUnknownKeys = strict
    options.keepsUnused = recipe == nil && (precision ?? .source) == .source
    options.overwrite = force
    options.resumes = resume
    options.threads = output.threadCount
    options.settings = try settings.values()
    let signature = sign == nil ? nil : target.map { VerifiedSignature.path(ofBundle: $0) }
    try InputsOfCommand([recipe, sign, keyOptions.passphraseFile] + output.manifests)
      .protect(from: [target, signature])
    if let sign {
      options.signing = try keyOptions.signing(withKey: sign)
    }
    if let depthEncoder {
      options.choices["dinov2"] =
        (depthEncoder == .dinov2 ? Family.dinov2 : .depthAnythingV2).rawValue
    }
    for text in take {
      let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard sides.count == 2 else {
        throw WeightsError(
          .commandUsage, .usage, "--take \(text.quoted): expected COMPONENT=FAMILY")
      }
      guard options.choices.updateValue(sides[1], forKey: sides[0]) == nil else {
        throw WeightsError(
          .commandUsage, .usage,
          "--take \(text.quoted): it is said already where \(sides[0].quoted) comes from")
      }
    }
    return options
  }

  private func chosenRecipe() throws(WeightsError) -> Recipe {
    guard let recipe else { return .preset(precision ?? .source) }
    do throws(WeightsError) {
      return try Recipe(json: UserDocument.json(of: recipe))
    } catch { throw error.inFile(recipe) }
  }
}

extension Precision: ExpressibleByArgument {}
