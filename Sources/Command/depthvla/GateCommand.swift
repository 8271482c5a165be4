import ArgumentParser
import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLAGates
import DVLAObservations
import DVLASigning
import DepthVLAWeights

/// `depthvla gate`.
struct GateCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "gate",
    abstract: "Say yes or no to a bundle by what the robot would do with it.",
    usage: """
      depthvla gate <candidate> --against <path> ... --observations <folder> [<options>]
      depthvla gate <candidate> --against <path> ... --golden <path> ... [<options>]
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
  @OptionGroup(title: "Trust") var trust: Trust
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
    var observations: String?

    @Option(
      name: .customLong("golden"), parsing: .upToNextOption,
      help: ArgumentHelp(
        "Goldens, or folders of them, whose inputs both models run on too.", valueName: "path"))
    var goldens: [String] = []

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
      if observations == nil, goldens.isEmpty {
        throw ValidationError("expected --observations FOLDER or --golden PATH")
      }
      if !(1...64).contains(seeds) { throw ValidationError("--seeds \(seeds): expected 1 to 64") }
    }
  }

  struct Running: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "A tokenizer.model or tokenizer.json for a model that has none of its own.",
        valueName: "file"))
    var tokenizer: String?

    @Option(
      help: ArgumentHelp(
        "A folder for temporary files (default: that of the report, else /tmp).",
        valueName: "folder"))
    var work: String?
  }

  struct Trust: ParsableArguments {
    @Option(
      name: .customLong("public-key"), parsing: .singleValue,
      help: ArgumentHelp(
        "Judge only a candidate signed with this key (PEM). Repeat it to accept any of several.",
        valueName: "file"))
    var publicKeys: [String] = []

    /// - Throws: `key.*`, `file.*`.
    func policy() throws(WeightsError) -> BundleTrust {
      let keys = try publicKeys.map { (path) throws(WeightsError) in try PublicKey(path: path) }
      return keys.isEmpty ? .any : .signed(by: keys)
    }
  }

  /// What is written.
  struct Files: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "Sign the verdict with this private key (PEM). Robots can demand it.", valueName: "key"))
    var sign: String?

    @Option(
      help: ArgumentHelp(
        "A file whose first line is the passphrase of the key. There is no prompt for it.",
        valueName: "file"))
    var passphraseFile: String?

    @Option(
      help: ArgumentHelp(
        "The signed statement (default: the bundle's name with .gate added).", valueName: "file"))
    var statement: String?

    @Option(
      help: ArgumentHelp("Also write the result as an HTML page.", valueName: "out.html"))
    var report: String?

    @Flag(help: "Report no durations, so that equal runs report the same, bit for bit.")
    var noTimes = false

    @Flag(help: "Replace the statement and the page if they exist.")
    var force = false

    func validate() throws {
      if sign == nil, passphraseFile != nil || statement != nil {
        throw ValidationError("--passphrase-file and --statement go with --sign")
      }
    }

    /// Where the statement goes; nil where none is signed.
    func statementPath(ofBundle bundle: String) -> String? {
      sign == nil ? nil : statement ?? GateFile.path(ofBundle: bundle)
    }
  }

  func validate() throws {
    guard files.sign != nil else { return }
    if comparison.observations == nil {
      throw ValidationError(
        "--sign goes with --observations: a statement is about what a robot does")
    }
    if products.products != nil {
      throw ValidationError(
        "--sign does not go with --products: a robot computes as the bundle asks for by default")
    }
  }

  func run() throws {
    try protectInputs()
    let statementPath = files.statementPath(ofBundle: candidate)
    let key = try files.sign.map { (path) throws(WeightsError) in
      try PrivateKey(path: path, passphraseFile: files.passphraseFile)
    }
    // An output that cannot be made is found before the work, which is long.
    let statementFile = try statementPath.map { (path) throws(WeightsError) in
      try AtomicOutputFile(path: path, overwrite: files.force)
    }
    defer { statementFile?.discard() }
    let page = try files.report.map { (path) throws(WeightsError) in
      try AtomicOutputFile(path: path, overwrite: files.force)
    }
    defer { page?.discard() }
    let line = output.progress()
    defer { line?.finish() }
    var options = GateOptions(
      budget: try comparison.budget.map { (path) throws(WeightsError) in try Budget(path: path) }
        ?? .builtIn)
    options.budgetPath = comparison.budget
    options.seedCount = comparison.seeds
    options.products = products.products
    options.threads = output.threadCount
    options.reportsTimes = !files.noTimes
    options.workFolder = running.work ?? files.report?.splitAtLastComponent.folder ?? "/tmp"
    if let path = running.tokenizer {
      options.tokenizer = (
        try readWholeFile(path: path, limit: 256 << 20), path.splitAtLastComponent.name
      )
    }
    // As a robot that demands a gate opens it: by what the root binds.
    let bundle = try WeightBundle(path: candidate, trust: try trust.policy(), check: .digest)
    let reference = try GateReference(
      comparison.against, of: bundle, library: try output.library(),
      given: running.tokenizer.map { [.init(role: .tokenizer, family: nil, path: $0)] } ?? [],
      work: options.workFolder, threads: output.threadCount
    ) { line?.update($0) }
    let gate = try GateRun(
      candidate: bundle, against: reference.bundle,
      checkpoints: reference.isOfCheckpoints ? reference.path : nil,
      observations: try comparison.observations.map { (path) throws(WeightsError) in
        try ObservationFolder(path: path)
      }, goldens: try GoldenSelection.open(comparison.goldens), options: options)
    let report = try gate.run { phase, done, total in
      if phase == "weights" {
        line?.update(
          WorkProgress(phase: phase, doneByteCount: done * 4, totalByteCount: total * 4))
      } else {
        line?.update(phase, done: done, of: total, noun: "observations")
      }
    }
    line?.finish()
    if let key, let statementFile {
      let bytes = try GateFile(report.statement(), by: key).bytes
      try statementFile.write(unsafe bytes.span.bytes, at: 0)
    }
    try page?.finish(page: GatePage(report, signedBy: key?.publicKey.fingerprint).html())
    try statementFile?.commit()
    try output.write(
      GateDocument(report).json, words: GateWords(report, isQuiet: output.quiet).words)
    if !report.passed { throw ExitCode(WeightsError.Kind.checkFailed.rawValue) }
  }

  /// - Throws: `output.is-input`.
  private func protectInputs() throws {
    let statement = files.statementPath(ofBundle: candidate)
    if let statement, let page = files.report,
      Self.place(of: statement) == Self.place(of: page)
    {
      throw ValidationError("the page and the statement would be the same file: \(page)")
    }
    try InputsOfCommand(
      [
        candidate, comparison.budget, comparison.observations, running.tokenizer, files.sign,
        files.passphraseFile,
      ] + trust.publicKeys + comparison.against + comparison.goldens + output.manifests
    ).protect(from: [files.statementPath(ofBundle: candidate), files.report])
  }

  /// Folder and name of an output, which need not exist.
  private static func place(of path: String) -> String {
    let (folder, name) = path.splitAtLastComponent
    return (folder.hasPrefix("./") ? String(folder.dropFirst(2)) : folder) + "/" + name
  }
}
