import DVLAJSON
import DVLATestSupport
import Testing

/// Robots on the command line.
struct RobotCommandTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  private var pi0: [String] {
    let fixture = FixtureCheckpoint("pi0/openpi")
    return ["--pi0", fixture.path]
      + fixture.settings.flatMap { ["--set", "\($0.key)=\($0.value)"] }
  }

  @Test func aPresetIsTheBeginningOfAFile() throws {
    for name in ["libero", "droid", "aloha"] {
      let words = try depthvla("inspect", "--robot", name)
      #expect(words.status == 0, "\(words.error)")
      #expect(words.output.hasPrefix("robot \(name), from openpi at 15a9616"))
      let json = try depthvla("inspect", "--robot", name, "--json")
      #expect(json.json?["version"] == 1)
      let path = try scratch.write(json.output, to: "robot.json")
      let again = try depthvla("inspect", "--robot", path, "--json")
      #expect(again.output == json.output)
    }
    let words = try depthvla("inspect", "--robot", "aloha")
    #expect(words.output.contains("  camera    images/cam_left_wrist, which may be missing\n"))
    #expect(words.output.contains("  state     state [14]\n"))
    #expect(words.output.contains("  metadata  {\"reset_pose\":[0,-1.5,1.5,0,0,0]}\n"))
  }

  @Test func aRobotStandsAlone() throws {
    for arguments in [
      ["inspect"], ["inspect", "--robot", "libero", "path"],
      ["inspect", "--robot", "libero", "--robot", "droid"],
      ["inspect", "--robot", "libero", "--tensors"],
      ["convert"] + pi0 + ["--robot", "libero", "--robot", "droid", "--dry-run"],
      ["convert"] + pi0 + ["--robot", "libero", "--no-assets", "--dry-run"],
      ["inspect", "--robot", "lerobot"],
    ] {
      let result = try depthvla(arguments)
      #expect(result.status == 64, "\(arguments): \(result.error)")
      #expect(result.output.isEmpty)
    }
    let missing = try depthvla("inspect", "--robot", "franka")
    #expect(missing.status == 64)
    #expect(missing.error.contains("libero, droid, aloha, lerobot"))
    #expect(try depthvla("inspect", "--robot", "franka.json").status == 66)
    let lerobot = try depthvla("convert", "--robot", "lerobot", "--dry-run")
    #expect(lerobot.status == 64)
  }

  @Test func everyCommandKnowsIt() throws {
    let plan = try depthvla(["convert"] + pi0 + ["--robot", "libero", "--dry-run"])
    #expect(plan.status == 0, "\(plan.error)")
    #expect(plan.output.contains("  robot                    pi0.robot.json\n"))
    let made = try depthvla(["convert"] + pi0 + ["--robot", "libero", "-o", scratch("b")])
    #expect(made.status == 0, "\(made.error)")
    let words = try depthvla("inspect", scratch("b"))
    #expect(words.output.contains("  robot libero, from openpi at 15a9616"))
    #expect(words.output.contains("    camera    observation/wrist_image\n"))
    let json = try depthvla("inspect", scratch("b"), "--json")
    let preset = try depthvla("inspect", "--robot", "libero", "--json")
    #expect(json.json?["robot"]?.object == preset.json)
    let verified = try depthvla(
      "verify", scratch("b"), "--against", FixtureCheckpoint("pi0/openpi").path)
    #expect(verified.status == 0, "\(verified.error)")
    let refused = try depthvla(
      ["convert"] + pi0 + ["--robot", "aloha", "-o", scratch("c")])
    #expect(refused.status == 65)
    #expect(refused.errorLines.count == 1)
    #expect(refused.error.contains("preset aloha: the robot \"aloha\" has a state of 14 values"))
    let unknown = try depthvla(["convert"] + pi0 + ["--robot", "lerobot", "-o", scratch("c")])
    #expect(unknown.status == 64)
    #expect(unknown.error.contains("pass --robot FILE"), "\(unknown.error)")
  }
}
