import DVLATestSupport
import Foundation
import Testing

/// What is done to one of the calls by which the command reads and writes files.
enum Fault: CustomStringConvertible, Equatable, Sendable {
  /// The call fails with that error.
  case error(String)
  /// The call moves half of what it was asked to.
  case short
  /// The call writes another byte in the middle.
  case wrong
  /// The process gets the signal before the call.
  case signal(Int32)
  /// Before the call the middle byte of that file becomes another.
  case change(String)
  /// Before the call that file becomes half as long.
  case cut(String)
  /// As ``change``, and the time of the write is set back.
  case covert(String)
  /// Before the call the times of that file are set, to what they are.
  case touch(String)

  var description: String {
    switch self {
    case .error(let name): name
    case .short: "short"
    case .wrong: "wrong"
    case .signal(let number): "signal:\(number)"
    case .change(let path): "change:\(path)"
    case .cut(let path): "cut:\(path)"
    case .covert(let path): "covert:\(path)"
    case .touch(let path): "touch:\(path)"
    }
  }
}

/// Where a fault strikes: the call of that number among those of that name, or among all.
struct FaultPlace: Sendable {
  var calls: String?
  let number: Int
}

/// The command with a library loaded before the C library that lets calls fail: Tests/faults.
enum FaultyCommand {
  private static let folder = try? ScratchFolder()

  /// Nil where there is no compiler for it, or an address or thread sanitizer has to be first.
  static let library: String? = {
    let source = FixtureFolder.url.deletingLastPathComponent().appending(
      path: "Tests/faults/faults.c"
    ).path
    guard let folder else { return nil }
    let target = folder("faults.so")
    let compiler = try? program(["cc", "-shared", "-fPIC", "-O1", "-o", target, source])
    guard compiler?.status == 0 else { return nil }
    let probe = try? run(Command.process(["--version"]), ["LD_PRELOAD": target])
    return probe?.status == 0 ? target : nil
  }()

  /// Runs the command; only calls on files in that folder count.
  static func run(
    _ arguments: [String], in folder: String, _ fault: Fault, at place: FaultPlace
  ) throws -> Outcome {
    var environment = ["FAULT_AT": "\(place.number)", "FAULT_KIND": "\(fault)"]
    environment["FAULT_CALLS"] = place.calls
    return try run(arguments, in: folder, environment)
  }

  /// How many calls of those names, or of all, a run makes that nothing happens to.
  static func callCount(
    _ arguments: [String], in folder: String, calls: String? = nil
  ) throws -> Int {
    let log = FileManager.default.temporaryDirectory.appendingPathComponent(
      "depthvla-faults-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: log) }
    var environment = ["FAULT_LOG": log.path]
    environment["FAULT_CALLS"] = calls
    let outcome = try run(arguments, in: folder, environment)
    try #require(outcome.status == 0, "\(outcome.error)")
    guard let text = try? String(contentsOf: log, encoding: .utf8) else { return 0 }
    return text.split(separator: "\n").count
  }

  private static func run(
    _ arguments: [String], in folder: String, _ faults: [String: String]
  ) throws -> Outcome {
    var environment = ["LD_PRELOAD": try #require(library), "FAULT_FOLDER": folder]
    environment.merge(faults) { _, new in new }
    return try run(Command.process(arguments), environment)
  }

  private static func run(_ process: Process, _ environment: [String: String]) throws -> Outcome {
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    return try outcome(of: process)
  }
}
