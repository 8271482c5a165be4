import DVLARemapping
import DVLATestSupport
import Testing

/// What `--help` prints on a terminal of 80 columns.
struct HelpTests {
  static let commands = [
    "inspect", "convert", "verify", "sign", "export", "diff", "parity", "run",
  ]

  @Test func theFirstPageFits() throws {
    let help = try depthvla("--help")
    #expect(help.status == 0)
    #expect(help.output.contains(" \\\n                    --init-missing 7 --precision int8 -o "))
    for line in help.output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
  }

  @Test(arguments: commands)
  func everyLineFits(command: String) throws {
    let help = try depthvla(command, "--help")
    #expect(help.status == 0)
    let lines = help.output.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0 == "Examples:" || $0 == "Example:" })
    let examples = lines[(start + 1)...].prefix { !$0.isEmpty }
    #expect(examples.first?.hasPrefix("  ") == true)
    // What is too long continues at the margin.
    for line in examples { #expect(line.hasPrefix("  "), "\(line)") }
    for line in lines { #expect(line.count <= 80, "\(line)") }
  }

  /// The parser asks the terminal how wide it is.
  @Test(.enabled(if: ProgressTests.hasTerminals), arguments: commands)
  func everyLineFitsATerminal(command: String) throws {
    let script = FixtureFolder.path("../Tests/python/terminal.py")
    let help = try program(["python3", script, "--stdout", Command.path, command, "--help"])
    #expect(help.status == 0)
    let lines = help.output.split(whereSeparator: \.isNewline)
    #expect(lines.contains("OPTIONS:"), "\(help.output)")
    for line in lines { #expect(line.count <= 80, "\(line)") }
  }

  /// Options are found under a title; what all commands have is last.
  @Test(arguments: [
    ("inspect", ["ARGUMENTS", "MODEL", "ROBOT", "REPORT"]),
    ("convert", ["SOURCES", "PRECISION", "ASSETS", "OUTPUT", "SIGNING"]),
    ("verify", ["ARGUMENTS", "CHECKS", "TRUST"]), ("sign", ["ARGUMENTS", "SIGNING"]),
    ("export", ["ARGUMENTS", "CHECKPOINT", "TRUST"]), ("diff", ["ARGUMENTS", "MODEL", "OUTPUT"]),
    ("parity", ["ARGUMENTS", "GOLDENS", "MODEL", "OUTPUT", "TRUST"]),
    ("run", ["ARGUMENTS", "PICTURES", "DEPTHVLA AND PI0", "DEPTH", "RUNNING", "TRUST"]),
  ])
  func optionsAreGrouped(command: String, titles: [String]) throws {
    let lines = try depthvla(command, "--help").output.split(separator: "\n").map(String.init)
    let found = lines.filter { $0.hasSuffix(":") && $0 == $0.uppercased() }
    #expect(found == (titles + ["OPTIONS"]).map { $0 + ":" })
    let common = lines.drop { $0 != "OPTIONS:" }.dropFirst()
      .filter { $0.hasPrefix("  -") }.compactMap { $0.split(separator: " ").first }
    #expect(common == ["--json", "--quiet", "--threads", "--manifest", "--version", "-h,"])
  }

  @Test func everyComponentThatCanBeTakenIsNamed() throws {
    let words = try depthvla("convert", "--help").output.split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
    let names = try ManifestLibrary.embedded().components.names
    #expect(words.contains("Components: \(names.joined(separator: ", "))."))
  }
}
