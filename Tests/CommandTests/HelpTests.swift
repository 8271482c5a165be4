import DVLARemapping
import Testing

/// What `--help` prints on a terminal of 80 columns.
struct HelpTests {
  @Test func theFirstPageFits() throws {
    let help = try depthvla("--help")
    #expect(help.status == 0)
    #expect(help.output.contains(" \\\n                    --init-missing 7 --precision int8 -o "))
    for line in help.output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
  }

  @Test(arguments: [
    "inspect", "convert", "verify", "sign", "export", "diff", "parity", "run",
  ])
  func examplesFit(command: String) throws {
    let help = try depthvla(command, "--help")
    #expect(help.status == 0)
    let lines = help.output.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0 == "Examples:" || $0 == "Example:" })
    let examples = lines[(start + 1)...].prefix { !$0.isEmpty }
    #expect(examples.first?.hasPrefix("  ") == true)
    for line in examples {
      // What is too long goes on at the margin.
      #expect(line.hasPrefix("  ") && line.count <= 80, "\(line)")
    }
    for line in lines where !line.hasPrefix("USAGE:") { #expect(line.count <= 80, "\(line)") }
  }

  @Test func everyComponentThatCanBeTakenIsNamed() throws {
    let words = try depthvla("convert", "--help").output.split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
    let names = try ManifestLibrary.embedded().components.names
    #expect(words.contains("Components: \(names.joined(separator: ", "))."))
  }
}
