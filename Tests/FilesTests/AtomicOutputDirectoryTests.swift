import DVLADiagnostics
import DVLAFiles
import DVLATestSupport
import Foundation
import Testing

extension OutputFileHandle {
  func write(_ bytes: [UInt8], at offset: Int) throws {
    try unsafe write(bytes.span.bytes, at: offset)
  }
}

@Suite struct AtomicOutputDirectoryTests {
  let folder: ScratchFolder
  init() throws { folder = try ScratchFolder() }

  @Test func appearsWithAllItsFiles() throws {
    let output = try AtomicOutputDirectory(path: folder("out"), overwrite: false)
    let first = try output.file(named: "a")
    #expect(first.path == folder("out/a"))
    try first.write([1], at: 0)
    try first.finish()
    try first.finish()
    let second = try output.file(named: "b")
    try second.write([2], at: 1)
    #expect(!FileManager.default.fileExists(atPath: folder("out")))
    try output.commit()
    #expect(try folder.entries == ["out"])
    #expect(try folder.bytes(of: "out/a") == [1])
    #expect(try folder.bytes(of: "out/b") == [0, 2])
    expectError(
      .fileFinished, .inputOutput, "\(folder("out/b")): was written to after it was finished"
    ) { try second.write([1], at: 0) }
  }

  @Test func leavesNothingWhenDiscardedOrForgotten() throws {
    do {
      let output = try AtomicOutputDirectory(path: folder("out"), overwrite: false)
      for index in 0..<300 { try output.file(named: "f\(index)").finish() }
      #expect(try folder.entries.count == 1)
    }
    #expect(try folder.entries == [])
    let output = try AtomicOutputDirectory(path: folder("out"), overwrite: false)
    _ = try output.file(named: "a")
    output.discard()
    #expect(try folder.entries == [])
  }

  @Test func takesAnEmptyFolder() throws {
    try folder.makeFolder("out")
    let output = try AtomicOutputDirectory(path: folder("out/"), overwrite: false)
    try output.file(named: "a").finish()
    try output.commit()
    #expect(try folder.entries == ["out"])
    #expect(try folder.bytes(of: "out/a") == [])
  }

  @Test func refusesToReplaceUnasked() throws {
    try folder.makeFolder("out")
    try folder.write([7], to: "out/a")
    expectError(
      .fileExists, .cannotCreate,
      "\(folder("out")): already exists and is a folder that is not empty"
    ) { _ = try AtomicOutputDirectory(path: folder("out"), overwrite: false) }
    #expect(try folder.bytes(of: "out/a") == [7])
  }

  @Test func refusesFilesThatAppearedMeanwhile() throws {
    let output = try AtomicOutputDirectory(path: folder("out"), overwrite: false)
    try folder.makeFolder("out")
    try folder.write([7], to: "out/a")
    expectError(
      .fileExists, .cannotCreate,
      "\(folder("out")): already exists and is a folder that is not empty"
    ) { try output.commit() }
    #expect(try folder.entries == ["out"])
    #expect(try folder.bytes(of: "out/a") == [7])
  }

  @Test func replacesAFolderOfFilesAsAWhole() throws {
    try folder.makeFolder("out")
    try folder.write([7], to: "out/a")
    try folder.write([8], to: "out/stale")
    let output = try AtomicOutputDirectory(path: folder("out"), overwrite: true)
    try output.file(named: "a").write([1], at: 0)
    #expect(try folder.bytes(of: "out/a") == [7])
    try output.commit()
    #expect(try folder.entries == ["out"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder("out")) == ["a"])
    #expect(try folder.bytes(of: "out/a") == [1])
  }

  @Test func neverReplacesAFolderOfFolders() throws {
    try folder.makeFolder("out/inner")
    expectError(
      .fileExists, .cannotCreate,
      "\(folder("out")): contains the folder \"inner\"; only a folder without subfolders can be "
        + "replaced; choose another path"
    ) { _ = try AtomicOutputDirectory(path: folder("out"), overwrite: true) }
  }

  @Test func refusesAFileInItsPlace() throws {
    let path = try folder.write([7], to: "out")
    expectError(
      .fileNotFolder, .cannotCreate,
      "\(path): cannot be replaced by a folder: it is a regular file"
    ) { _ = try AtomicOutputDirectory(path: path, overwrite: true) }
  }

  @Test func refusesNamesThatLeaveTheFolderAndTwins() throws {
    let output = try AtomicOutputDirectory(path: folder("out"), overwrite: false)
    for name in ["../x", "/x", "", ".", "..", "a/b", "a\0b"] {
      expectError(
        .fileName, .cannotCreate, "\(folder("out")): \(name.quoted) is not a plain file name"
      ) { _ = try output.file(named: name) }
    }
    _ = try output.file(named: "a")
    expectError(
      .fileExists, .cannotCreate, "\(folder("out/a")): cannot be created: it already exists"
    ) { _ = try output.file(named: "a") }
  }
}
