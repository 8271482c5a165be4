import ArgumentParser
import DVLADiagnostics
import DVLAFiles
import DVLAParity
import DVLATensors
import DepthVLAWeights

/// `depthvla parity`.
struct ParityCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "parity",
    abstract: "Run a model and compare its activations with those recorded upstream.",
    usage: "depthvla parity <path> --golden <path> ... [<options>]",
    discussion: """
      Examples:
        depthvla parity dinov2.dvla.safetensors \\
          --golden goldens/dinov2_70x70.safetensors
        depthvla parity paligemma-3b-pt-224 --golden inputs.safetensors \\
          --record ours.safetensors

      A golden holds inputs and recorded activations. From a folder, the goldens of this model \
      are used. Every recorded stage is compared in the order of the forward pass, and the first \
      one out of tolerance is named. The exit status is 1 if any stage is out of tolerance. \
      --quiet omits the tables.

      A row shows the largest absolute difference, that difference relative to the largest \
      recorded value, the relative root mean square, the share of its limit that the stage uses, \
      and our error as a multiple of upstream's own float32 error (x f32).
      """)

  @Argument(help: "A bundle, or a checkpoint: a safetensors file or a folder with shards.")
  var path: String

  @OptionGroup(title: "Goldens") var comparison: ComparisonOptions
  @OptionGroup(title: "Model") var settings: SettingOptions
  @OptionGroup(title: "Model") var ablation: AblationOptions
  @OptionGroup(title: "Model") var products: ProductOptions
  @OptionGroup(title: "Output") var files: FileOptions
  @OptionGroup(title: "Trust") var trust: TrustOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard files.record != nil else { return }
    if comparison.goldens.count > 1 {
      throw ValidationError("--record uses the inputs of one golden")
    }
    if files.report != nil || comparison.tolerances != nil || comparison.precisionClass != nil {
      throw ValidationError(
        "--record compares nothing: --report, --tolerances and --precision-class do not go with it")
    }
  }

  func run() throws {
    try InputsOfCommand(trust.inputs(ofBundle: path)).protect(from: [files.report, files.record])
    let subject = try ParitySubject.open(
      path, library: try output.library(), settings: try settings.values(),
      trust: try trust.policy(), signatureFile: trust.signature)
    let line = output.progress()
    defer { line?.finish() }
    let inputs =
      comparison.goldens + output.manifests + (comparison.tolerances.map { [$0] } ?? [])
    if let record = files.record {
      try subject.protectInputs(from: record, inputs: inputs)
      let recording = try subject.record(
        inputsOf: comparison.goldens[0], to: record, stages: try files.stagePattern(),
        overwrite: files.force,
        products: products.products, ablation: ablation.requested, runtime: .installed,
        threads: output.threadCount)
      let report = RecordingReport(recording, golden: comparison.goldens[0])
      try output.write(report.json, words: report.words)
      return
    }
    let page = try files.report.map { (report) throws(WeightsError) in
      try subject.protectInputs(from: report, inputs: inputs)
      return try AtomicOutputFile(path: report, overwrite: files.force)
    }
    defer { page?.discard() }
    let check = try subject.check(
      against: comparison.goldens, tolerances: try Tolerances(file: comparison.tolerances),
      precision: comparison.precisionClass, products: products.products,
      ablation: ablation.requested,
      runtime: .installed,
      threads: output.threadCount
    ) { line?.update($0) }
    line?.finish()
    let report = ParityReport(check, tolerances: comparison.tolerances)
    try page?.finish(page: ParityPage(report).html)
    try output.write(
      ParityDocument(check, tolerances: comparison.tolerances).json,
      words: report.words(isQuiet: output.quiet))
    if !check.passed { throw ExitCode(WeightsError.Kind.checkFailed.rawValue) }
  }
}
