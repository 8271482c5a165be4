import DVLATestSupport
import Foundation
import Testing

/// Output appears whole or not at all, and never in place of what it is made from.
struct OutputSafetyTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  @Test func anOutputThatExistsIsKeptWithoutForce() throws {
    let source = try scratch.copy("dinov2/hf", to: "in")
    try scratch.write("precious", to: "b")
    let refused = try depthvla("convert", "--dinov2", source, "-o", scratch("b"))
    #expect(refused.status == 73)
    #expect(refused.error.contains("already exists and is a regular file; --force replaces it\n"))
    #expect(try scratch.bytes(of: "b") == Array("precious".utf8))
    let forced = try depthvla("convert", "--dinov2", source, "-o", scratch("b"), "--force")
    #expect(forced.status == 0)
    #expect(try scratch.bytes(of: "b").count > 1000)
    #expect(try scratch.entries == ["b", "in"])
  }

  @Test func anExistingOutputSurvivesAFailureUnderForce() throws {
    let source = try scratch.copy("dinov2/hf", to: "in")
    try scratch.write("precious", to: "b")
    var bytes = try scratch.bytes(of: "in/model.safetensors")
    bytes.replaceSubrange((bytes.count - 4)..., with: [0, 0, 0xC0, 0x7F])
    try scratch.write(bytes, to: "in/model.safetensors")
    let result = try depthvla("convert", "--dinov2", source, "-o", scratch("b"), "--force")
    #expect(result.status == 65)
    #expect(result.error.contains("NaN"))
    #expect(try scratch.bytes(of: "b") == Array("precious".utf8))
    #expect(try scratch.entries == ["b", "in"])
  }

  @Test func aFolderOrAMissingFolderIs73() throws {
    let source = try scratch.copy("dinov2/hf", to: "in")
    try scratch.makeFolder("folder")
    for target in ["folder", "absent/b", "in/model.safetensors/b"] {
      for force in [[], ["--force"]] {
        let result = try depthvla(["convert", "--dinov2", source, "-o", scratch(target)] + force)
        #expect(result.status == 73, "\(target)")
        #expect(result.errorLines.count == 1)
      }
    }
    #expect(try scratch.entries == ["folder", "in"])
  }

  @Test func aNameThatNoFileSystemTakesIs73() throws {
    let source = try scratch.copy("dinov2/hf", to: "in")
    let target = scratch(String(repeating: "n", count: 256))
    let result = try depthvla(["convert", "--dinov2", source, "-o", target])
    #expect(result.status == 73, "\(result.error)")
    #expect(result.errorLines.count == 1 && result.error.contains("too long"))
  }

  /// Root may write anywhere.
  @Test(.enabled(if: geteuid() != 0)) func aFolderWithoutWritePermissionIs73() throws {
    let source = try scratch.copy("dinov2/hf", to: "in")
    let folder = try scratch.makeFolder("locked")
    try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: folder)
    let result = try depthvla("convert", "--dinov2", source, "-o", folder + "/b")
    #expect(result.status == 73)
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder)
  }

  @Test(arguments: ["in/model.safetensors", "in/config.json", "link/model.safetensors"])
  func anInputIsNeverReplaced(target: String) throws {
    let source = try scratch.copy("dinov2/hf", to: "in")
    try FileManager.default.createSymbolicLink(
      atPath: scratch("link"), withDestinationPath: source)
    let before = try scratch.bytes(of: target)
    for path in [source, source + "/model.safetensors"] {
      for force in [[], ["--force"]] {
        let result = try depthvla(["convert", "--dinov2", path, "-o", scratch(target)] + force)
        #expect(result.status == 73)
        #expect(result.error.contains("would be replaced"), "\(result.error)")
      }
    }
    #expect(try scratch.bytes(of: target) == before)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: source).sorted() == [
        "config.json", "model.safetensors",
      ])
  }

  @Test func anExportNeverReplacesTheFolderOfItsBundle() throws {
    try scratch.makeFolder("out")
    let path = FixtureFolder.path("checkpoints/dinov2/hf")
    #expect(try depthvla("convert", "--dinov2", path, "-o", scratch("out/b")).status == 0)
    let before = try scratch.bytes(of: "out/b")
    let result = try depthvla(
      "export", scratch("out/b"), "--naming", "hub", "-o", scratch("out"), "--force")
    #expect(result.status == 73)
    #expect(result.error.contains("is the folder of the bundle"))
    #expect(try scratch.bytes(of: "out/b") == before)
  }

  @Test func anExportReplacesAFolderUnderForceOnly() throws {
    let path = FixtureFolder.path("checkpoints/dinov2/hf")
    #expect(try depthvla("convert", "--dinov2", path, "-o", scratch("b")).status == 0)
    try scratch.makeFolder("out")
    let arguments = ["export", scratch("b"), "--naming", "original", "-o", scratch("out")]
    #expect(try depthvla(arguments).status == 0, "an empty folder counts as nothing")
    try scratch.write("note", to: "out/README")
    #expect(try depthvla(arguments).status == 73)
    #expect(try scratch.bytes(of: "out/README") == Array("note".utf8))
    #expect(try depthvla(arguments + ["--force"]).status == 0)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: scratch("out")) == ["model.safetensors"])
    try scratch.makeFolder("out/deeper")
    #expect(try depthvla(arguments + ["--force"]).status == 73)
    #expect(try scratch.entries == ["b", "out"])
  }

  @Test(arguments: ["with space", "two\nlines", "ünïcode", "-dash", "\u{1B}[31mred"])
  func anyNameWillDo(name: String) throws {
    let source = try scratch.copy("dinov2/hf", to: name)
    #expect(source == scratch(name))
    let result = try depthvla("convert", "--dinov2", source, "-o", scratch(name + ".dvla"))
    #expect(result.status == 0, "\(result.error)")
    #expect(!result.output.contains("\u{1B}"), "escapes must not reach a terminal")
    #expect(!result.output.contains("two\nlines"))
    let absent = try depthvla("inspect", scratch(name + "-absent"))
    #expect(absent.status == 66)
    #expect(absent.errorLines.count == 1)
    #expect(!absent.error.contains("\u{1B}"))
  }

  /// A full disk, as a limit on the size of files.
  @Test func outputThatDoesNotFitIs74AndLeavesNothing() throws {
    let source = try scratch.copy("dinov2/hf", to: "in")
    let shell = "ulimit -f 40; exec \"$0\" \"$@\""
    let result = try program([
      "bash", "-c", shell, Command.path, "convert", "--dinov2", source, "-o", scratch("b"),
    ])
    #expect(result.status == 74, "\(result.error)")
    #expect(result.errorLines.count == 1)
    #expect(try scratch.entries == ["in"])
    // The sources are hashed on a thread that has to end before the process does.
    for _ in 0..<20 {
      let again = try program([
        "bash", "-c", shell, Command.path, "convert", "--dinov2", source, "-o", scratch("b"),
      ])
      #expect(again.status == 74, "\(again.error)")
    }
    #expect(try depthvla("convert", "--dinov2", source, "-o", scratch("b")).status == 0)
    let export = try program([
      "bash", "-c", shell, Command.path, "export", scratch("b"), "--naming", "hub", "-o",
      scratch("out"),
    ])
    #expect(export.status == 74, "\(export.error)")
    #expect(try scratch.entries == ["b", "in"])
  }
}
