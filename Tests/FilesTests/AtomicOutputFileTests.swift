import DVLACFiles
import DVLADiagnostics
import DVLATestSupport
import Foundation
import Testing

@testable import DVLAFiles

extension AtomicOutputFile {
  func write(_ bytes: [UInt8], at offset: Int) throws {
    try unsafe write(bytes.span.bytes, at: offset)
  }
}

@Suite struct AtomicOutputFileTests {
  let folder: ScratchFolder
  init() throws { folder = try ScratchFolder() }

  @Test func appearsOnlyWhenCommitted() throws {
    let output = try AtomicOutputFile(path: folder("out"), overwrite: false)
    try output.reserve(byteCount: 6)
    try output.write([4, 5, 6], at: 3)
    try output.write([1, 2, 3], at: 0)
    let before = try folder.entries
    #expect(before.count == 1)
    #expect(before[0].hasPrefix(".out.partial-\(getpid())-"))
    try output.commit()
    #expect(try folder.entries == ["out"])
    #expect(try folder.bytes(of: "out") == [1, 2, 3, 4, 5, 6])
    output.discard()
    #expect(try folder.entries == ["out"])
  }

  @Test func reservingDoesNotChangeTheSize() throws {
    let output = try AtomicOutputFile(path: folder("out"), overwrite: false)
    try output.reserve(byteCount: 1 << 20)
    try output.write([1], at: 0)
    try output.commit()
    #expect(try folder.bytes(of: "out") == [1])
  }

  @Test func leavesNothingWhenDiscardedOrForgotten() throws {
    let output = try AtomicOutputFile(path: folder("out"), overwrite: false)
    try output.write([1], at: 0)
    output.discard()
    #expect(try folder.entries == [])
    do {
      let forgotten = try AtomicOutputFile(path: folder("out"), overwrite: false)
      try forgotten.write([1], at: 0)
      #expect(try folder.entries.count == 1)
    }
    #expect(try folder.entries == [])
  }

  @Test func isCommittedAfterItWasSynced() throws {
    let output = try AtomicOutputFile(path: folder("out"), overwrite: false)
    try output.write([1], at: 0)
    try output.synchronize()
    #expect(throws: WeightsError(.fileFinished, "")) { try output.write([2], at: 1) }
    #expect(try folder.entries.count == 1)
    #expect(try folder.entries != ["out"])
    try output.commit()
    #expect(try folder.bytes(of: "out") == [1])
  }

  /// A file and its companion, each of one byte.
  private func pair(overwrite: Bool) throws -> (main: AtomicOutputFile, companion: AtomicOutputFile)
  {
    let main = try AtomicOutputFile(path: folder("out"), overwrite: overwrite)
    let companion = try AtomicOutputFile(path: folder("out.sig"), overwrite: overwrite)
    try main.write([1], at: 0)
    try companion.write([2], at: 0)
    return (main, companion)
  }

  @Test(arguments: [false, true]) func twoFilesGetTheirNames(overwrite: Bool) throws {
    if overwrite {
      try folder.write([7], to: "out")
      try folder.write([8], to: "out.sig")
    }
    let (main, companion) = try pair(overwrite: overwrite)
    try main.commit(after: companion)
    #expect(try folder.entries == ["out", "out.sig"])
    #expect(try folder.bytes(of: "out") == [1])
    #expect(try folder.bytes(of: "out.sig") == [2])
    #expect(main.isInPlace && companion.isInPlace)
  }

  @Test func pairsOfTwoWritersDoNotMix() throws {
    for _ in 0..<200 {
      let pairs = try [UInt8(1), 2].map { byte in
        let main = try AtomicOutputFile(path: folder("out"), overwrite: true)
        let companion = try AtomicOutputFile(path: folder("out.sig"), overwrite: true)
        try main.write([byte], at: 0)
        try companion.write([byte], at: 0)
        return (main, companion)
      }
      DispatchQueue.concurrentPerform(iterations: 2) { index in
        #expect(throws: Never.self) { try pairs[index].0.commit(after: pairs[index].1) }
      }
      #expect(try folder.bytes(of: "out") == folder.bytes(of: "out.sig"))
    }
    #expect(try folder.entries == ["out", "out.sig"])
  }

