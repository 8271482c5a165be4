import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLAPipelines
import DVLARobots
import DVLATestSupport
import DepthVLAWeights
import Testing

/// A policy's robot travels in its bundle, and comes out again.
struct RobotConversionTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  private let openpi = FixtureCheckpoint("pi0/openpi")
  private let lerobot = FixtureCheckpoint("pi0/lerobot-2025-10")

  private func error(_ body: () throws -> Void) -> WeightsError? {
    #expect(throws: WeightsError.self) { try body() }
  }

  /// A robot of one camera, with that state and those actions.
  private func document(state: Int, actions: Int, cameras: Int = 1) -> JSONValue {
    [
      "version": 1, "name": "mine",
      "cameras": .array((0..<cameras).map { ["key": .string("camera\($0)")] }),
      "pictures": ["layout": "either", "floats": "refuse"],
      "state": [["key": "joints", "width": .integer(Int64(state))]],
      "instruction": ["key": "task"], "actions": ["width": .integer(Int64(actions))],
    ]
  }

  private func file(_ document: JSONValue, _ name: String = "mine.json") throws -> String {
    try scratch.write(document.encoded(), to: name)
  }

  @Test func aPresetTravelsAndIsNoDifference() throws {
    let bundle = try convert(openpi, to: scratch("b")) { $0.assets.robot = "libero" }
    let asset = try #require(bundle.assets(.robot).first)
    #expect(asset.name == "pi0.robot.json")
    #expect(asset.source == "preset libero")
    #expect(try bundle.robot() == Robot.preset("libero"))
    #expect(try bundle.verify(threads: 2).isIntact)
    let options = bundle.documents.provenance.object?["options"]?.object
    #expect(options?["given_assets"] == ["pi0.robot.json"])

    let comparison = try compare(bundle, against: [openpi.path])
    #expect(comparison.isEqual)
    #expect(comparison.recordDifferences.isEmpty)
    #expect(comparison.assets.map(\.outcome) == [.given])

    let plain = try convert(openpi, to: scratch("plain"))
    #expect(plain.assets.isEmpty)
    #expect(plain.documents.provenance.object?["options"]?.object?["given_assets"] == nil)
  }

  @Test func aFileTravelsByteForByteAndComesBack() throws {
    let text = document(state: 9, actions: 5).encoded(pretty: true) + "\n\n"
    let path = try scratch.write(text, to: "arm.json")
    let bundle = try convert(openpi, to: scratch("b")) { $0.assets.robot = path }
    let asset = try #require(bundle.assets(.robot).first)
    #expect(asset.name == "pi0.robot.json")
    #expect(asset.source == "arm.json")
    #expect(try bundle.bytes(of: asset) == Array(text.utf8))

    try export(bundle, naming: "openpi", to: scratch("out"))
    #expect(try scratch.bytes(of: "out/robot.json") == Array(text.utf8))
    let again = try convert(
      [scratch("out")], to: scratch("again"), settings: openpi.jsonSettings)
    #expect(again.assets.map(\.name) == ["pi0.robot.json"])
    #expect(again.assets[0].sha256 == asset.sha256)
    #expect(try compare(again, against: [scratch("out")]).assets.map(\.outcome) == [.equal])

    // Another that is given replaces it.
    let other = try convert(
      [scratch("out")], to: scratch("other"), settings: openpi.jsonSettings
    ) { $0.assets.robot = "libero" }
    #expect(try other.robot()?.name == "libero")
    #expect(other.assets.count == 1)
  }

  @Test func inspectionShowsIt() throws {
    try convert(openpi, to: scratch("b")) { $0.assets.robot = "libero" }
    let library = try Library.get()
    let inspection = try Inspection.inspect(
      scratch("b"), library: library, settings: Configuration())
    #expect(try inspection.robot == Robot.preset("libero"))
    #expect(inspection.problem == nil)
    let keys = inspection.documents.rows.last?.account.entries.map(\.key)
    #expect(keys?.contains("pictures.layout") == true)
    #expect(inspection.documents.unknown.isEmpty)

    try scratch.copy("pi0/openpi", to: "pi0")
    try scratch.write(document(state: 9, actions: 5).encoded(), to: "pi0/robot.json")
    let beside = try Inspection.inspect(
      scratch("pi0"), library: library, settings: Configuration(settings: openpi.jsonSettings))
    #expect(beside.robot?.name == "mine")
  }

  @Test func lerobotsRobotIsThatOfTheConfiguration() throws {
    let bundle = try convert(lerobot, to: scratch("b")) { $0.assets.robot = "lerobot" }
    let robot = try #require(try bundle.robot())
    #expect(robot.cameras.map(\.name) == ["observation.images.base"])
    #expect(robot.stateWidth == 11)
    #expect(robot.actionWidth == 7)
    #expect(try compare(bundle, against: [lerobot.path]).isEqual)

    let refusal = error {
      try convert(openpi, to: scratch("c")) { $0.assets.robot = "lerobot" }
    }
    #expect(refusal?.code.rawValue == "robot.preset")
    #expect(refusal?.remedies == [.giveAsset(.robot)])
    #expect(!(try scratch.entries.contains("c")))
  }

  @Test func aRobotThatDoesNotFitIsRefusedBeforeAnythingIsWritten() throws {
    func refusal(_ fixture: FixtureCheckpoint, _ robot: String) throws -> WeightsError {
      let found = error { try convert(fixture, to: scratch("b")) { $0.assets.robot = robot } }
      #expect(!(try scratch.entries.contains("b")))
      return try #require(found)
    }
    // The model has states of 11 and actions of 7 values.
    let aloha = try refusal(openpi, "aloha")
    #expect(aloha.code.rawValue == "robot.fit")
    #expect(aloha.kind == .malformed)
    #expect(aloha.message.contains("a state of 14 values; the policy needs 1 to 11"))
    let wide = try refusal(openpi, file(document(state: 11, actions: 8)))
    #expect(wide.message.contains("actions of 8 values; the policy gives 7"))
    #expect(wide.file == scratch("mine.json"))
    let many = try refusal(lerobot, file(document(state: 11, actions: 7, cameras: 2)))
    #expect(many.message.contains("has 2 cameras; the policy's config.json has 1 inputs"))
    let narrow = try refusal(lerobot, file(document(state: 8, actions: 7)))
    #expect(narrow.message.contains("a state of 8 values; the policy needs 11"))
  }

  @Test func statisticsDecideTheWidthOfStates() throws {
    try scratch.copy("pi0/openpi", to: "pi0")
    try scratch.write(FixtureFolder.bytes("statistics/openpi-8-5.json"), to: "pi0/norm_stats.json")
    for (state, actions, words) in [
      (9, 5, "a state of 9 values; the policy needs 8"), (8, 6, "actions of 6 values"),
    ] {
      let path = try file(document(state: state, actions: actions))
      let refusal = error {
        try convert([scratch("pi0")], to: scratch("b"), settings: openpi.jsonSettings) {
          $0.assets.robot = path
        }
      }
      #expect(refusal?.code.rawValue == "robot.fit")
      #expect(refusal?.message.contains(words) == true, "\(refusal?.message ?? "")")
    }
    let path = try file(document(state: 8, actions: 5))
    try convert([scratch("pi0")], to: scratch("b"), settings: openpi.jsonSettings) {
      $0.assets.robot = path
    }
  }

  @Test func onlyPoliciesHaveOne() throws {
    let dinov2 = FixtureCheckpoint("dinov2/hf")
    let refusal = error { try convert(dinov2, to: scratch("b")) { $0.assets.robot = "libero" } }
    #expect(refusal?.code.rawValue == "convert.assets")
    #expect(refusal?.kind == .usage)
    #expect(refusal?.message.contains("only a policy (pi0, depthvla) has a robot") == true)

    // A file of that name beside another model is none of its own.
    try scratch.copy("dinov2/hf", to: "dinov2")
    try scratch.write("{}", to: "dinov2/robot.json")
    let bundle = try convert([scratch("dinov2")], to: scratch("c"), settings: dinov2.jsonSettings)
    #expect(bundle.assets(.robot).isEmpty)
  }

  @Test func filesThatAreNoRobotAreRefusedByName() throws {
    for (text, code) in [
      ("{}", "json.missing-key"), ("[", "json.truncated"),
      ("{\"version\": 2}", "json.type"), ("version https://git-lfs", "json.syntax"),
    ] {
      let path = try scratch.write(text, to: "bad.json")
      let refusal = error { try convert(openpi, to: scratch("b")) { $0.assets.robot = path } }
      #expect(refusal?.code.rawValue == code, "\(text)")
      #expect(refusal?.file == path)
    }
    let missing = error {
      try convert(openpi, to: scratch("b")) { $0.assets.robot = scratch("none.json") }
    }
    #expect(missing?.code.rawValue == "file.not-found")
    #expect(!(try scratch.entries.contains("b")))

    try scratch.copy("pi0/openpi", to: "pi0")
    try scratch.write("{}", to: "pi0/robot.json")
    let beside = error {
      try convert([scratch("pi0")], to: scratch("b"), settings: openpi.jsonSettings)
    }
    #expect(beside?.remedies == [.leaveOutAssets])
  }

  @Test func aCompositesRobotIsItsOwn() throws {
    let bundle = try convert(FixtureCheckpoint("depthvla/plain"), to: scratch("b")) {
      $0.assets.robot = "libero"
    }
    #expect(bundle.assets(.robot).map(\.name) == ["depthvla.robot.json"])
    try export(bundle, naming: "layout", to: scratch("out"))
    #expect(try scratch.entries.contains("out"))
    #expect(try Robot(contents: scratch.bytes(of: "out/robot.json")) == Robot.preset("libero"))
  }
}
