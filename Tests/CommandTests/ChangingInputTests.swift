import Foundation
import TestSupport
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

  /// Spoils a file before one of the reads in the second half of a run, when it has long been opened.
  func run(_ arguments: [String], _ fault: Fault, of file: String) throws -> [Outcome] {
    let before = try scratch.bytes(of: file)
    let arguments = arguments + ["--threads", "1"]
    let count = try FaultyCommand.callCount(arguments, in: scratch, calls: "pread")
    return try [count / 2, count * 3 / 4, count].map { number in
      defer { _ = try? scratch.write(before, to: file) }
      try? FileManager.default.removeItem(atPath: scratch("out"))
      let outcome = try FaultyCommand.run(
        arguments, in: scratch.path, fault, at: FaultPlace(calls: "pread", number: number))
      #expect(outcome.errorLines.count <= 1, "\(outcome.error)")
      return outcome
    }
  }

  /// The last read of `convert` is of what was written, and the sources were looked at before.
  @Test func aSourceOfConvert() throws {
    let arguments = ["convert", "--dinov2", source, "-o", scratch("out")]
    for fault in [Fault.change(weights), .cut(weights)] {
      let outcomes = try run(arguments, fault, of: "in/model.safetensors")
      #expect(outcomes[0].status == 74, "\(outcomes[0].error)")
      #expect(outcomes[0].error.contains("model.safetensors: "))
      #expect(outcomes[2].status == 0, "\(outcomes[2].error)")
      #expect(try scratch.bytes(of: "out") == scratch.bytes(of: "bundle"))
    }
    let outcome = try FaultyCommand.run(
      arguments, in: scratch.path, .change(weights), at: FaultPlace(calls: "pread", number: 60))
    #expect(outcome.status != 0)
    #expect(try scratch.entries == ["bundle", "in", "out"])
  }

  @Test func aSourceOfVerify() throws {
    for fault in [Fault.change(weights), .cut(weights)] {
      let outcomes = try run(
        ["verify", scratch("bundle"), "--against", source], fault, of: "in/model.safetensors")
      for outcome in outcomes.dropFirst() {
        #expect(outcome.status == 74, "\(outcome.output) \(outcome.error)")
      }
    }
  }

  @Test func aSideOfDiff() throws {
    for fault in [Fault.change(weights), .cut(weights)] {
      for sides in [[source, scratch("bundle")], [scratch("bundle"), source]] {
        let outcomes = try run(["diff"] + sides, fault, of: "in/model.safetensors")
        for outcome in outcomes { #expect(outcome.status == 74, "\(outcome.error)") }
      }
    }
  }

  /// Of a bundle every chunk is held against the header, which was read once; what was read already
  /// may change.
  @Test func aBundleThatIsExported() throws {
    let arguments = ["export", scratch("bundle"), "--naming", "source", "-o", scratch("out")]
    for fault in [Fault.change(scratch("bundle")), .cut(scratch("bundle"))] {
      for outcome in try run(arguments, fault, of: "bundle") {
        #expect([65, 74].contains(outcome.status), "\(outcome.error)")
        #expect(try !scratch.entries.contains { $0.contains("out") })
      }
    }
  }
}