  /// A bundle that could not be replaced keeps its signature.
  @Test func aFileThatCannotBeReplacedKeepsItsCompanion() throws {
    try folder.write([8], to: "out.sig")
    let (main, companion) = try pair(overwrite: true)
    try folder.makeFolder("out")
    #expect(throws: WeightsError.self) { try main.commit(after: companion) }
    #expect(try folder.entries == ["out", "out.sig"])
    #expect(try folder.bytes(of: "out.sig") == [8])
  }

  @Test func aFileThatCannotBeReplacedLeavesNoCompanion() throws {
    let (main, companion) = try pair(overwrite: true)
    try folder.makeFolder("out")
    #expect(throws: WeightsError.self) { try main.commit(after: companion) }
    #expect(try folder.entries == ["out"])
  }

  @Test func aCompanionThatCannotBeReplacedLeavesTheFileAsItWas() throws {
    try folder.write([7], to: "out")
    let (main, companion) = try pair(overwrite: true)
    try folder.makeFolder("out.sig")
    try folder.write([9], to: "out.sig/inside")
    #expect(throws: WeightsError.self) { try main.commit(after: companion) }
    #expect(try folder.bytes(of: "out") == [7])
    #expect(try folder.bytes(of: "out.sig/inside") == [9])
    #expect(try folder.entries == ["out", "out.sig"])
  }

  @Test func refusesToOverwrite() throws {
    let path = try folder.write([7], to: "out")
    expectError(.fileExists, .cannotCreate, "\(path): already exists and is a regular file") {
      _ = try AtomicOutputFile(path: path, overwrite: false)
    }
    #expect(try folder.entries == ["out"])
    #expect(try folder.bytes(of: "out") == [7])
  }

  @Test func refusesWhatAppearedMeanwhile() throws {
    let output = try AtomicOutputFile(path: folder("out"), overwrite: false)
    try output.write([1], at: 0)
    try folder.write([7], to: "out")
    expectError(
      .fileExists, .cannotCreate,
      "\(folder("out")): was created by another program while the output was being written"
    ) { try output.commit() }
    #expect(try folder.entries == ["out"])
    #expect(try folder.bytes(of: "out") == [7])
  }

  @Test func replacesInOneStepAndKeepsTheOldUntilThen() throws {
    let path = try folder.write([7, 7], to: "out")
    let old = try InputFile(path: path)
    let output = try AtomicOutputFile(path: path, overwrite: true)
    try output.write([1], at: 0)
    #expect(try folder.bytes(of: "out") == [7, 7])
    try output.commit()
    #expect(try folder.bytes(of: "out") == [1])
    // Whoever had the old file open, such as a conversion onto its own input, still reads it.
    #expect(try old.bytes(at: 0, count: 2) == [7, 7])
    #expect(try folder.entries == ["out"])
  }

  @Test func replacesALinkAndNotWhatItLeadsTo() throws {
    try folder.write([7], to: "data")
    try folder.link("out", to: "data")
    expectError(
      .fileExists, .cannotCreate, "\(folder("out")): already exists and is a symbolic link"
    ) { _ = try AtomicOutputFile(path: folder("out"), overwrite: false) }
    let output = try AtomicOutputFile(path: folder("out"), overwrite: true)
    try output.write([1], at: 0)
    try output.commit()
    #expect(try folder.bytes(of: "data") == [7])
    #expect(try folder.bytes(of: "out") == [1])
  }

  @Test(arguments: [false, true])
  func refusesFoldersAndDevices(overwrite: Bool) throws {
    let path = try folder.makeFolder("out")
    expectError(
      .fileNotRegular, .cannotCreate,
      "\(path): cannot be replaced by a file: it is a folder"
    ) { _ = try AtomicOutputFile(path: path, overwrite: overwrite) }
    try folder.link("null", to: "/dev/null")
    expectError(
      .fileNotRegular, .cannotCreate,
      "\(folder("null")): cannot be replaced by a file: it is a character device"
    ) { _ = try AtomicOutputFile(path: folder("null"), overwrite: overwrite) }
  }

