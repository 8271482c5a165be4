import ArgumentParser
import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLARemapping
import DepthVLAWeights

/// `depthvla diff`.
struct DiffCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "List the tensors of two checkpoints or bundles that differ, and by how much.",
    usage: "depthvla diff <first> <second> [<options>]",
    discussion: """
      Examples:
        depthvla diff paligemma-3b-pt-224 finetuned/checkpoint-2000
        depthvla diff parent.dvla.safetensors finetune.dvla.safetensors \\
          --report page.html

      Checkpoints in different namings, and bundles, are compared by the names of the layout, and \
      quantized tensors by their dequantized values. The settings of the models and their assets, or \
      the files beside the weights, are compared too. The exit status is 1 if any differ.
      """)

  @Argument(help: "A checkpoint or a bundle.")
  var first: String

  @Argument(help: "Another checkpoint or bundle.")
  var second: String

  @OptionGroup(title: "Model") var settings: SettingOptions
  @OptionGroup(title: "Output") var page: PageOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    try InputsOfCommand(output.manifests).protect(from: [page.report])
    let library = try output.library()
    let file = try page.file()
    defer { file?.discard() }
    let line = output.progress()
    defer { line?.finish() }
    let difference = try Difference.compare(
      first, second, library: library,
      settings: Configuration(settings: try settings.values()), protecting: [page.report],
      threads: output.threadCount
    ) { line?.update($0) }
    line?.finish()
    let report = DifferenceReport(first: first, second: second, difference: difference)
    try file?.finish(page: DifferencePage(report).html)
    try output.write(report.json, words: report.words)
    guard difference.isEmpty else {
      throw ExitCode(WeightsError.Kind.checkFailed.rawValue)
    }
  }
}
