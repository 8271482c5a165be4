import ArgumentParser
import DVLADiagnostics
import DVLAJSON
import DVLARemapping
import DVLARobots
import DepthVLAWeights

/// `depthvla inspect`.
struct InspectCommand: OutputCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Describe a checkpoint, bundle or robot and report what is wrong with it.",
    usage: """
      depthvla inspect <path> [<options>]
      depthvla inspect --robot <file-or-name> [--json]
      """,
    discussion: """
      Example:
        depthvla inspect ~/models/dinov2-large
        depthvla inspect --robot libero --json > robot.json

      The exit status is 65 if tensors are missing, unexpected or of another shape, or if the \
      model is not supported or not recognised. It is 64 if a checkpoint holds several models \
      and --prefix does not choose one.
      """)

  @Argument(help: "A safetensors file, a folder with shards, or a bundle.")
  var path: String?

  @OptionGroup(title: "Model") var reading: ReadingOptions
  @OptionGroup(title: "Model") var settings: SettingOptions
  @OptionGroup(title: "Robot") var robot: RobotOptions
  @OptionGroup(title: "Report") var listing: Listing
  @OptionGroup var output: OutputOptions

  /// How the one source is read.
  struct ReadingOptions: ParsableArguments {
    // A list, since of an option that takes one value the last would win in silence.
    @Option(
      name: .customLong("config"), parsing: .singleValue,
      help: ArgumentHelp(
        "A config.json to use in place of the one beside the weights.", valueName: "file"))
    var configs: [String] = []

    @Option(
      help: ArgumentHelp(
        """
        If a checkpoint holds several copies of a model, such as the weights and their moving \
        average, use the one whose tensor names begin with this text.
        """, valueName: "text"))
    var prefix: String?
  }

  /// A robot in place of weights.
  struct RobotOptions: ParsableArguments {
    @Option(
      parsing: .singleValue,
      help: ArgumentHelp(
        """
        Describe a robot in place of weights: a JSON file, or one of \
        \(Robot.presetNames.joined(separator: ", ")). With --json, its complete document.
        """, valueName: "file-or-name"))
    var robot: [String] = []
  }

  /// How much is listed, and what is refused.
  struct Listing: ParsableArguments {
    @Flag(help: "List every tensor.")
    var tensors = false

    @Flag(
      help: """
        List how every source tensor and every key of the documents beside the weights was used.
        """)
    var ledger = false

    @Flag(help: "Exit with status 65 if a document has an unknown key.")
    var strict = false
  }

  func validate() throws {
    guard robot.robot.isEmpty else {
      guard robot.robot.count == 1 else {
        throw ValidationError("--robot is given \(robot.robot.count) times")
      }
      let others =
        reading.configs.isEmpty && reading.prefix == nil && settings.texts.isEmpty
        && !listing.tensors
        && !listing.ledger && !listing.strict
      guard path == nil, others else {
        throw ValidationError("--robot stands alone or with --json")
      }
      return
    }
    if path == nil { throw ValidationError("Missing expected argument '<path>'") }
  }

  func run() throws {
    if let name = robot.robot.first {
      let report = RobotReport(try Robot(named: name))
      try output.write(report.json, words: report.words())
      return
    }
    guard let path else { preconditionFailure("arguments are checked") }
    let library = try output.library()
    let inspection = try Inspection.inspect(
      path, library: library, settings: Configuration(settings: try settings.values()),
      config: try config(), prefix: reading.prefix)
    let gate = inspection.kind == .bundle ? UnverifiedGate(besideBundle: path) : nil
    let report = InspectionReport(inspection, gate: gate)
    try output.write(
      report.json,
      words: report.words(listingTensors: listing.tensors, listingLedger: listing.ledger))
    // What only the user can say of a known model is a question, and no defect of the file.
    if let problem = inspection.problem, problem.code != .remapAsk {
      Console.write("depthvla: \(problem.inFile(path).line(in: "inspect"))\n", to: .error)
      throw ExitCode(problem.kind.rawValue)
    }
    if listing.strict { try inspection.documents.requireKnown([path]) }
  }

  /// The config.json that is given; there is one source.
  private func config() throws(WeightsError) -> JSONValue? {
    guard let text = reading.configs.last else { return nil }
    guard reading.configs.count == 1 else {
      throw WeightsError(.commandUsage, .usage, "--config is given twice")
    }
    do throws(WeightsError) { return try UserDocument.json(of: text) } catch {
      throw error.inFile(text)
    }
  }
}
