import DVLATestSupport
import Foundation
import Testing

/// Commands whose reading or writing fails, or that are told to stop, at one call after the other.
///
/// The usual run strikes a part of the calls; with DEPTHVLA_FAULTS=all in the environment every
/// single one is struck, and the counts are printed.
@Suite(.enabled(if: FaultyCommand.library != nil, "needs cc, and a build without sanitizers"))
struct FaultTests {
  /// A command that writes under `--force` in place of what is there.
  struct Subject: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// What the command is told in a folder that ``prepare`` has filled.
    let arguments: @Sendable (ScratchFolder) -> [String]
    let prepare: @Sendable (ScratchFolder) throws -> Void
    /// Of several, each gets its name after those behind it.
    let targets: [String]
  }

  static let subjects = [
    Subject(
      testDescription: "convert",
      arguments: { ["convert", "--dinov2", $0("in"), "--precision", "int8", "-o", $0("out")] },
      prepare: { try $0.copy("dinov2/hf", to: "in") }, targets: ["out"]),
    Subject(
      testDescription: "convert --sign",
      arguments: {
        [
          "convert", "--dinov2", $0("in"), "-o", $0("out"), "--sign",
          SigningCommandTests.key("ed25519"),
        ]
      },
      prepare: { try $0.copy("dinov2/hf", to: "in") }, targets: ["out", "out.sig"]),
    Subject(
      testDescription: "export",
      arguments: { ["export", $0("bundle"), "--naming", "hub", "-o", $0("out")] },
      prepare: { try convert(to: $0) }, targets: ["out"]),
    Subject(
      testDescription: "parity --report",
      arguments: {
        [
          "parity", $0("bundle"), "--golden", $0("golden"), "--report", $0("out"),
        ]
      },
      prepare: {
        try convert(to: $0)
        try FileManager.default.copyItem(
          atPath: ParityCommandTests.golden("dinov2_28x70"), toPath: $0("golden"))
      }, targets: ["out"]),
    Subject(
      testDescription: "diff --report",
      arguments: { ["diff", $0("bundle"), ParityCommandTests.dinov2, "--report", $0("out")] },
      prepare: { try convert(to: $0) }, targets: ["out"]),
    Subject(
      testDescription: "sign",
      arguments: {
        [
          "sign", $0("bundle"), "--key", SigningCommandTests.key("ed25519"), "--signature",
          $0("out"),
        ]
      },
      prepare: { try convert(to: $0) }, targets: ["out"]),
  ]

  private static func convert(to scratch: ScratchFolder) throws {
    let result = try depthvla(
      "convert", "--dinov2", ParityCommandTests.dinov2, "-o", scratch("bundle"))
    #expect(result.status == 0, "\(result.error)")
  }

  /// One subject, ready to be run again and again.
  struct Stage {
    let subject: Subject
    let scratch: ScratchFolder
    let arguments: [String]
    /// What the targets are when all went well.
    let finished: [String: Contents]
    let inputs: [String]

    enum Contents: Equatable {
      case nothing
      case file([UInt8])
      case folder([String: [UInt8]])
    }

    init(_ subject: Subject) throws {
      self.subject = subject
      scratch = try ScratchFolder()
      try subject.prepare(scratch)
      inputs = try scratch.entries
      arguments = subject.arguments(scratch) + ["--force", "--quiet", "--threads", "2"]
      let outcome = try depthvla(arguments)
      try #require(outcome.status == 0, "\(outcome.error)")
      let folder = scratch
      finished = try Dictionary(
        uniqueKeysWithValues: subject.targets.map { ($0, try Self.contents(folder, $0)) })
    }

    /// Puts something else in the place of the targets.
    func reset() throws {
      for name in try scratch.entries where !inputs.contains(name) {
        try FileManager.default.removeItem(atPath: scratch(name))
      }
      for name in subject.targets {
        if case .folder = finished[name] {
          try scratch.makeFolder(name)
          try scratch.write("precious", to: name + "/old")
        } else {
          try scratch.write("precious", to: name)
        }
      }
    }

    func old(_ name: String) -> Contents {
      if case .folder = finished[name] { return .folder(["old": Array("precious".utf8)]) }
      return .file(Array("precious".utf8))
    }

    func now(_ name: String) throws -> Contents { try Self.contents(scratch, name) }

    var strays: [String] {
      get throws {
        try scratch.entries.filter { !inputs.contains($0) && !subject.targets.contains($0) }
      }
    }

    private static func contents(_ scratch: ScratchFolder, _ name: String) throws -> Contents {
      var isFolder: ObjCBool = false
      let path = scratch(name)
      let exists = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      guard exists else { return .nothing }
      guard isFolder.boolValue else { return .file(try scratch.bytes(of: name)) }
      return .folder(
        Dictionary(
          uniqueKeysWithValues: try ScratchFolder.names(in: path).map {
            ($0, try scratch.bytes(of: name + "/" + $0))
          }))
    }
  }

  private static let isExhaustive = ProcessInfo.processInfo.environment["DEPTHVLA_FAULTS"] == "all"

  /// The calls to strike: about as many as said, spread over the run, the last ones always.
  static func places(_ stage: Stage, calls: String? = nil, about count: Int) throws -> [FaultPlace]
  {
    try stage.reset()
    let total = try FaultyCommand.callCount(stage.arguments, in: stage.scratch.path, calls: calls)
    let step = isExhaustive ? 1 : max(1, total / count)
    return stride(from: total, to: 0, by: -step).map { FaultPlace(calls: calls, number: $0) }
  }

  /// Strikes at each of the places, and looks at what is there afterwards.
  static func sweep(
    _ stage: Stage, _ fault: Fault, at places: [FaultPlace],
    check: (Outcome, _ place: Comment) throws -> Void
  ) throws {
    var failures = 0
    for place in places {
      try stage.reset()
      let outcome = try FaultyCommand.run(
        stage.arguments, in: stage.scratch.path, fault, at: place)
      let comment: Comment =
        "\(fault) at \(place.calls ?? "call") \(place.number): \(outcome.status) \(outcome.error)"
      if outcome.status != 0 { failures += 1 }
      let states = try stage.subject.targets.map { name in
        let now = try stage.now(name)
        let isNew = now == stage.finished[name]
        let isOld = now == stage.old(name)
        #expect(isNew || isOld, comment)
        return isNew
      }
      if outcome.status == 0 { #expect(!states.contains(false), comment) }
      try check(outcome, comment)
      // Both or neither; a process that is killed in between leaves the signature alone.
      if fault == .signal(SIGKILL), states.last == true { continue }
      #expect(Set(states).count == 1, comment)
    }
    if isExhaustive {
      print(
        "faults: \(stage.subject.testDescription), \(fault) at \(places.first?.calls ?? "every call"): "
          + "\(places.count) injected, \(failures) runs failed")
    }
  }

  /// The exit statuses that say what has failed.
  static let failures: Set<Int32> = [65, 69, 73, 74]

  @Test(arguments: subjects, ["EIO", "ENOSPC"])
  func aCallThatFailsLeavesOldOrNewAndNothingElse(subject: Subject, error: String) throws {
    let stage = try Stage(subject)
    // Removing is what cannot fail if nothing is to remain: see below.
    let calls =
      error == "EIO"
      ? "pread,preadv,pwrite,fsync,sync_file_range,ftruncate,flock,fstat,fstatat,openat,mkdirat,"
        + "renameat,renameat2"
      : "pwrite,fsync,sync_file_range,ftruncate,openat,mkdirat,renameat,renameat2,fallocate"
    let places = try Self.places(stage, calls: calls, about: 10)
    try Self.sweep(stage, .error(error), at: places) { outcome, comment in
      guard outcome.status != 0 else {
        // What was struck could be done without, such as the removal of an old folder.
        #expect(outcome.error == "", comment)
        return try expectNextRunIsClean(stage, comment)
      }
      #expect(Self.failures.contains(outcome.status), comment)
      #expect(outcome.errorLines.count == 1, comment)
      let strays = try stage.strays
      #expect(strays == [], comment)
    }
  }

  /// What cannot be removed is removed by the next run.
  @Test(arguments: subjects)
  func aRemovalThatFailsIsMadeUpForByTheNextRun(subject: Subject) throws {
    let stage = try Stage(subject)
    try Self.sweep(
      stage, .error("EIO"), at: try Self.places(stage, calls: "unlinkat", about: 4)
    ) { outcome, comment in
      #expect(outcome.status == 0, comment)
      try expectNextRunIsClean(stage, comment)
    }
  }

  @Test(arguments: subjects)
  func shortAndInterruptedCallsAreGoneOnWith(subject: Subject) throws {
    let stage = try Stage(subject)
    for (fault, calls) in [
      (Fault.short, "pread,preadv,pwrite"),
      (
        .error("EINTR"),
        "pread,preadv,pwrite,fsync,sync_file_range,openat,flock,ftruncate,fallocate"
      ),
    ] {
      let places = try Self.places(stage, calls: calls, about: 6)
      try Self.sweep(stage, fault, at: places) { outcome, comment in
        #expect(outcome.status == 0 && outcome.error == "", comment)
        let strays = try stage.strays
        #expect(strays == [], comment)
      }
    }
  }

  /// Of every write by convert: a wrong byte in the bundle is found, and one in the journal harms
  /// nobody.
  @Test(arguments: [["--precision", "int8"], ["--store"], ["--precision", "bf16", "--smallest"]])
  func aByteThatIsWrittenWronglyIsFoundBeforeTheBundleHasItsName(options: [String]) throws {
    let stage = try Stage(
      Subject(
        testDescription: (["convert"] + options).joined(separator: " "),
        arguments: { ["convert", "--dinov2", $0("in"), "-o", $0("out")] + options },
        prepare: { try $0.copy("dinov2/hf", to: "in") }, targets: ["out"]))
    let places = try Self.places(stage, calls: "pwrite", about: 20)
    var foundCount = 0
    try Self.sweep(stage, .wrong, at: places) { outcome, comment in
      #expect([0, 65].contains(outcome.status), comment)
      if outcome.status == 65 {
        foundCount += 1
        #expect(outcome.errorLines.count == 1, comment)
      }
      let strays = try stage.strays
      #expect(strays == [], comment)
    }
    // Chunks, filler, and the record of a block in the journal.
    #expect(2 * foundCount >= places.count, "\(foundCount) of \(places.count)")
  }

  /// Waiting for a part of a file is not to be had everywhere.
  @Test func aSystemThatKnowsOnlyTheWholeFileIsWaitedForToo() throws {
    let stage = try Stage(Self.subjects[0])
    try Self.sweep(
      stage, .error("ENOSYS"), at: try Self.places(stage, calls: "sync_file_range", about: 4)
    ) { outcome, comment in
      #expect(outcome.status == 0 && outcome.error == "", comment)
    }
  }

  @Test(arguments: subjects, [SIGINT, SIGTERM])
  func aSignalAtAnyCallLeavesOldOrNewAndNothingElse(subject: Subject, signal: Int32) throws {
    let stage = try Stage(subject)
    try Self.sweep(
      stage, .signal(signal), at: try Self.places(stage, about: 6)
    ) { outcome, comment in
      #expect(outcome.status == 130, comment)
      #expect(outcome.error == "", comment)
      let strays = try stage.strays
      #expect(strays == [], comment)
    }
  }

  @Test(arguments: subjects)
  func beingKilledAtAnyCallLeavesOldOrNewAndTheNextRunRemovesTheRest(subject: Subject) throws {
    let stage = try Stage(subject)
    try Self.sweep(
      stage, .signal(SIGKILL), at: try Self.places(stage, about: 6)
    ) { outcome, comment in
      #expect(outcome.status == -SIGKILL, comment)
      let strays = try stage.strays
      #expect(strays.allSatisfy { $0.hasPrefix(".out") && $0.contains(".partial-") }, comment)
      try expectNextRunIsClean(stage, comment)
    }
  }

  private func expectNextRunIsClean(_ stage: Stage, _ comment: Comment) throws {
    let next = try depthvla(stage.arguments)
    #expect(next.status == 0 && next.error == "", comment)
    for name in stage.subject.targets {
      #expect(try stage.now(name) == stage.finished[name], comment)
    }
    #expect(try stage.strays == [], comment)
  }
}