  @Test func refusesMissingFolderAndBadPaths() throws {
    let path = folder("absent/out")
    expectError(
      .fileCannotCreate, .cannotCreate,
      "\(path): its folder \(folder("absent").quoted) does not exist"
    ) { _ = try AtomicOutputFile(path: path, overwrite: false) }
    let inFile = try folder.write([], to: "file") + "/out"
    expectError(
      .fileCannotCreate, .cannotCreate,
      "\(inFile): \(folder("file").quoted) is a regular file, expected a folder"
    ) { _ = try AtomicOutputFile(path: inFile, overwrite: false) }
    expectError(
      .filePath, .usage, "..: the path must end with the name of the output"
    ) { _ = try AtomicOutputFile(path: "..", overwrite: false) }
    expectError(.filePath, .usage, "the path is empty") {
      _ = try AtomicOutputFile(path: "", overwrite: false)
    }
  }

  @Test func refusesReadOnlyFolders() throws {
    // Even the superuser cannot create files under /proc.
    do {
      _ = try AtomicOutputFile(path: "/proc/out", overwrite: false)
      Issue.record("created a file in /proc")
    } catch {
      #expect(error.kind == .cannotCreate)
      #expect(error.description.hasPrefix("/proc/out: cannot be created: "))
    }
  }

  @Test func saysWhereTheUserMayNotWrite() async throws {
    let path = folder.path
    await #expect(processExitsWith: .success) { [path = path as String] in
      #expect(unsafe chmod(path, 0o555) == 0)
      if getuid() == 0 { #expect(setuid(65534) == 0) }
      expectError(
        .filePermission, .cannotCreate, "\(path)/out: cannot be created: permission denied"
      ) { _ = try AtomicOutputFile(path: path + "/out", overwrite: false) }
      expectError(
        .filePermission, .cannotCreate, "\(path)/dir: cannot be created: permission denied"
      ) { _ = try AtomicOutputDirectory(path: path + "/dir", overwrite: false) }
    }
    #expect(unsafe chmod(path, 0o700) == 0)
  }

  @Test func shortensTheTemporaryNameOfALongName() throws {
    let name = String(repeating: "ä", count: 127)
    let output = try AtomicOutputFile(path: folder(name), overwrite: false)
    #expect(try folder.entries[0].utf8.count <= 255)
    try output.commit()
    #expect(try folder.entries == [name])
  }

  @Test func refusesWritesAfterTheEnd() throws {
    let output = try AtomicOutputFile(path: folder("out"), overwrite: false)
    try output.commit()
    expectError(
      .fileFinished, .inputOutput, "\(folder("out")): was written to after it was finished"
    ) { try output.write([1], at: 0) }
  }

  @Test func namesAFullDevice() throws {
    let full = try OwnedDescriptor.open("/dev/full", flags: O_WRONLY, while: .creating, file: "out")
    expectError(
      .fileNoSpace, .inputOutput, "out: cannot be written: no space left on the device"
    ) { try unsafe full.write([1].span.bytes, at: 0, file: "out") }
  }

  @Test func namesTheSizeLimitAndLeavesNothing() async throws {
    let path = folder("out")
    await #expect(processExitsWith: .success) { [path = path as String] in
      Interruption.install()
      var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
      #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let output = try AtomicOutputFile(path: path, overwrite: false)
      try output.write([UInt8](repeating: 1, count: 4096), at: 0)
      expectError(
        .fileNoSpace, .inputOutput,
        "\(path): cannot be written: larger than the file size limit (see ulimit -f, or the file "
          + "system's own)"
      ) { try output.write([1], at: 4096) }
    }
    #expect(try folder.entries == [])
  }

  @Test func writesFromManyThreads() async throws {
    let output = try AtomicOutputFile(path: folder("out"), overwrite: false)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for block in 0..<32 {
        group.addTask {
          try output.write([UInt8](repeating: UInt8(block), count: 1000), at: block * 1000)
        }
      }
      try await group.waitForAll()
    }
    try output.commit()
    #expect(try folder.bytes(of: "out") == (0..<32000).map { UInt8($0 / 1000) })
  }

  @Test func twoRunsOnOneTargetDoNotMeet() throws {
    let first = try AtomicOutputFile(path: folder("out"), overwrite: false)
    let second = try AtomicOutputFile(path: folder("out"), overwrite: false)
    try first.write([1], at: 0)
    try second.write([2], at: 0)
    try second.commit()
    #expect(throws: WeightsError(.fileExists, .cannotCreate, "")) { try first.commit() }
    #expect(try folder.entries == ["out"])
    #expect(try folder.bytes(of: "out") == [2])
  }
}
