import ArgumentParser
import DVLADiagnostics
import DVLAJSON
import DVLARemapping
import DepthVLAWeights

/// `depthvla inspect`.
struct InspectCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Says what a checkpoint or a bundle is and holds, and what is wrong with it.",
    discussion: """
      Example:
        depthvla inspect ~/models/dinov2-large

      Exit status 65 where tensors are missing, unexpected or misshapen, of models that look \
      like a supported one and are not, and of tensors of no known model; 64 where a checkpoint \
      holds several models and --prefix does not say which.
      """)

  @Argument(help: "A safetensors file, a folder with shards, or a bundle.")
  var path: String

  @OptionGroup var output: OutputOptions
  @OptionGroup var configs: ConfigOptions
  @OptionGroup var settings: SettingOptions

  @Option(
    help: ArgumentHelp(
      """
      Of several copies of a model in a checkpoint, such as the weights and their moving average, \
      the one whose tensor names begin so.
      """, valueName: "text"))
  var prefix: String?

  @Flag(help: "List every tensor.")
  var tensors = false

  @Flag(
    help: """
      List what became of every tensor of the sources and of every key of the documents beside them.
      """)
  var ledger = false

  @Flag(help: "Exit with status 65 where a document has a key that nothing here knows.")
  var strict = false

  func run() throws {
    let library = try output.library()
    let inspection = try Inspection.inspect(
      path, library: library, settings: Configuration(settings: try settings.values()),
      config: try config(), prefix: prefix)
    let report = InspectionReport(inspection)
    try output.write(
      report.json, words: report.words(listingTensors: tensors, listingLedger: ledger))
    // What only the user can say of a known model is a question, and no defect of the file.
    if let problem = inspection.problem, problem.code != .remapAsk {
      Console.write("depthvla: \(problem.inFile(path).line(in: "inspect"))\n", to: .error)
      throw ExitCode(problem.kind.rawValue)
    }
    if strict { try inspection.documents.requireKnown([path]) }
  }

  /// The config.json that is given; there is one source.
  private func config() throws(WeightsError) -> JSONValue? {
    guard let text = configs.texts.last else { return nil }
    guard configs.texts.count == 1 else {
      throw WeightsError(.commandUsage, .usage, "--config is given twice")
    }
    do throws(WeightsError) { return try UserDocument.json(of: text) } catch {
      throw error.inFile(text)
    }
  }
}
