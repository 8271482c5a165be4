import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// `convert --resume`: what an interrupted run has done is not done again, and the bundle is the
/// same to the byte.
@Suite(.enabled(if: FaultyCommand.library != nil, "needs cc, and a build without sanitizers"))
struct ResumeTests {
  let scratch: ScratchFolder
  let source: String

  init() throws {
    scratch = try ScratchFolder()
    source = try scratch.copy("dinov2/hf", to: "in")
  }

  static let choices: [[String]] = [
    ["--precision", "int8"], ["--precision", "bf16"], ["--store"],
    ["--precision", "int8", "--smallest"],
    ["--precision", "int8", "--sign", SigningCommandTests.key("ed25519"), "--release", "3"],
  ]

  func arguments(_ options: [String], to name: String, threads: Int = 1) -> [String] {
    ["convert", "--dinov2", source, "-o", scratch(name), "--threads", "\(threads)"] + options
  }

  func convert(_ options: [String], to name: String) throws -> [UInt8] {
    let outcome = try depthvla(arguments(options, to: name))
    try #require(outcome.status == 0, "\(outcome.error)")
    return try scratch.bytes(of: name)
  }

  /// Ends a run before one of its writes.
  func interrupt(
    _ arguments: [String], _ signal: Int32, beforeWrite number: Int
  ) throws -> Outcome {
    try FaultyCommand.run(
      arguments, in: scratch.path, .signal(signal),
      at: FaultPlace(calls: "pwrite", number: number))
  }

  func resumedByteCount(_ outcome: Outcome) throws -> Int {
    try #require(outcome.status == 0, "\(outcome.error)")
    return try #require(outcome.json?["bundle"]?.object?["resumed"]?.integer)
  }

  var strays: [String] {
    get throws { try scratch.entries.filter { $0.contains(".partial-") } }
  }

  @Test(arguments: choices)
  func aRunThatWasKilledAnywhereIsGoneOnWith(options: [String]) throws {
    let whole = try convert(options, to: "whole")
    let writes = try FaultyCommand.callCount(
      arguments(options, to: "count"), in: scratch.path, calls: "pwrite")
    var kept: [Int] = []
    for (index, number) in stride(from: 1, through: writes, by: max(1, writes / 6)).enumerated() {
      // The option may come with the second run only, and the threads may be others.
      let first =
        arguments(options, to: "b", threads: 1 + index % 2) + (index % 3 == 0 ? ["--resume"] : [])
      #expect(try interrupt(first, SIGKILL, beforeWrite: number).status == -SIGKILL)
      let second = try depthvla(
        arguments(options, to: "b", threads: 1 + index / 2 % 2) + ["--resume", "--json"])
      kept.append(try resumedByteCount(second))
      #expect(try scratch.bytes(of: "b") == whole)
      #expect(try strays == [])
      for name in ["b", "b.sig"] { try? FileManager.default.removeItem(atPath: scratch(name)) }
    }
    #expect(kept[0] == 0)
    #expect(kept == kept.sorted())
    #expect(kept[kept.count - 1] > 20_000)
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func aSignalKeepsWhatIsDoneOnlyWhereAsked(signal: Int32) throws {
    let whole = try convert([], to: "whole")
    let resuming = arguments(["--resume"], to: "b")
    for round in 1...3 {
      let stopped = try interrupt(resuming, signal, beforeWrite: 60)
      #expect(stopped.status == 130)
      #expect(stopped.errorLines.count == 1)
      #expect(stopped.error.contains("--resume continues from there"))
      #expect(try strays.count == 2, "round \(round)")
    }
    // Each round has gone further.
    let last = try depthvla(resuming + ["--json"])
    #expect(try resumedByteCount(last) > 70_000)
    #expect(try scratch.bytes(of: "b") == whole)
    #expect(try strays == [])
    let plain = try interrupt(arguments(["--force"], to: "b"), signal, beforeWrite: 60)
    #expect(plain.status == 130 && plain.error == "")
    #expect(try strays == [])
  }

  @Test(arguments: ["EIO", "ENOSPC"])
  func aDeviceThatFailsKeepsWhatIsDone(error: String) throws {
    let whole = try convert([], to: "whole")
    // The last is that by which the bundle gets its name.
    let renaming: Int32 = error == "EIO" ? 73 : 74
    for (calls, number, status) in [
      ("pwrite", 90, 74), ("pread", 90, 74), ("renameat2", 1, renaming),
    ] {
      let outcome = try FaultyCommand.run(
        arguments(["--resume"], to: "b"), in: scratch.path, .error(error),
        at: FaultPlace(calls: calls, number: number))
      #expect(outcome.status == status)
      #expect(outcome.errorLines.count == 1)
      #expect(
        outcome.error.contains("--resume continues from the work that was kept"), "\(outcome.error)"
      )
      let next = try depthvla(arguments(["--resume", "--json"], to: "b"))
      #expect(try resumedByteCount(next) > 0)
      #expect(try scratch.bytes(of: "b") == whole)
      #expect(try strays == [])
      try FileManager.default.removeItem(atPath: scratch("b"))
    }
  }

