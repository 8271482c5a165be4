import DVLATestSupport
import Foundation
import Testing

/// Commands on a file system that has room for a part of what they write.
@Suite(.enabled(if: SmallDisk.isPossible, "needs the right to mount a tmpfs"))
struct FullDiskTests {
  @Test(arguments: ["convert", "convert --resume", "export", "parity --report", "diff --report"])
  func aFullDiskLeavesWhatWasThereAndNothingElse(command: String) throws {
    let inputs = try ScratchFolder()
    let source = ParityCommandTests.dinov2
    let bundle = inputs("bundle")
    #expect(try depthvla("convert", "--dinov2", source, "-o", bundle).status == 0)
    func arguments(_ target: String) -> [String] {
      switch command {
      case "convert": ["convert", "--dinov2", source, "-o", target]
      case "convert --resume": ["convert", "--dinov2", source, "-o", target, "--resume"]
      case "export": ["export", bundle, "--naming", "hub", "-o", target]
      case "diff --report":
        ["diff", bundle, source, "--report", target]
      default:
        [
          "parity", bundle, "--golden", ParityCommandTests.golden("dinov2_28x70"), "--report",
          target,
        ]
      }
    }
    var failures = 0
    var successes = 0
    // The smallest page is 4 KiB; what is written is 20 to 260 KiB.
    for pages in [1, 3, 8, 20, 30, 40, 46, 50, 55, 60, 120] {
      let disk = try SmallDisk(byteCount: pages * 4096)
      defer { disk.unmount() }
      let outcome = try depthvla(arguments(disk.path + "/out") + ["--quiet"])
      let names = try ScratchFolder.names(in: disk.path)
      if outcome.status == 0 {
        successes += 1
        #expect(names == ["out"])
        continue
      }
      failures += 1
      #expect([73, 74].contains(outcome.status), "\(pages) pages: \(outcome.error)")
      #expect(outcome.errorLines.count == 1, "\(outcome.error)")
      #expect(outcome.error.contains("no space") || outcome.error.contains("no room"))
      if command == "convert --resume", !names.isEmpty {
        // With more room it is gone on with.
        #expect(names.count == 2 && names.allSatisfy { $0.contains(".partial-") })
        try disk.resize(byteCount: 1 << 20)
        #expect(try depthvla(arguments(disk.path + "/out")).status == 0)
        #expect(try ScratchFolder.names(in: disk.path) == ["out"])
        #expect(
          FileManager.default.contentsEqual(atPath: disk.path + "/out", andPath: bundle))
      } else {
        #expect(names == [], "\(pages) pages")
      }
    }
    #expect(failures >= 1 && successes >= 1, "\(failures) failures, \(successes) successes")
  }
}

/// A tmpfs with little room.
struct SmallDisk {
  static let isPossible: Bool = {
    guard geteuid() == 0, let disk = try? SmallDisk(byteCount: 1 << 16) else { return false }
    disk.unmount()
    return true
  }()

  let path: String

  init(byteCount: Int) throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "depthvla-disk-\(UUID().uuidString)"
      ).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    let mount = try program(["mount", "-t", "tmpfs", "-o", "size=\(byteCount)", "tmpfs", path])
    guard mount.status == 0 else {
      try FileManager.default.removeItem(atPath: path)
      throw CocoaError(.fileWriteNoPermission)
    }
  }

  func resize(byteCount: Int) throws {
    let mount = try program(["mount", "-o", "remount,size=\(byteCount)", path])
    #expect(mount.status == 0, "\(mount.error)")
  }

  func unmount() {
    _ = try? program(["umount", path])
    try? FileManager.default.removeItem(atPath: path)
  }
}
