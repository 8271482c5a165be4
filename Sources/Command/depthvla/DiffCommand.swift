import ArgumentParser
import DVLADiagnostics
import DVLAJSON
import DVLARemapping
import DepthVLAWeights

/// `depthvla diff`.
struct DiffCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Says which tensors of two checkpoints or bundles differ, and by how much.",
    discussion: """
      Example:
        depthvla diff paligemma-3b-pt-224 finetuned/checkpoint-2000

      Checkpoints under different namings, and bundles, are compared by the names of their \
      layout; quantized tensors by the values they stand for. The files that travel with the \
      tensors, or lie beside them, are compared too. Exit status 1 where any differ.
      """)

  @Argument(help: "A checkpoint or a bundle.")
  var first: String

  @Argument(help: "Another.")
  var second: String

  @OptionGroup var output: OutputOptions
  @OptionGroup var settings: SettingOptions

  func run() throws {
    let library = try output.library()
    let line = output.progress()
    defer { line?.finish() }
    let difference = try Difference.compare(
      first, second, library: library,
      settings: Configuration(settings: try settings.values()), threads: output.threadCount
    ) { line?.update($0) }
    line?.finish()
    let report = DifferenceReport(first: first, second: second, difference: difference)
    try output.write(report.json, words: report.words)
    guard difference.differing.isEmpty, difference.differingAssets.isEmpty else {
      throw ExitCode(WeightsError.Kind.checkFailed.rawValue)
    }
  }
}
