public import ArgumentParser
import DVLADiagnostics
import DVLAModels
import DVLAParity
public import DVLATensors
import DepthVLAWeights

/// What `parity` compares with.
struct ComparisonOptions: ParsableArguments {
  @Option(
    name: .customLong("golden"), parsing: .upToNextOption,
    help: ArgumentHelp("Goldens, or folders of goldens.", valueName: "path"))
  var goldens: [String] = []

  @Option(
    help: ArgumentHelp(
      "A JSON file of tolerances to use in place of the built-in ones.", valueName: "file"))
  var tolerances: String?

  @Option(
    help: ArgumentHelp(
      """
      The class whose tolerances apply (default: chosen by how the weights were converted).
      """, valueName: "class"))
  var precisionClass: PrecisionClass?

  func validate() throws {
    if goldens.isEmpty { throw ValidationError("expected --golden PATH") }
  }
}

/// The model of DepthVLA with a part changed.
struct AblationOptions: ParsableArguments {
  @Option(help: "The attention mask of DepthVLA (default: that of the golden).")
  var mask: AttentionPattern?

  @Flag(help: "Run DepthVLA without its depth expert (default: as the golden was recorded).")
  var noDepth = false

  var requested: RequestedAblation {
    RequestedAblation(pattern: mask, usesDepth: noDepth ? false : nil)
  }
}

/// The files that `parity` writes.
struct FileOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Also write the result as an HTML page.", valueName: "out.html"))
  var report: String?

  @Option(
    help: ArgumentHelp(
      "Compare nothing. Run on the inputs of the golden and write a new golden.",
      valueName: "out"))
  var record: String?

  @Option(
    help: ArgumentHelp(
      "The stages that --record keeps, such as layer.{i} or siglip.** (default: all).",
      valueName: "pattern"))
  var stages: String?

  @Flag(help: "Replace --report or --record if it exists.")
  var force = false

  func validate() throws {
    if record == nil, stages != nil { throw ValidationError("--stages goes with --record") }
  }

  /// - Throws: `command.usage` for a pattern that is malformed.
  func stagePattern() throws(WeightsError) -> DottedPattern? {
    guard let stages else { return nil }
    do throws(WeightsError) { return try DottedPattern(stages) } catch {
      throw WeightsError(.commandUsage, .usage, "--stages: \(error.message)")
    }
  }
}

extension PrecisionClass: ExpressibleByArgument {}
