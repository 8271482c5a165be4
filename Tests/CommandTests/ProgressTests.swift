import DVLATestSupport
import Testing

/// Progress is for people: on a terminal only, on one line, gone when the work is done.
struct ProgressTests {
  /// Python, and a system that gives pseudo-terminals: a bare chroot has none.
  static let hasTerminals =
    (try? program(["python3", "-c", "import pty, termios; pty.openpty()"]))?.status == 0

  @Test func withoutATerminalThereIsNone() throws {
    let scratch = try ScratchFolder()
    let source = try LongWork.write(to: scratch, layers: 2)
    let result = try depthvla(LongWork.arguments(source, to: scratch("b")))
    #expect(result.status == 0, "\(result.error)")
    #expect(result.error == "")
  }

  @Test(.enabled(if: hasTerminals)) func onATerminalOneLineFits80Columns() throws {
    let scratch = try ScratchFolder()
    let source = try LongWork.write(to: scratch, layers: 2)
    let script = FixtureFolder.path("../Tests/python/terminal.py")
    let result = try program(
      ["python3", script, Command.path] + LongWork.arguments(source, to: scratch("b")))
    #expect(result.status == 0, "\(result.output) \(result.error)")
    // Each drawing starts at the left of a cleared line.
    let drawings = result.output.split(separator: "\r\u{1B}[K", omittingEmptySubsequences: false)
    #expect(drawings.first == "")
    #expect(drawings.last == "", "the line is taken away")
    let lines = drawings.filter { !$0.isEmpty }
    #expect(!lines.isEmpty)
    for line in lines {
      #expect(line.count < 80, "\(line)")
      #expect(line.contains("%") && line.contains("/s") && line.contains(" of "), "\(line)")
      #expect(!line.contains("\n"))
    }

    let quiet = try program(
      ["python3", script, Command.path] + LongWork.arguments(source, to: scratch("b")) + ["--quiet"]
    )
    #expect(quiet.status == 0)
    #expect(quiet.output == "")
  }
}
