import DVLACFiles
import DVLADiagnostics
import DVLAFiles
import DVLATestSupport
import Foundation
import Testing

/// Each body runs in a process of its own and is ended by the signal.
@Suite struct InterruptionTests {
  let folder: ScratchFolder
  init() throws { folder = try ScratchFolder() }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func removesTemporariesAndExitsWith130(signal number: Int32) async throws {
    let path = folder.path
    await #expect(processExitsWith: .exitCode(130)) {
      [path = path as String, number = number as Int32] in
      Interruption.install()
      let file = try AtomicOutputFile(path: path + "/file", overwrite: false)
      try file.write([1, 2, 3], at: 0)
      let directory = try AtomicOutputDirectory(path: path + "/folder", overwrite: false)
      for index in 0..<300 { try directory.file(named: "f\(index)").finish() }
      let done = try AtomicOutputFile(path: path + "/done-\(number)", overwrite: false)
      try done.commit()
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).count == 3)
      // Sent to the process: the threads of a pool have signals blocked.
      kill(getpid(), number)
      sleep(30)
    }
    #expect(try folder.entries == ["done-\(number)"])
  }

  @Test func removesWhatOtherThreadsAreStillCreating() async throws {
    let path = folder.path
    await #expect(processExitsWith: .exitCode(130)) { [path = path as String] in
      Interruption.install()
      for thread in 0..<4 {
        Thread.detachNewThread {
          var kept: [AtomicOutputFile] = []
          for index in 0... {
            if let file = try? AtomicOutputFile(
              path: path + "/\(thread)-\(index)", overwrite: false)
            {
              kept.append(file)
            }
            if kept.count == 20 { kept.removeAll() }
          }
        }
      }
      usleep(50_000)
      kill(getpid(), SIGTERM)
      sleep(30)
    }
    #expect(try folder.entries == [])
  }

  /// A bundle and its signature.
  @Test(arguments: [10, 25, 40, 55]) func twoFilesThatBelongTogetherAreNotTornApart(
    milliseconds: UInt32
  ) async throws {
    let path = folder.path
    await #expect(processExitsWith: .exitCode(130)) {
      [path = path as String, milliseconds = milliseconds as UInt32] in
      Interruption.install()
      Thread.detachNewThread {
        for index in 0... {
          guard let main = try? AtomicOutputFile(path: path + "/out", overwrite: true),
            let companion = try? AtomicOutputFile(path: path + "/out.sig", overwrite: true)
          else { continue }
          let bytes = Array("\(index)".utf8)
          try? main.write(bytes, at: 0)
          try? companion.write(bytes, at: 0)
          try? main.commit(after: companion)
        }
      }
      while !FileManager.default.fileExists(atPath: path + "/out") { usleep(1000) }
      usleep(milliseconds * 1000)
      kill(getpid(), SIGTERM)
      sleep(30)
    }
    #expect(try folder.entries == ["out", "out.sig"])
    #expect(try folder.bytes(of: "out") == folder.bytes(of: "out.sig"))
  }

  @Test func leavesIgnoredSignalsIgnored() async {
    await #expect(processExitsWith: .exitCode(3)) {
      _ = signal(SIGHUP, SIG_IGN)
      Interruption.install()
      kill(getpid(), SIGHUP)
      kill(getpid(), SIGPIPE)
      usleep(50_000)
      exit(3)
    }
  }

  @Test func aForkedChildLeavesItsParentsFilesAlone() async throws {
    let path = folder.path
    await #expect(processExitsWith: .success) { [path = path as String] in
      Interruption.install()
      let file = try AtomicOutputFile(path: path + "/file", overwrite: false)
      // Swift hides fork; this child only waits, then runs the handler.
      typealias Fork = @convention(c) () -> pid_t
      let fork = unsafe try unsafeBitCast(#require(dlsym(nil, "fork")), to: Fork.self)
      let child = fork()
      if child == 0 {
        // The thread comes from a pool, which blocks signals on its threads.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
        sleep(10)
        _exit(1)
      }
      #expect(kill(child, SIGTERM) == 0)
      var status: Int32 = 0
      #expect(unsafe waitpid(child, &status, 0) == child)
      #expect(status == 130 << 8)
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).count == 1)
      file.discard()
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
    }
  }

  @Test func tableFunctionsReportErrnoAndFreeTheirSlots() throws {
    let parent = unsafe open(folder.path, O_RDONLY | O_DIRECTORY)
    defer { close(parent) }
    var slot: Int32 = -1
    var failedSlot: Int32 = -1
    let long = String(repeating: "x", count: 256)
    // More rounds than the table has slots.
    for _ in 0..<600 {
      let file = unsafe file_access_temporary_file(parent, "t", 0o600, &slot)
      #expect(file >= 0)
      close(file)
      for (name, reason) in [("t", EEXIST), (long, ENAMETOOLONG), ("absent/t", ENOENT)] {
        #expect(unsafe file_access_temporary_file(parent, name, 0o600, &failedSlot) == -reason)
        #expect(unsafe file_access_temporary_folder(parent, name, 0o700, &failedSlot) == -reason)
      }
      file_access_temporary_remove(slot)
      #expect(try folder.entries == [])

      let inner = unsafe file_access_temporary_folder(parent, "t", 0o700, &slot)
      #expect(inner >= 0)
      close(inner)
      try folder.write([1], to: "t/x")
      file_access_temporary_remove(slot)
      #expect(try folder.entries == [])
    }
  }
}
