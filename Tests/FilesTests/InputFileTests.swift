import DVLADiagnostics
import DVLAFiles
import DVLATestSupport
import Foundation
import Testing

@Suite struct InputFileTests {
  let folder: ScratchFolder
  init() throws { folder = try ScratchFolder() }

  @Test func readsAnyRange() throws {
    let content = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let file = try InputFile(path: folder.write(content, to: "data"))
    #expect(file.byteCount == 1000)
    #expect(try file.bytes(at: 0, count: 1000) == content)
    #expect(try file.bytes(at: 990, count: 10) == Array(content[990...]))
    #expect(try file.bytes(at: 1000, count: 0) == [])
    #expect(try readWholeFile(path: folder("data"), limit: 1000) == content)
  }

  @Test func followsALinkGivenByTheUser() throws {
    try folder.write([1, 2, 3], to: "data")
    try folder.link("link", to: "data")
    #expect(try readWholeFile(path: folder("link"), limit: 3) == [1, 2, 3])
  }

  @Test func rejectsRangesOutsideTheFile() throws {
    let path = try folder.write([1, 2, 3], to: "data")
    let file = try InputFile(path: path)
    for (offset, count) in [(0, 4), (4, 0), (-1, 1), (3, 1), (.max, 1), (1, .max)] {
      expectError(
        .fileRange, .inputOutput,
        "\(path): cannot read \(count) bytes at offset \(offset) of a file of 3 bytes"
      ) { _ = try file.bytes(at: offset, count: count) }
    }
  }

  @Test func rejectsMissingFile() {
    let path = folder("absent")
    expectError(.fileNotFound, .notFound, "\(path): cannot be opened: no such file or folder") {
      _ = try InputFile(path: path)
    }
  }

  @Test func rejectsPathThroughAFile() throws {
    let path = try folder.write([], to: "data") + "/inside"
    expectError(
      .fileNotFound, .notFound, "\(path): cannot be opened: a part of the path is not a folder"
    ) { _ = try InputFile(path: path) }
  }

  @Test func rejectsLinkCycle() throws {
    try folder.link("a", to: "b")
    try folder.link("b", to: "a")
    expectError(
      .fileLink, .malformed, "\(folder("a")): cannot be opened: too many symbolic links"
    ) { _ = try InputFile(path: folder("a")) }
  }

  @Test func rejectsPipeWithoutWaiting() {
    let path = folder("pipe")
    #expect(unsafe mkfifo(path, 0o600) == 0)
    expectError(
      .fileNotRegular, .malformed, "\(path): expected a regular file, found a pipe"
    ) { _ = try InputFile(path: path) }
  }

  @Test func rejectsFolderAndDevice() {
    expectError(
      .fileNotRegular, .malformed, "\(folder.path): expected a regular file, found a folder"
    ) { _ = try InputFile(path: folder.path) }
    expectError(
      .fileNotRegular, .malformed,
      "/dev/zero: expected a regular file, found a character device"
    ) { _ = try InputFile(path: "/dev/zero") }
  }

  @Test func rejectsEmptyPathAndNUL() {
    expectError(.filePath, .usage, "the path is empty") { _ = try InputFile(path: "") }
    expectError(.filePath, .usage, "a\\u{0}b: the path contains a NUL character") {
      _ = try InputFile(path: "a\0b")
    }
  }

  @Test func rejectsNameLongerThanFileSystemsAllow() {
    let path = folder(String(repeating: "x", count: 256))
    let shown = path.escapedForTerminal
    expectError(
      .filePath, .notFound, "\(shown): cannot be opened: the path or a name in it is too long"
    ) { _ = try InputFile(path: path) }
  }

  @Test func opensNamesWithSpacesAndNewlines() throws {
    let path = try folder.write([9], to: "a b\nc")
    #expect(try readWholeFile(path: path, limit: 1) == [9])
  }

  @Test func rejectsFileThatShrankAfterOpening() throws {
    let path = try folder.write([UInt8](repeating: 1, count: 100), to: "data")
    let file = try InputFile(path: path)
    #expect(unsafe truncate(path, 40) == 0)
    expectError(
      .fileShrank, .inputOutput,
      "\(path): ends at byte 40, but had 100 bytes when it was opened"
    ) { _ = try file.bytes(at: 30, count: 20) }
    expectError(
      .fileChanged, .inputOutput,
      "\(path): changed while it was being read, from 100 to 40 bytes; run the command again when "
        + "nothing writes to it"
    ) { try file.checkUnchanged() }
  }

  @Test func noticesAWriteThatKeepsTheSize() throws {
    let path = try folder.write([1, 2, 3], to: "data")
    let file = try InputFile(path: path)
    try file.checkUnchanged()
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1000)], ofItemAtPath: path)
    expectError(
      .fileChanged, .inputOutput,
      "\(path): changed while it was being read; run the command again when nothing writes to it"
    ) { try file.checkUnchanged() }
  }

  /// `cp -p`, `rsync --times` and `touch -r` set times.
  @Test func aWriteWhoseTimeWasSetBackLeavesAMark() throws {
    let path = try folder.write([1, 2, 3], to: "data")
    let date = Date(timeIntervalSince1970: 1000)
    let setBack = {
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
    }
    try setBack()
    let file = try InputFile(path: path)
    #expect(try file.changeMark() == file.openedMark)
    // The system's clock for files advances every few milliseconds.
    usleep(50_000)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.write(contentsOf: [9])
    try handle.close()
    try setBack()
    try file.checkUnchanged()
    #expect(try file.changeMark() != file.openedMark)
    #expect(try file.changeMark() == file.changeMark())
  }

  @Test func keepsReadingTheFileItOpenedWhenTheNameIsReplaced() throws {
    let path = try folder.write([1, 2, 3], to: "data")
    let file = try InputFile(path: path)
    try folder.write([7, 7, 7], to: "other")
    #expect(unsafe rename(folder("other"), path) == 0)
    #expect(try file.bytes(at: 0, count: 3) == [1, 2, 3])
    try file.checkUnchanged()
  }

  @Test func boundsWholeFileReads() throws {
    // A sparse file: nothing is stored, and nothing may be allocated for it.
    let path = try folder.write([], to: "sparse")
    #expect(unsafe truncate(path, 1 << 40) == 0)
    expectError(
      .fileTooLarge, .malformed, "\(path): has 1099511627776 bytes; at most 65536 are read"
    ) { _ = try readWholeFile(path: path, limit: 1 << 16) }
  }

  @Test func readsHolesAsZero() throws {
    let path = try folder.write([], to: "sparse")
    #expect(unsafe truncate(path, 5 << 30) == 0)
    let file = try InputFile(path: path)
    file.adviseSequential()
    #expect(try file.bytes(at: (5 << 30) - 4, count: 4) == [0, 0, 0, 0])
  }

  @Test func readsFromManyThreads() async throws {
    let content = (0..<65536).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    let file = try InputFile(path: folder.write(content, to: "data"))
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for start in stride(from: 0, to: 65536, by: 4096) {
        group.addTask {
          try file.bytes(at: start, count: 4096) == Array(content[start..<start + 4096])
        }
      }
      for try await equal in group { #expect(equal) }
    }
  }

  @Test func reportsDescriptorsRunningOut() async {
    await #expect(processExitsWith: .success) {
      var limit = rlimit(rlim_cur: 3, rlim_max: 3)
      #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
      expectError(
        .fileUnavailable, .unavailable,
        "/etc/passwd: cannot be opened: this process has too many open files (see ulimit -n)"
      ) { _ = try InputFile(path: "/etc/passwd") }
    }
  }
}
