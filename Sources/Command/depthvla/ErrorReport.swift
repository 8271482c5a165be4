import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLARemapping

/// An error as the command reports it: one line on stderr, with everything else that was found in
/// the same pass below it, and a JSON document on stdout where one was asked for.
struct ErrorReport {
  private let error: WeightsError

  init(_ error: WeightsError) { self.error = error }

  /// A command line that could not be understood, in the words of the argument parser, which
  /// begin and end like a sentence.
  init(usage message: String) {
    // The parser takes a command it does not know for an argument, or goes on to its options.
    if let word = CommandLine.arguments.dropFirst().first, !word.hasPrefix("-"), word != "help",
      !DepthVLA.commandNames.contains(word)
    {
      error = WeightsError(
        .commandUsage, .usage,
        "no command \(word.quoted); expected one of "
          + DepthVLA.commandNames.joined(separator: ", "))
      return
    }
    var words = message
    if words.last == "." { words.removeLast() }
    if let first = words.first, words.dropFirst().first?.isLowercase == true {
      words = first.lowercased() + words.dropFirst()
    }
    error = WeightsError(.commandUsage, .usage, words)
  }

  func write(asJSON: Bool) {
    var text = "depthvla: \(error)\(hint)\n"
    if error.details.count > 1 || error.code == .remapAsk && !error.details.isEmpty {
      for line in error.shownDetails { text += "  \(line.escapedMessage)\n" }
    }
    Console.write(text, to: .error)
    if asJSON { writeJSON() }
  }

  /// The option that would help, which the library does not know.
  private var hint: String {
    let given = CommandLine.arguments
    switch error.code {
    case .fileExists where !given.contains("--force"): return "; --force replaces it"
    case .remapCoverage
    where given.dropFirst().first == "convert" && !given.contains("--init-missing")
      && error.details.allSatisfy { $0.contains("missing: ") }:
      return "; --init-missing SEED draws what no source has"
    case .commandUsage:
      let command = given.dropFirst().first { DepthVLA.commandNames.contains($0) }
      let isSource = command == "convert" && error.message.contains("unexpected argument")
      return (isSource ? "; a source goes behind its option, such as --paligemma" : "")
        + (error.message.hasSuffix("?") ? " See" : "; see")
        + " depthvla \(command.map { $0 + " " } ?? "")--help"
    default: return ""
    }
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
              ("message", .string(error.message)),
              ("details", .array(error.details.map { .string($0) })),
            ]))
        )
      ]))
  }
}

extension WeightsError {
  /// More lines than this are cut on a terminal; `--json` has them all.
  private static let shownDetailCount = 40
  /// Of names that are no part of the model, the first few say as much as all.
  private static let shownUnexpectedCount = 8

  /// The details for a person.
  var shownDetails: [String] {
    var shown: [String] = []
    var unexpected = 0
    for line in details {
      if line.contains("unexpected: ") {
        unexpected += 1
        if unexpected > Self.shownUnexpectedCount { continue }
      }
      if shown.count == Self.shownDetailCount { break }
      shown.append(line)
    }
    if shown.count < details.count {
      shown.append("… and \(details.count - shown.count) more; --json lists all")
    }
    return shown
  }
}
