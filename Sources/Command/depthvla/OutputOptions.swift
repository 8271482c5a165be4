import ArgumentParser
import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLAKernels
import DVLARemapping
import DepthVLAWeights

/// The options that every command has.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print one JSON document on stdout and nothing else there.")
  var json = false

  @Flag(help: "Show no progress on stderr.")
  var quiet = false

  @Option(help: "The number of threads (default: one for each processor).")
  var threads: Int?

  @Option(
    name: .customLong("manifest"), parsing: .singleValue,
    help: ArgumentHelp(
      "A naming manifest of your own to add to the built-in ones, or a folder of them.",
      valueName: "path"))
  var manifests: [String] = []

  mutating func validate() throws {
    if let threads, !(1...256).contains(threads) {
      throw ValidationError("--threads \(threads): expected 1 to 256")
    }
  }

  var threadCount: Int { threads ?? Processors.count }

  /// The built-in manifests and the user's.
  func library() throws(WeightsError) -> ManifestLibrary {
    var library = try ManifestLibrary.embedded()
    for path in manifests {
      for file in try ManifestFiles.at(path) {
        try library.add(UserDocument.text(of: file), file: file)
      }
    }
    return library
  }

  /// Progress on stderr, where a person sees it.
  func progress() -> ProgressLine? { quiet ? nil : ProgressLine() }

  /// The result: a JSON document, or words for a person.
  ///
  /// - Throws: `command.output` when standard output does not take it.
  func write(_ document: JSONValue, words: String) throws(WeightsError) {
    let text = json ? document.text : words
    guard let number = Console.write(text, to: .output) else { return }
    throw WeightsError(
      .commandOutput, .inputOutput,
      "cannot write to standard output: \(SystemFailure.words(number))")
  }
}

extension WeightsError.Code {
  /// The result could not be written to standard output.
  static let commandOutput = Self("command.output")
}

extension JSONValue {
  /// The document as the command prints it, with nothing in it that steers a terminal.
  var text: String { encoded(pretty: true).escapedInJSON + "\n" }
}
