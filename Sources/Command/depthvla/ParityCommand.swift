public import ArgumentParser
import DVLADiagnostics
import DVLAFiles
import DVLAModels
import DVLAParity
public import DVLATensors
import DepthVLAWeights

/// `depthvla parity`.
struct ParityCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "parity",
    abstract: "Runs a model and compares what it computes with what upstream computed.",
    discussion: """
      Examples:
        depthvla parity dinov2.dvla.safetensors \\
          --golden goldens/dinov2_70x70.safetensors
        depthvla parity paligemma-3b-pt-224 --golden inputs.safetensors \\
          --record ours.safetensors

      A golden holds inputs and recorded activations; of a folder those are run that are for \
      this model. Every recorded stage is compared, in the order of the forward, and the first \
      that is out of tolerance is named. Exit status 1 where any is. With --quiet the tables are \
      left out.

      A row has the largest difference, the same as a share of the largest value recorded, the \
      relative root mean square, how much of its limit the stage takes up, and how many times \
      upstream's own float32 error ours is (x f32).
      """)

  @Argument(help: "A bundle, or a checkpoint: a safetensors file or a folder with shards.")
  var path: String

  @Option(
    name: .customLong("golden"), parsing: .upToNextOption,
    help: ArgumentHelp("Goldens, or folders of them.", valueName: "path"))
  var goldens: [String] = []

  @Option(
    help: ArgumentHelp(
      "A JSON file of tolerances instead of the built-in ones.", valueName: "file"))
  var tolerances: String?

  @Option(
    help: ArgumentHelp(
      "The class whose tolerances apply, f32, bf16 or int8 (default: by what the weights lost).",
      valueName: "class"))
  var precisionClass: PrecisionClass?

  @OptionGroup var products: ProductOptions

  @Option(help: ArgumentHelp("Also write the result as a page.", valueName: "out.html"))
  var report: String?

  @Option(
    help: ArgumentHelp(
      "Compare nothing: run on the golden's inputs and write a golden of our own.",
      valueName: "out"))
  var record: String?

  @Option(
    help: ArgumentHelp(
      "Which stages --record keeps, such as layer.{i} or siglip.** (default: all).",
      valueName: "pattern"))
  var stages: String?

  @Option(help: "Who sees whom in DepthVLA, block or full (default: as the golden says).")
  var mask: AttentionPattern?

  @Flag(help: "Leave DepthVLA's depth expert out (default: as the golden says).")
  var noDepth = false

  private var ablation: RequestedAblation {
    RequestedAblation(pattern: mask, usesDepth: noDepth ? false : nil)
  }

  @Flag(help: "Replace --report or --record if it exists.")
  var force = false

  @OptionGroup var output: OutputOptions
  @OptionGroup var settings: SettingOptions
  @OptionGroup(title: "Trust") var trust: TrustOptions

  func validate() throws {
    if goldens.isEmpty { throw ValidationError("expected --golden PATH") }
    if record == nil, stages != nil { throw ValidationError("--stages goes with --record") }
    guard record != nil else { return }
    if goldens.count > 1 { throw ValidationError("--record takes the inputs of one golden") }
    if report != nil || tolerances != nil || precisionClass != nil {
      throw ValidationError(
        "--record compares nothing: --report, --tolerances and --precision-class do not go with it")
    }
  }

  func run() throws {
    try InputsOfCommand(trust.inputs(ofBundle: path)).protect(from: [report, record])
    let subject = try ParitySubject.open(
      path, library: try output.library(), settings: try settings.values(),
      trust: try trust.policy(), signatureFile: trust.signature)
    let line = output.progress()
    defer { line?.finish() }
    let inputs = goldens + output.manifests + (tolerances.map { [$0] } ?? [])
    if let record {
      try subject.protectInputs(from: record, inputs: inputs)
      let recording = try subject.record(
        inputsOf: goldens[0], to: record, stages: try stagePattern(), overwrite: force,
        products: products.products, ablation: ablation, runtime: .installed,
        threads: output.threadCount)
      let report = RecordingReport(recording, golden: goldens[0])
      try output.write(report.json, words: report.words)
      return
    }
    let page = try report.map { (report) throws(WeightsError) in
      try subject.protectInputs(from: report, inputs: inputs)
      return try AtomicOutputFile(path: report, overwrite: force)
    }
    defer { page?.discard() }
    let check = try subject.check(
      against: goldens, tolerances: try chosenTolerances(),
      precision: precisionClass, products: products.products, ablation: ablation,
      runtime: .installed,
      threads: output.threadCount
    ) { line?.update($0) }
    line?.finish()
    let report = ParityReport(check, tolerances: tolerances)
    if let page {
      let html = ParityPage(report).html
      try page.write(unsafe html.utf8.span.bytes, at: 0)
      try page.commit()
    }
    try output.write(report.json, words: report.words(isQuiet: output.quiet))
    if !check.passed { throw ExitCode(WeightsError.Kind.checkFailed.rawValue) }
  }

  private func chosenTolerances() throws(WeightsError) -> Tolerances {
    guard let tolerances else { return try .embedded() }
    do throws(WeightsError) {
      return try Tolerances(json: UserDocument.json(of: tolerances))
    } catch { throw error.inFile(tolerances) }
  }

  private func stagePattern() throws(WeightsError) -> DottedPattern? {
    guard let stages else { return nil }
    do throws(WeightsError) { return try DottedPattern(stages) } catch {
      throw WeightsError(.commandUsage, .usage, "--stages: \(error.message)")
    }
  }
}

extension PrecisionClass: ExpressibleByArgument {}
