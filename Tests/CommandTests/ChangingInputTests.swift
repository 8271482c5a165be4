import DVLATestSupport
import Foundation
import Testing

/// Inputs that are written to, or cut short, while they are read: never packed or passed silently.
@Suite(.enabled(if: FaultyCommand.library != nil, "needs cc, and a build without sanitizers"))
struct ChangingInputTests {
  let scratch: ScratchFolder
  let source: String
  let weights: String

  init() throws {
    scratch = try ScratchFolder()
    source = try scratch.copy("dinov2/hf", to: "in")
    weights = scratch("in/model.safetensors")
    let result = try depthvla("convert", "--dinov2", source, "-o", scratch("bundle"))
    try #require(result.status == 0, "\(result.error)")
  }

  /// Spoils a file before reads of it, when it has been opened and not been read whole.
  ///
  /// - Parameters:
  ///   - places: as parts of the run.
  ///   - check: looks at what came of each.
  func run(
    _ arguments: [String], _ fault: Fault, of file: String,
    at places: [(Int, Int)] = [(1, 4), (1, 2), (3, 4)], check: (Outcome) throws -> Void = { _ in }
  ) throws -> [Outcome] {
    let before = try scratch.bytes(of: file)
    let arguments = arguments + ["--threads", "1"]
    let folder = scratch(String(file.split(separator: "/")[0]))
    try? FileManager.default.removeItem(atPath: scratch("out"))
    let count = try FaultyCommand.callCount(arguments, in: folder, calls: "pread")
    return try places.map { part in
      let number = max(1, count * part.0 / part.1)
      defer { _ = try? scratch.write(before, to: file) }
      try? FileManager.default.removeItem(atPath: scratch("out"))
      let outcome = try FaultyCommand.run(
        arguments, in: folder, fault, at: FaultPlace(calls: "pread", number: number))
      #expect(outcome.errorLines.count <= 1, "\(outcome.error)")
      try check(outcome)
      return outcome
    }
  }

  func expectRefusal(
    _ arguments: [String], of file: String, status: Set<Int32> = [74]
  ) throws {
    for fault in [Fault.change(scratch(file)), .cut(scratch(file))] {
      for outcome in try run(arguments, fault, of: file) {
        #expect(status.contains(outcome.status), "\(fault): \(outcome.output) \(outcome.error)")
        let names = try scratch.entries
        #expect(names == ["bundle", "in"])
      }
    }
  }

  @Test func aSourceOfConvert() throws {
    try expectRefusal(
      ["convert", "--dinov2", source, "-o", scratch("out")], of: "in/model.safetensors")
  }

  /// A write whose time is set back is found by reading once more; the times alone are no change.
  @Test func aSourceOfConvertWhoseTimesWereSet() throws {
    let file = "in/model.safetensors"
    let convert = ["convert", "--dinov2", source, "-o", scratch("out")]
    #expect(try depthvla(convert).status == 0)
    let whole = try scratch.bytes(of: "out")
    for outcome in try run(convert, .covert(scratch(file)), of: file) {
      #expect(outcome.status == 74, "\(outcome.error)")
      #expect(outcome.error.contains("although its modification time is unchanged"))
      #expect(try scratch.entries == ["bundle", "in"])
    }
    let touched = try run(convert, .touch(scratch(file)), of: file) { outcome in
      #expect(outcome.status == 0, "\(outcome.error)")
      let written = try scratch.bytes(of: "out")
      #expect(written == whole)
    }
    #expect(touched.count == 3)
  }

  @Test func aSourceOfVerify() throws {
    try expectRefusal(
      ["verify", scratch("bundle"), "--against", source], of: "in/model.safetensors")
  }

  @Test func aSideOfDiff() throws {
    for sides in [[source, scratch("bundle")], [scratch("bundle"), source]] {
      try expectRefusal(["diff"] + sides, of: "in/model.safetensors")
    }
  }

  /// Of a bundle every chunk is held against the header, which was read once, so that damage is
  /// found where it is read; what was read already may change.
  @Test func aBundleThatIsExported() throws {
    let arguments = ["export", scratch("bundle"), "--naming", "source", "-o", scratch("out")]
    try #require(try depthvla(arguments).status == 0)
    let whole = try scratch.bytes(of: "out/model.safetensors")
    for fault in [Fault.change(scratch("bundle")), .cut(scratch("bundle"))] {
      let outcomes = try run(arguments, fault, of: "bundle", at: [(1, 20), (1, 2), (8, 9)]) {
        outcome in
        guard outcome.status == 0 else { return }
        let written = try scratch.bytes(of: "out/model.safetensors")
        #expect(written == whole)
      }
      // The middle of the bundle is that of its largest tensor, which comes first.
      #expect([65, 74].contains(outcomes[0].status))
      for outcome in outcomes {
        #expect([0, 65, 74].contains(outcome.status), "\(fault): \(outcome.error)")
      }
    }
  }
}