  /// The last calls: what has its name needs no journal any more.
  @Test func aSignalAtTheEndLeavesTheBundleOrTheWorkAndNeverBoth() throws {
    let whole = try convert([], to: "whole")
    let options = arguments(["--resume"], to: "b")
    let count = try FaultyCommand.callCount(options, in: scratch.path)
    #expect(try scratch.bytes(of: "b") == whole)
    var finished = 0
    for number in (count - 12)...count {
      for name in try scratch.entries where name == "b" || name.hasPrefix(".b") {
        try FileManager.default.removeItem(atPath: scratch(name))
      }
      let outcome = try FaultyCommand.run(
        options, in: scratch.path, .signal(SIGTERM), at: FaultPlace(number: number))
      #expect(outcome.status == 130)
      if try scratch.entries.contains("b") {
        finished += 1
        #expect(try scratch.bytes(of: "b") == whole)
        #expect(try strays == [], "call \(number)")
        #expect(outcome.error == "")
      } else {
        #expect(try strays.count == 2, "call \(number)")
        #expect(outcome.error.contains("--resume continues from there"))
      }
    }
    #expect((1...12).contains(finished))
  }

  /// Leaves a run that was killed near its end; the names of its file and its journal.
  func unfinished() throws -> (file: String, journal: String) {
    #expect(try interrupt(arguments([], to: "b"), SIGKILL, beforeWrite: 120).status == -SIGKILL)
    let names = try strays
    try #require(names.count == 2)
    return (names[0], names[1])
  }

  /// As after a power cut, which leaves any part of either file unwritten.
  @Test func whatIsFoundIsCheckedAndMadeAgainWhereItIsNotRight() throws {
    let whole = try convert([], to: "whole")
    func damaged(
      _ change: (_ file: inout [UInt8], _ journal: inout [UInt8]) -> Void
    ) throws -> (kept: Int, damaged: Int) {
      let names = try unfinished()
      var (file, journal) = (
        try scratch.bytes(of: names.file), try scratch.bytes(of: names.journal)
      )
      change(&file, &journal)
      try scratch.write(file, to: names.file)
      try scratch.write(journal, to: names.journal)
      let outcome = try depthvla(arguments(["--resume", "--json"], to: "b"))
      let kept = try resumedByteCount(outcome)
      #expect(try scratch.bytes(of: "b") == whole)
      #expect(try strays == [])
      try FileManager.default.removeItem(atPath: scratch("b"))
      let count = outcome.json?["bundle"]?.object?["damaged_blocks"]?.integer
      return (kept, try #require(count))
    }
    let all = try damaged { _, _ in }
    #expect(all.kept > 0 && all.damaged == 0)
    // One byte of the bundle: one block.
    let byte = try damaged { file, _ in file[file.count - 200] ^= 1 }
    #expect(byte.kept < all.kept && byte.kept > 0 && byte.damaged == 1)
    let short = try damaged { file, _ in file.removeLast(file.count / 4) }
    #expect(short.kept < all.kept && short.damaged > 0)
    let long = try damaged { file, _ in file += [UInt8](repeating: 7, count: 500_000) }
    #expect(long == all)
    // The journal holds up to what is not whole.
    for cut in [1, 500, 1000] {
      let torn = try damaged { _, journal in journal.removeLast(cut) }
      #expect(torn.kept < all.kept && torn.kept > 0 && torn.damaged == 0)
    }
    let zeros = try damaged { _, journal in
      let range = (journal.count / 2)..<journal.count
      journal.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
    }
    #expect(zeros.kept < all.kept && zeros.kept > 0)
    let garbage = try damaged { _, journal in journal += [UInt8](repeating: 0xFF, count: 100) }
    #expect(garbage == all)
    // Records in another place are no records.
    let twice = try damaged { _, journal in journal += journal.dropFirst(66) }
    #expect(twice == all)
  }

  @Test func anotherConversionIsRefusedAndLeftAlone() throws {
    _ = try unfinished()
    let left = try strays
    let changes: [[String]] = [["--precision", "bf16"], ["--store"], ["--smallest"]]
    for options in changes {
      let outcome = try depthvla(arguments(options + ["--resume"], to: "b"))
      #expect(outcome.status == 73)
      #expect(outcome.errorLines.count == 1)
      #expect(outcome.error.contains("belongs to another conversion"))
      #expect(try strays == left)
    }
    // A source that was written to is another source, whatever its size.
    let bytes = try scratch.bytes(of: "in/model.safetensors")
    try scratch.write(bytes, to: "in/model.safetensors")
    #expect(
      try depthvla(arguments(["--resume"], to: "b")).error.contains("its sources, its options"))
    #expect(try strays == left)
    #expect(try depthvla(arguments([], to: "b")).status == 0)
    #expect(try scratch.entries == ["b", "in"])
  }

  /// The lock of a living process, whatever its number.
  @Test func theWorkOfARunThatLivesIsNeitherTakenNorRemoved() throws {
    let whole = try convert([], to: "whole")
    let names = try unfinished()
    let number = unsafe open(scratch(names.file), O_RDWR)
    defer { close(number) }
    #expect(flock(number, LOCK_EX | LOCK_NB) == 0)
    for options in [["--resume"], ["--force"]] {
      let outcome = try depthvla(arguments(options + ["--json"], to: "b"))
      #expect(try resumedByteCount(outcome) == 0)
      #expect(try scratch.bytes(of: "b") == whole)
      #expect(try scratch.entries.contains(names.file))
      try FileManager.default.removeItem(atPath: scratch("b"))
    }
  }

  @Test func withNothingLeftItBegins() throws {
    let whole = try convert([], to: "whole")
    let outcome = try depthvla(arguments(["--resume", "--json"], to: "b"))
    #expect(try resumedByteCount(outcome) == 0)
    #expect(try scratch.bytes(of: "b") == whole)
    #expect(try scratch.entries == ["b", "in", "whole"])
    // What is finished is not resumed.
    #expect(try depthvla(arguments(["--resume"], to: "b")).status == 73)
  }
}
