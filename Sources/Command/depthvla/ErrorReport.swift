import DVLADiagnostics
import DVLAJSON

/// An error as the command reports it: one line on stderr, with everything else that was found in
/// the same pass below it, and a JSON document on stdout where one was asked for.
struct ErrorReport {
  private let error: WeightsError
  /// The line without the name of the program.
  private let line: String
  /// The line without file and tensor, which JSON has beside it.
  private let message: String

  /// - Parameter command: the subcommand that ran.
  init(_ error: WeightsError, command: String) {
    self.error = error
    line =
      error.line(in: command)
      + (error.code == .commandUsage ? "; see depthvla \(command) --help" : "")
    message = error.message(in: command)
  }

  /// A command line that could not be understood.
  ///
  /// - Parameters:
  ///   - message: the words of the argument parser, which begin and end like a sentence.
  ///   - arguments: the command line, without the name of the program.
  init(usage message: String, arguments: [String]) {
    let command = arguments.first(where: DepthVLA.commandNames.contains)
    let help = "see depthvla \(command.map { $0 + " " } ?? "")--help"
    // The parser takes a command it does not know for an argument, or goes on to its options.
    if let word = arguments.first, !word.hasPrefix("-"), word != "help",
      !DepthVLA.commandNames.contains(word)
    {
      error = WeightsError(
        .commandUsage, .usage,
        "no command \(word.quoted); expected one of "
          + DepthVLA.commandNames.joined(separator: ", "))
      self.message = error.message
      line = error.description + "; " + help
      return
    }
    var words = message
    if words.last == "." { words.removeLast() }
    if let first = words.first, words.dropFirst().first?.isLowercase == true {
      words = first.lowercased() + words.dropFirst()
    }
    error = WeightsError(.commandUsage, .usage, words)
    self.message = words
    let isQuestion = words.last == "?"
    line = error.description + (isQuestion ? " See" : "; see") + help.dropFirst(3)
  }

  func write(asJSON: Bool) {
    var text = "depthvla: \(line)\n"
    if error.details.count > 1 || !error.details.isEmpty && error.detailsAskForMore {
      for line in error.shownDetails { text += "  \(line.escapedMessage)\n" }
    }
    Console.write(text, to: .error)
    if asJSON { writeJSON() }
  }

  private func writeJSON() { Console.write(json.text, to: .output) }

  private var json: JSONValue {
    .object(
      JSONObject([
        (
          "error",
          .object(
            JSONObject([
              ("code", .string(error.code.rawValue)),
              ("status", .integer(Int64(error.kind.rawValue))),
              ("file", error.file.map { .string($0) } ?? .null),
              ("tensor", error.tensor.map { .string($0) } ?? .null),
              ("message", .string(message)),
              ("details", .array(error.details.map { .string($0) })),
            ]))
        )
      ]))
  }
}

extension WeightsError {
  /// More lines than this are cut on a terminal; `--json` has them all.
  private static let shownDetailCount = 40
  /// Whether a single detail says more than the line does: the meaning of a key that is asked for.
  fileprivate var detailsAskForMore: Bool {
    remedies.contains { if case .set = $0 { true } else { false } }
  }

  /// The details for a person.
  var shownDetails: [String] {
    guard details.count > Self.shownDetailCount else { return details }
    return details.prefix(Self.shownDetailCount)
      + ["… and \(details.count - Self.shownDetailCount) more; --json lists all"]
  }
}
