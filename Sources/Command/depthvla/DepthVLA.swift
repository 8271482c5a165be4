import ArgumentParser
import DVLADiagnostics
import DVLAFiles
import DepthVLAWeights

/// The command `depthvla`.
@main
struct DepthVLA: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "depthvla",
    abstract: "Convert model checkpoints into verified weight bundles for robots.",
    discussion: """
      Look at a model:  depthvla inspect ~/models/paligemma-3b-pt-224
      Make a bundle:    depthvla convert --paligemma PALIGEMMA \\
                          --depth-anything DEPTH_ANYTHING \\
                          --init-missing 7 --precision int8 -o robot.dvla.safetensors
      Check it:         depthvla verify robot.dvla.safetensors \\
                          --against PALIGEMMA DEPTH_ANYTHING

      Exit status: 0 success, 1 a check failed, 64 usage, 65 malformed, damaged or
      unsuitable input, 66 no such input, 69 out of memory or another resource,
      73 output cannot be created, 74 input/output error, 130 interrupted.
      """,
    version: ToolVersion.report,
    subcommands: subcommands)

  private static var subcommands: [any ParsableCommand.Type] {
    var commands: [any ParsableCommand.Type] = [
      InspectCommand.self, ConvertCommand.self, VerifyCommand.self, SignCommand.self,
      ExportCommand.self, DiffCommand.self, ParityCommand.self, GateCommand.self,
      RunCommand.self,
    ]
    #if Server
      commands.append(ServeCommand.self)
    #endif
    return commands
  }

  static var commandNames: [String] {
    configuration.subcommands.compactMap { $0.configuration.commandName }
  }

  static func main() {
    Interruption.install(
      keptMessage: """
        depthvla: interrupted; the work so far is kept, and the same command with --resume \
        continues from there

        """)
    let arguments = Array(CommandLine.arguments.dropFirst())
    var output: OutputOptions?
    var name = ""
    do {
      var command = try parseAsRoot(arguments)
      output = (command as? any OutputCommand)?.output
      name = type(of: command).configuration.commandName ?? ""
      try command.run()
    } catch let error as WeightsError {
      ErrorReport(error, command: name).write(asJSON: output?.json ?? false)
      Self.exit(withError: ExitCode(error.kind.rawValue))
    } catch {
      // Help, the version, or a status whose reason is on stderr already.
      if exitCode(for: error).isSuccess || error is ExitCode { exit(withError: error) }
      let report = ErrorReport(usage: message(for: error), arguments: arguments)
      report.write(asJSON: output?.json ?? UnparsedArguments.wantJSON(arguments))
      Self.exit(withError: ExitCode(WeightsError.Kind.usage.rawValue))
    }
  }
}

/// A command with the options that all share.
protocol OutputCommand: ParsableCommand {
  var output: OutputOptions { get }
}

/// The arguments of a command line that could not be parsed.
private struct UnparsedArguments: ParsableArguments {
  @Flag var json = false
  @Argument(parsing: .allUnrecognized) var others: [String] = []

  /// Whether the result of the command was to be JSON, as far as that can be seen.
  static func wantJSON(_ arguments: [String]) -> Bool { (try? parse(arguments))?.json ?? false }
}
