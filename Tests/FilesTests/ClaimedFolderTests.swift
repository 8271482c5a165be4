import DVLADiagnostics
import DVLAFiles
import DVLATestSupport
import Foundation
import Testing

@Suite struct ClaimedFolderTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  private func claim(
    _ name: String, check: ([String]) throws(WeightsError) -> Void = { _ in }
  ) throws -> ClaimedFolder {
    try ClaimedFolder(path: scratch(name), lock: ".lock", check: check)
  }

  @Test func aFolderIsMadeOrTakenAsItIs() throws {
    for _ in 0..<2 {
      let folder = try claim("a")
      #expect(folder.path(of: "x") == scratch("a/x"))
      try scratch.write("x", to: "a/x")
      #expect(try folder.names() == [".lock", "x"])
    }
  }

  @Test func oneAtATimeClaimsIt() throws {
    do {
      let first = try claim("a")
      #expect(throws: WeightsError(.fileClaimed, "")) { _ = try claim("a") }
      #expect(first.path == scratch("a"))
    }
    _ = try claim("a")
  }

  @Test func nothingIsWrittenBeforeTheNamesWereLookedAt() throws {
    try scratch.makeFolder("a")
    try scratch.write("x", to: "a/x")
    var seen: [String] = []
    #expect(throws: WeightsError(.fileExists, "")) {
      _ = try claim("a") { (names) throws(WeightsError) in
        seen = names
        throw WeightsError(.fileExists, .cannotCreate, "not this one")
      }
    }
    #expect(seen == ["x"])
    #expect(try ScratchFolder.names(in: scratch("a")) == ["x"])
  }

  @Test func filesAreRemovedOnce() throws {
    let folder = try claim("a")
    try scratch.write("x", to: "a/x")
    try folder.remove("x")
    try folder.remove("x")
    #expect(try folder.names() == [".lock"])
    try scratch.makeFolder("a/b")
    #expect(throws: WeightsError.self) { try folder.remove("b") }
    #expect(try folder.names() == [".lock", "b"])
  }

  @Test func whatIsNoFolderIsRefused() throws {
    try scratch.write("x", to: "file")
    #expect(throws: WeightsError(.fileNotFolder, "")) { _ = try claim("file") }
    #expect(throws: WeightsError(.fileCannotCreate, "")) { _ = try claim("none/a") }
    #expect(throws: WeightsError(.filePath, "")) {
      _ = try ClaimedFolder(path: "", lock: ".lock") { _ in }
    }
  }

  /// A link to a file elsewhere must not be written to in place of the lock.
  @Test func aLinkInPlaceOfTheLockIsNotFollowed() throws {
    try scratch.makeFolder("a")
    try scratch.link("a/.lock", to: scratch("elsewhere"))
    #expect(throws: WeightsError.self) { _ = try claim("a") }
    #expect(try scratch.entries == ["a"])
  }
}
