import DVLATestSupport
import Testing

/// Damage as the command reports it.
struct CommandDamageTests {
  @Test func aFlippedBitIsNamedOnOneLine() throws {
    let scratch = try ScratchFolder()
    let path = FixtureFolder.path("checkpoints/dinov2-swiglu/hf")
    #expect(try depthvla("convert", "--dinov2", path, "-o", scratch("b")).status == 0)
    let sound = try scratch.bytes(of: "b")
    for share in [0, 1, 30, 55, 80, 99, 100] {
      var bytes = sound
      let place = min(sound.count - 1, sound.count * share / 100)
      bytes[place] ^= 0x10
      try scratch.write(bytes, to: "b")
      let result = try depthvla("verify", scratch("b"))
      #expect(result.status == 65, "byte \(place)")
      #expect(result.errorLines.count == 1, "\(result.error)")
      #expect(result.error.contains(scratch("b")))
      // No command takes damaged weights.
      if share > 50 {
        let export = try depthvla(
          "export", scratch("b"), "--naming", "source", "-o", scratch("out"))
        #expect(export.status == 65)
        #expect(try scratch.entries == ["b"])
      }
    }
  }

  @Test func aTruncatedBundleIsRefused() throws {
    let scratch = try ScratchFolder()
    let path = FixtureFolder.path("checkpoints/dinov2-swiglu/hf")
    #expect(try depthvla("convert", "--dinov2", path, "-o", scratch("b")).status == 0)
    let sound = try scratch.bytes(of: "b")
    for count in [0, 7, 8, 4000, sound.count / 2, sound.count - 1] {
      try scratch.write(Array(sound.prefix(count)), to: "b")
      for command in [["verify", scratch("b")], ["inspect", scratch("b")]] {
        let result = try depthvla(command)
        #expect(result.status == 65, "\(count) bytes: \(result.error)")
        #expect(result.errorLines.count == 1)
      }
    }
  }
}
