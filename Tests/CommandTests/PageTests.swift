import DVLATestSupport
import Foundation
import Testing

/// The commands that README.md and the tour show, with what the command prints today.
///
/// `scripts/refresh-pages` runs this with DEPTHVLA_REFRESH_PAGES set, which rewrites the pages.
struct PageTests {
  @Test(arguments: ["README.md", PageTests.documentation + "/Tour.md"])
  func shownOutputIsWhatTheCommandPrints(page: String) throws {
    let path = FixtureFolder.path("../" + page)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let blocks = ShownCommand.blocks(of: text)
    #expect(!blocks.isEmpty, "no block of \(page) is marked with <!-- output -->")
    let scratch = try ScratchFolder()
    try scratch.link("Fixtures", to: FixtureFolder.url.path)
    var lines = text.components(separatedBy: "\n")
    // From the last block to the first, so that the lines of those before keep their numbers.
    let printed = try blocks.map { try $0.printed(in: scratch.path) }
    for (block, words) in zip(blocks, printed).reversed() {
      lines.replaceSubrange(block.lines, with: words)
    }
    let fresh = lines.joined(separator: "\n")
    if ProcessInfo.processInfo.environment["DEPTHVLA_REFRESH_PAGES"] != nil, fresh != text {
      try fresh.write(toFile: path, atomically: true, encoding: .utf8)
    } else {
      let (shown, now) = (Self.lasting(text), Self.lasting(fresh))
      for (old, new) in zip(shown, now) where old != new {
        Issue.record("\(page) shows\n  \(old)\nnow it is\n  \(new)\nrun scripts/refresh-pages")
        break
      }
      #expect(shown.count == now.count, "\(page): run scripts/refresh-pages")
    }
  }

  /// A page of another output than the command's is noticed.
  @Test func aStaleLineIsNoticed() throws {
    let page = "<!-- output -->\n```console\n$ echo one; echo two\none\nthree\n```\n"
    let block = try #require(ShownCommand.blocks(of: page).first)
    #expect(try block.printed(in: "/") == ["$ echo one; echo two", "one", "two"])
    #expect(block.lines == 2..<5)
    let cut = page.replacing("output -->", with: "output: first 1 lines -->")
    #expect(
      try ShownCommand.blocks(of: cut).first?.printed(in: "/")
        == ["$ echo one; echo two", "one", "..."])
  }

  static let documentation = "Sources/Conversion/DepthVLAWeights/Documentation.docc"

  /// The lines of a page without what depends on the version of libzstd.
  private static func lasting(_ text: String) -> [String] {
    text.components(separatedBy: "\n").map { line in
      line.replacing(/[0-9a-f]{8}…/, with: "…")
        .replacing(/^(wrote [^ ]+:) [0-9.]+ k?B/) { "\($0.output.1) …" }
        .replacing(/every one of [0-9]+ bytes/, with: "every one of … bytes")
    }
  }
}

/// A block of a page that shows commands and what they print:
///
///     <!-- output: first 3 lines, status 65 -->
///     ```console
///     $ depthvla …
///     ```
private struct ShownCommand {
  /// The lines between the fences, counted from 0.
  let lines: Range<Int>
  private var commands: [String] = []
  /// How many lines of each command's output are shown.
  private var limit = Int.max
  private var status: Int32 = 0

  static func blocks(of page: String) -> [ShownCommand] {
    let lines = page.components(separatedBy: "\n")
    var blocks: [ShownCommand] = []
    for (index, line) in lines.enumerated() {
      guard let mark = line.wholeMatch(of: /<!-- output(?::(.*))? -->/),
        lines.dropFirst(index + 1).first == "```console",
        let end = lines[(index + 2)...].firstIndex(of: "```")
      else { continue }
      var block = ShownCommand(lines: index + 2..<end)
      let options = mark.output.1 ?? ""
      if let match = options.firstMatch(of: /first ([0-9]+) lines/) {
        block.limit = Int(match.output.1) ?? 0
      }
      if let match = options.firstMatch(of: /status ([0-9]+)/) {
        block.status = Int32(match.output.1) ?? 0
      }
      var continues = false
      for line in lines[block.lines] {
        if line.hasPrefix("$ ") {
          block.commands.append(line)
        } else if continues {
          block.commands[block.commands.count - 1] += "\n" + line
        } else {
          continue
        }
        continues = line.hasSuffix("\\")
      }
      blocks.append(block)
    }
    return blocks
  }

  /// The commands and what they print, without what differs between runs or processors.
  func printed(in folder: String) throws -> [String] {
    try commands.flatMap { command in
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", "exec 2>&1\n" + command.dropFirst(2)]
      process.standardInput = FileHandle.nullDevice
      process.currentDirectoryURL = URL(fileURLWithPath: folder)
      var environment = ProcessInfo.processInfo.environment
      let tools = URL(fileURLWithPath: Command.path).deletingLastPathComponent().path
      environment["PATH"] = tools + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
      process.environment = environment
      let result = try outcome(of: process)
      #expect(result.status == status, "\(command)\n\(result.output)")
      var words = result.output.split(separator: "\n").map { line in
        String(line).replacing(/([0-9a-f]{8})[0-9a-f]{56}/) { "\($0.output.1)…" }
          .replacing(/[0-9]+\.[0-9]+ s\b/, with: "… s")
          .replacing(/depth -?[0-9.]+ to -?[0-9.]+/, with: "depth … to …")
      }
      if words.count > limit { words = words.prefix(limit) + ["..."] }
      return command.components(separatedBy: "\n") + words
    }
  }
}
