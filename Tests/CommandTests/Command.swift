import DVLAJSON
import Foundation

/// What a child process left behind.
struct Outcome {
  let status: Int32
  let output: String
  let error: String

  /// Lines on stderr.
  var errorLines: [String] { error.split(separator: "\n").map(String.init) }

  /// The one JSON document on stdout; nil when there is anything else.
  var json: JSONObject? { try? StrictJSON.parse(output).object }
}

/// The built command.
enum Command {
  /// It lies beside the test bundle in the build folder, unless DEPTHVLA_COMMAND names another.
  static let path: String = {
    if let other = ProcessInfo.processInfo.environment["DEPTHVLA_COMMAND"] { return other }
    let test = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: test).deletingLastPathComponent().appendingPathComponent("depthvla")
      .path
  }()

  static func process(_ arguments: [String], in folder: String? = nil) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    return process
  }
}

/// Runs the command to its end.
func depthvla(_ arguments: [String], in folder: String? = nil) throws -> Outcome {
  try outcome(of: Command.process(arguments, in: folder))
}

func depthvla(_ arguments: String..., in folder: String? = nil) throws -> Outcome {
  try depthvla(arguments, in: folder)
}

/// Runs another program, found on the path.
func program(_ arguments: [String]) throws -> Outcome {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = arguments
  process.standardInput = FileHandle.nullDevice
  return try outcome(of: process)
}

/// Runs a process to its end. Signals are not blocked in it: a child inherits what its parent's
/// thread blocks, and the threads of a pool block all they can.
func outcome(of process: Process) throws -> Outcome {
  // Files rather than pipes: neither stream can fill up while the other is read.
  let folder = FileManager.default.temporaryDirectory
  let paths = (0..<2).map { _ in
    folder.appendingPathComponent("depthvla-stream-\(UUID().uuidString)").path
  }
  defer { for path in paths { try? FileManager.default.removeItem(atPath: path) } }
  for path in paths { _ = FileManager.default.createFile(atPath: path, contents: nil) }
  let handles = try paths.map { try FileHandle(forWritingTo: URL(fileURLWithPath: $0)) }
  process.standardOutput = handles[0]
  process.standardError = handles[1]
  try unblockingSignals { try process.run() }
  process.waitUntilExit()
  for handle in handles { try handle.close() }
  let texts = try paths.map {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: $0)), as: UTF8.self)
  }
  let isSignal = process.terminationReason == .uncaughtSignal
  return Outcome(
    status: isSignal ? -process.terminationStatus : process.terminationStatus, output: texts[0],
    error: texts[1])
}

/// Runs the body with no signal blocked.
func unblockingSignals(_ body: () throws -> Void) rethrows {
  var (none, before) = (sigset_t(), sigset_t())
  unsafe sigemptyset(&none)
  unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
  defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
  try body()
}
