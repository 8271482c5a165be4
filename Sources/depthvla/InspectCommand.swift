import ArgumentParser
import DepthVLAWeights
import Diagnostics
import Remapping
import StrictJSON

/// `depthvla inspect`.
struct InspectCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Says what a checkpoint or a bundle is and holds, and what is wrong with it.",
    discussion: """
      Example:
        depthvla inspect ~/models/dinov2-large

      Exit status 65 where tensors are missing, unexpected or misshapen, and of models that look \
      like a supported one and are not.
      """)

  @Argument(help: "A safetensors file, a folder with shards, or a bundle.")
  var path: String

  @OptionGroup var output: OutputOptions
  @OptionGroup var settings: SettingOptions

  @Flag(help: "List every tensor.")
  var tensors = false

  func run() throws {
    let library = try output.library()
    let inspection = try Inspection(
      path: path, library: library, settings: Configuration(settings: try settings.values()))
    let report = InspectionReport(inspection)
    try output.write(report.json, words: report.words(listingTensors: tensors))
    if let problem = inspection.problem, problem.isDefect {
      Console.write("depthvla: \(problem.inFile(path))\n", to: .error)
      throw ExitCode(problem.kind.rawValue)
    }
  }
}

extension WeightsError {
  /// Whether the tensors are wrong for their model, and not only of no known model or with an
  /// open question.
  fileprivate var isDefect: Bool {
    ![Code.remapUnrecognised, .remapAmbiguous, .remapAsk].contains(code)
  }
}
