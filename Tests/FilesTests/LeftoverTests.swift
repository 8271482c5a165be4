import DVLADiagnostics
import DVLAFiles
import DVLATestSupport
import Foundation
import Testing

/// What processes leave that are killed, and who removes it.
struct LeftoverTests {
  let folder: ScratchFolder
  init() throws { folder = try ScratchFolder() }

  @Test func theNextToWriteThereRemovesWhatNobodyHolds() throws {
    for name in [".out.partial-1-ff", ".out.partial-1-ff.journal", ".out.partial-77-0"] {
      try folder.write("left", to: name)
    }
    try folder.makeFolder(".out.partial-3-a")
    try folder.write("left", to: ".out.partial-3-a/x")
    let output = try AtomicOutputFile(path: folder("out"), overwrite: false)
    #expect(try folder.entries.count == 1)
    try output.commit()
    #expect(try folder.entries == ["out"])

    try folder.write("left", to: ".dir.partial-1-ff")
    let directory = try AtomicOutputDirectory(path: folder("dir"), overwrite: false)
    try directory.commit()
    #expect(try folder.entries == ["dir", "out"])
  }

  @Test func whatOthersHoldOrAnotherTargetHasStays() throws {
    let stay = [
      ".other.partial-1-ff", ".out.partial-1", ".out.partial-x-ff", ".out.partial-1-zz",
      ".out.partial-1-2-3", "out.partial-1-ff", ".out.partial-1-ff.other", ".outs.partial-1-ff",
    ]
    for name in stay { try folder.write("mine", to: name) }
    let held = try AtomicOutputFile(path: folder("out"), overwrite: false)
    let heldFolder = try AtomicOutputDirectory(path: folder("out"), overwrite: false)
    let before = try folder.entries
    #expect(before.count == stay.count + 2)
    _ = try AtomicOutputFile(path: folder("out"), overwrite: false)
    #expect(try folder.entries == before)
    held.discard()
    heldFolder.discard()
    #expect(try folder.entries == stay.sorted())
  }

  /// A link is removed itself, if anything; a pipe is not waited for.
  @Test func linksAndPipesAreNotFollowed() throws {
    try folder.write("mine", to: "precious")
    try folder.link(".out.partial-1-ff", to: "precious")
    #expect(unsafe mkfifo(folder(".out.partial-2-ff"), 0o600) == 0)
    _ = try AtomicOutputFile(path: folder("out"), overwrite: false)
    #expect(try folder.bytes(of: "precious") == Array("mine".utf8))
    #expect(try folder.entries == [".out.partial-1-ff", ".out.partial-2-ff", "precious"])
  }

  @Test func aNameThatWasCutIsKnownAgain() throws {
    let name = String(repeating: "n", count: 250)
    let output = try ResumableOutput(path: folder(name), overwrite: false)
    let temporaries = try folder.entries
    #expect(temporaries.count == 2)
    #expect(temporaries.allSatisfy { $0.utf8.count <= 255 })
    output.keep()
    #expect(try folder.entries == temporaries)
    _ = try AtomicOutputFile(path: folder(name), overwrite: false)
    // The one that kept them holds them still.
    #expect(try folder.entries == temporaries)
  }

  /// Killed runs of two long names that differ at their ends.
  @Test func longNamesThatBeginAlikeDoNotShareWhatIsLeft() throws {
    let names = ["a", "b"].map { String(repeating: "ü", count: 120) + $0 }
    for name in names {
      let output = try ResumableOutput(path: folder(name), overwrite: false)
      output.keep()
    }
    let left = try folder.entries
    #expect(left.count == 4)
    #expect(left.allSatisfy { $0.utf8.count <= 255 })
    _ = try AtomicOutputFile(path: folder(names[0]), overwrite: false)
    #expect(try folder.entries.count == 2)
    #expect(try UnfinishedOutput.all(path: folder(names[1]), overwrite: false).count == 1)
    #expect(try UnfinishedOutput.all(path: folder(names[0]), overwrite: false).isEmpty)
  }

  /// `--resume` reads journals.
  @Test func aFolderThatIsCalledLikeAJournalIsNone() throws {
    try folder.write([1], to: ".out.partial-1-ff")
    try folder.makeFolder(".out.partial-1-ff.journal")
    #expect(try UnfinishedOutput.all(path: folder("out"), overwrite: false).isEmpty)
  }

  @Test func anUnfinishedFileIsTakenByOneOnly() throws {
    do {
      let output = try ResumableOutput(path: folder("out"), overwrite: false)
      try output.file.write([1, 2, 3, 4], at: 0)
      try output.note([5, 6, 7])
      output.keep()
      #expect(try UnfinishedOutput.all(path: folder("out"), overwrite: false).isEmpty)
    }
    let left = try UnfinishedOutput.all(path: folder("out"), overwrite: false)
    #expect(left.count == 1)
    #expect(try UnfinishedOutput.all(path: folder("out"), overwrite: false).isEmpty)
    #expect(try left[0].noted(1..<3) == [6, 7])
    #expect(try left[0].noted(1..<4) == nil)
    let output = try left[0].resume(journalByteCount: 2, fileByteCount: 3)
    #expect(try output.noted(0..<2) == [5, 6])
    #expect(try output.noted(0..<3) == nil)
    #expect(try output.written(0..<3) == [1, 2, 3])
    #expect(try output.written(0..<4) == nil)
    try output.note([8])
    #expect(try output.noted(0..<3) == [5, 6, 8])
    try output.file.commit()
    #expect(try folder.entries == ["out"])
    #expect(try folder.bytes(of: "out") == [1, 2, 3])
  }
}
