import ArgumentParser
import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLAGates
import DVLAObservations
import DepthVLAWeights

/// `depthvla gate`.
struct GateCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "gate",
    abstract: "Say yes or no to a bundle by what the robot would do with it.",
    usage: """
      depthvla gate <candidate> --against <path> ... --observations <folder> [<options>]
      """,
    discussion: """
      Example:
        depthvla gate robot-int8.dvla.safetensors \\
          --against robot.dvla.safetensors --observations observations \\
          --budget budget.json --report gate.html

      The candidate and the reference act on every observation, each from several noises. Drift of \
      actions, depth, stages and weights is measured and judged by the budget. The reference is a \
      bundle, or the checkpoints that the candidate was made from. The exit status is 0 if every \
      limit holds and 1 if one is broken.
      """)

  @Argument(help: "The bundle to be judged.")
  var candidate: String

  @OptionGroup(title: "Comparison") var comparison: Comparison
  @OptionGroup(title: "Running") var products: ProductOptions
  @OptionGroup(title: "Running") var running: Running
  @OptionGroup(title: "Output") var files: Files
  @OptionGroup var output: OutputOptions

  /// What is compared, and by which limits.
  struct Comparison: ParsableArguments {
    @Option(
      parsing: .upToNextOption,
      help: ArgumentHelp(
        "The reference: a bundle, or the checkpoints of the candidate.", valueName: "path"))
    var against: [String] = []

    @Option(
      help: ArgumentHelp("A folder of recorded observations.", valueName: "folder"))
    var observations: String

    @Option(
      help: ArgumentHelp("The limits, as JSON (default: built in).", valueName: "file"))
    var budget: String?

    @Option(
      help: ArgumentHelp(
        "Noises for each observation: the recorded one and others (default: 2).",
        valueName: "number"))
    var seeds = 2

    func validate() throws {
      if against.isEmpty { throw ValidationError("expected --against PATH") }
      if !(1...64).contains(seeds) { throw ValidationError("--seeds \(seeds): expected 1 to 64") }
    }
  }

  struct Running: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "A tokenizer.model or tokenizer.json for both models, in place of their own.",
        valueName: "file"))
    var tokenizer: String?

    @Option(
      help: ArgumentHelp(
        "A folder for temporary files (default: that of the report, else /tmp).",
        valueName: "folder"))
    var work: String?
  }

  /// What is written.
  struct Files: ParsableArguments {
    @Flag(help: "Replace what is there.")
    var force = false
  }

  func run() throws {
    let line = output.progress()
    defer { line?.finish() }
    var options = GateOptions(
      budget: try comparison.budget.map { (path) throws(WeightsError) in try Budget(path: path) }
        ?? .builtIn)
    options.budgetPath = comparison.budget
    options.seedCount = comparison.seeds
    options.products = products.products
    options.threads = output.threadCount
    options.workFolder = running.work ?? "/tmp"
    if let path = running.tokenizer {
      options.tokenizer = (
        try readWholeFile(path: path, limit: 256 << 20), path.splitAtLastComponent.name
      )
    }
    let bundle = try WeightBundle(path: candidate)
    let reference = try GateReference(
      comparison.against, of: bundle, library: try output.library(),
      given: running.tokenizer.map { [.init(role: .tokenizer, family: nil, path: $0)] } ?? [],
      work: options.workFolder, threads: output.threadCount
    ) { line?.update($0) }
    let gate = try GateRun(
      candidate: bundle, against: reference.bundle, referencePath: reference.path,
      observations: try ObservationFolder(path: comparison.observations), options: options)
    let report = try gate.run { phase, done, total in
      if phase == "weights" {
        line?.update(
          WorkProgress(phase: phase, doneByteCount: done * 4, totalByteCount: total * 4))
      } else {
        line?.update(phase, done: done, of: total, noun: "observations")
      }
    }
    line?.finish()
    try output.write(
      GateDocument(report).json, words: GateWords(report, isQuiet: output.quiet).words)
    if !report.passed { throw ExitCode(WeightsError.Kind.checkFailed.rawValue) }
  }
}
