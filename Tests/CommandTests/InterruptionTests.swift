import DVLATestSupport
import Foundation
import Testing

/// A conversion that is stopped in the middle leaves the target as it was.
struct InterruptionTests {
  /// Starts a long conversion, sends the signal once its temporary file is there, and waits.
  static func interrupt(_ signal: Int32, in scratch: ScratchFolder) throws -> Process {
    let source = try LongWork.write(to: scratch, layers: 1)
    try scratch.write("precious", to: "b")
    let process = Command.process(LongWork.arguments(source, to: scratch("b")))
    let error = Pipe()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = error
    try unblockingSignals { try process.run() }
    var isBegun = false
    while process.isRunning, !isBegun {
      isBegun = try scratch.entries.contains { $0.contains(".partial-") }
      usleep(2000)
    }
    #expect(isBegun, "\(String(decoding: error.fileHandleForReading.availableData, as: UTF8.self))")
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    return process
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func aSignalLeavesNoTemporaryFile(signal: Int32) throws {
    let scratch = try ScratchFolder()
    let process = try Self.interrupt(signal, in: scratch)
    #expect(process.terminationReason == .exit)
    #expect(process.terminationStatus == 130)
    #expect(try scratch.entries == ["b", "in"])
    #expect(try scratch.bytes(of: "b") == Array("precious".utf8))
  }

  @Test func beingKilledLeavesTheTargetAsItWas() throws {
    let scratch = try ScratchFolder()
    let process = try Self.interrupt(SIGKILL, in: scratch)
    #expect(process.terminationReason == .uncaughtSignal)
    #expect(try scratch.bytes(of: "b") == Array("precious".utf8))
    // What is left names itself and its process.
    let left = try scratch.entries.filter { $0 != "b" && $0 != "in" }
    #expect(left.count == 2)
    #expect(left.allSatisfy { $0.hasPrefix(".b.partial-\(process.processIdentifier)-") })
    #expect(left[1] == left[0] + ".journal")
  }
}
