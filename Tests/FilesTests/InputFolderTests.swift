import DVLADiagnostics
import DVLAFiles
import DVLATestSupport
import Foundation
import Testing

@Suite struct InputFolderTests {
  let folder: ScratchFolder
  init() throws { folder = try ScratchFolder() }

  @Test func listsNamesInBytewiseOrder() throws {
    for name in ["b", "a", "B", ".hidden", "ä"] { try folder.write([], to: name) }
    let input = try InputFolder(path: folder.path + "//")
    #expect(try input.names() == [".hidden", "B", "a", "b", "ä"])
    #expect(input.path == folder.path)
    #expect(try input.contains("B"))
    #expect(try !input.contains("c"))
  }

  @Test func rejectsAFileAsFolder() throws {
    let path = try folder.write([], to: "data")
    #expect(try !InputFolder.isFolder(path))
    expectError(
      .fileNotFolder, .malformed, "\(path): expected a folder, found a regular file"
    ) { _ = try InputFolder(path: path) }
  }

  @Test(arguments: ["", ".", "..", "../x", "/etc/passwd", "a/b", "x\0y", "x/"])
  func rejectsNamesThatAreNotPlain(name: String) throws {
    let input = try InputFolder(path: folder.path)
    expectError(
      .fileName, .malformed, "\(folder.path): \(name.quoted) is not a plain file name"
    ) { _ = try input.open(name) }
  }

  @Test func rejectsLinksOutsideACache() throws {
    try folder.write([1], to: "target")
    try folder.link("link", to: "target")
    let input = try InputFolder(path: folder.path)
    expectError(
      .fileLink, .malformed,
      "\(folder("link")): is a symbolic link to \"target\": links are followed only in a Hugging "
        + "Face cache; give the path of the file itself, or copy it here"
    ) { _ = try input.open("link") }
  }

  @Test func rejectsFoldersAndPipesAsFiles() throws {
    try folder.makeFolder("inner")
    #expect(unsafe mkfifo(folder("pipe"), 0o600) == 0)
    let input = try InputFolder(path: folder.path)
    expectError(
      .fileNotRegular, .malformed, "\(folder("inner")): expected a regular file, found a folder"
    ) { _ = try input.open("inner") }
    expectError(
      .fileNotRegular, .malformed, "\(folder("pipe")): expected a regular file, found a pipe"
    ) { _ = try input.open("pipe") }
  }

  @Test func followsLinksIntoTheBlobsOfTheCache() throws {
    try folder.makeFolder("models--x/blobs")
    try folder.makeFolder("models--x/snapshots/abc/sub")
    try folder.write([1, 2], to: "models--x/blobs/0123")
    try folder.link("models--x/snapshots/abc/data", to: "../../blobs/0123")
    try folder.link("models--x/snapshots/abc/sub/data", to: "../../../blobs/0123")
    let revision = try InputFolder(path: folder("models--x/snapshots/abc"))
    #expect(try revision.open("data").readAll(limit: 2) == [1, 2])
    let inner = try InputFolder(path: folder("models--x/snapshots/abc/sub"))
    #expect(try inner.open("data").readAll(limit: 2) == [1, 2])
    // The folder may itself be reached through a link that the user gave.
    try folder.link("shortcut", to: "models--x/snapshots/abc")
    #expect(try InputFolder(path: folder("shortcut")).open("data").readAll(limit: 2) == [1, 2])
  }

  @Test(arguments: [
    "../../blobs/../secret", "../../blobs/", "../../blobs/..", "../../../secret",
    "../../blobs2/0123", "/etc/passwd", "../abc/other", "../../../blobs/0123",
  ])
  func rejectsCacheLinksThatLeaveTheBlobs(target: String) throws {
    try folder.makeFolder("models--x/blobs")
    try folder.makeFolder("models--x/snapshots/abc")
    try folder.write([1], to: "models--x/secret")
    try folder.link("models--x/snapshots/abc/data", to: target)
    let path = folder("models--x/snapshots/abc")
    let input = try InputFolder(path: path)
    expectError(
      .fileLink, .malformed,
      "\(path)/data: is a symbolic link to \(target.quoted): in this Hugging Face cache it must lead "
        + "to \"../../blobs/…\"; give the path of the file itself, or download it again"
    ) { _ = try input.open("data") }
  }

  @Test func rejectsABlobThatIsALinkAndBlobsThatAreALink() throws {
    try folder.makeFolder("models--x/blobs")
    try folder.makeFolder("models--x/snapshots/abc")
    try folder.link("models--x/blobs/0123", to: "/etc/passwd")
    try folder.link("models--x/snapshots/abc/data", to: "../../blobs/0123")
    let path = folder("models--x/snapshots/abc")
    expectError(
      .fileNotRegular, .malformed,
      "\(path)/data: expected a regular file, found a symbolic link"
    ) { _ = try InputFolder(path: path).open("data") }

    try folder.makeFolder("models--y/snapshots/abc")
    try folder.makeFolder("elsewhere")
    try folder.write([1], to: "elsewhere/0123")
    try folder.link("models--y/blobs", to: "../elsewhere")
    try folder.link("models--y/snapshots/abc/data", to: "../../blobs/0123")
    let other = folder("models--y/snapshots/abc")
    #expect(throws: WeightsError.self) { try InputFolder(path: other).open("data") }
  }
}
