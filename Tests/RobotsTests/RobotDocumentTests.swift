import DVLADiagnostics
import DVLAJSON
import DVLATestSupport
import Testing

@testable import DVLARobots

struct RobotDocumentTests {
  /// Every key that a document may have, none with its default.
  private static let full: JSONValue = [
    "version": 1, "name": "arm", "source": "a file",
    "cameras": [
      ["key": "top", "name": "above", "required": false], ["key": ["inner", "wrist"]],
    ],
    "pictures": ["layout": "channels-first", "floats": "exact", "size": [224, 320]],
    "state": [["key": "joints", "width": 6], ["key": "grip", "width": 1, "scalar": true]],
    "instruction": ["key": "task", "bytes": true, "default": "wait"],
    "ignored": ["time", ["inner", "other"]],
    "actions": ["width": 7], "metadata": ["reset": [0.5, 1], "nested": ["a": nil]],
  ]

  private func changed(_ key: String, _ value: JSONValue?) -> JSONValue {
    let members =
      Self.full.object?.members.filter { $0.key != key }.map { ($0.key, $0.value) } ?? []
    return .object(JSONObject(members + (value.map { [(key, $0)] } ?? [])))
  }

  @Test func documentsComeBackTheSame() throws {
    var robots = try [Robot(Self.full)]
    for name in ["libero", "droid", "aloha"] { robots.append(try Robot.preset(name)) }
    for robot in robots {
      let again = try Robot(contents: Array(robot.json.encoded(pretty: true).utf8))
      #expect(again == robot)
      #expect(again.json == robot.json)
      #expect(again.json.encoded() == robot.json.encoded())
    }
    let full = robots[0]
    #expect(full.cameras.map(\.name) == ["above", "inner/wrist"])
    #expect(full.cameras.map(\.isRequired) == [false, true])
    #expect(full.stateWidth == 7)
    #expect(full.metadata?["nested"] == ["a": nil])
    #expect(robots[3].metadata?["reset_pose"] == [0, -1.5, 1.5, 0, 0, 0])
  }

  @Test func whatIsNotSetMayBeLeftOut() throws {
    let robot = try Robot([
      "version": 1, "name": "r", "cameras": [["key": "a"]],
      "pictures": ["layout": "either", "floats": "truncate"],
      "state": [["key": "s", "width": 3]], "instruction": ["key": "t"],
    ])
    #expect(robot.actionWidth == nil)
    #expect(robot.metadata == nil)
    #expect(robot.ignored.isEmpty)
    #expect(robot.json.object?["actions"] == ["width": nil])
    #expect(try robot.actions([[1, 2, 3]]) == [[1, 2, 3]])
  }

  @Test func presetsHaveTheWidthsOfOpenpisPolicies() throws {
    for (name, cameras, state, action) in [
      ("libero", 2, 8, 7), ("droid", 2, 8, 8), ("aloha", 3, 14, 14),
    ] {
      let robot = try Robot.preset(name)
      #expect(robot.name == name)
      #expect(robot.cameras.count == cameras)
      #expect(robot.stateWidth == state)
      #expect(robot.actionWidth == action)
      #expect(robot.source?.contains("openpi at 15a9616") == true)
    }
  }

  @Test func unknownPresetsAreRefusedWithTheKnownOnes() {
    expectRefusal("robot.preset", "\"franka\"", "libero, droid, aloha, lerobot") {
      () throws(WeightsError) in try Robot.preset("franka")
    }
    expectRefusal("robot.preset", "lerobot", "data set", "JSON file") {
      () throws(WeightsError) in try Robot.preset("lerobot")
    }
  }

  @Test func lerobotsRobotIsThatOfAPolicysDocuments() throws {
    let configuration = try StrictJSON.parse(
      FixtureFolder.bytes("checkpoints/pi0/lerobot-2025-10/config.json"))
    let robot = try Robot.lerobot(configuration: configuration)
    let inputs = try #require(configuration.object?["input_features"]?.object)
    let cameras = inputs.members.filter { $0.value.object?["type"]?.string == "VISUAL" }.map(\.key)
    #expect(robot.cameras.map(\.key.name) == cameras)
    #expect(!cameras.isEmpty)
    #expect(robot.ignored == [RobotKey("robot_type")])
    #expect(try Robot(robot.json) == robot)
  }

  @Test func lerobotsRobotNeedsItsFeatures() {
    let state: JSONValue = ["type": "STATE", "shape": [6]]
    let camera: JSONValue = ["type": "VISUAL", "shape": [3, 4, 4]]
    for (configuration, words) in [
      ([:], "VISUAL"), (["input_features": nil], "VISUAL"),
      (["input_features": ["observation.state": state]], "VISUAL"),
      (
        ["input_features": ["observation.images.empty_camera_0": camera]], "VISUAL"
      ),
      (["input_features": ["observation.images.a": camera]], "observation.state"),
      (
        ["input_features": ["observation.images.a": camera, "observation.state": state]], "action"
      ),
    ] as [(JSONValue, String)] {
      expectRefusal("robot.preset", words, "config.json") { () throws(WeightsError) in
        try Robot.lerobot(configuration: configuration)
      }
    }
  }

  @Test func placesThatLerobotFillsUpAreNoCameras() throws {
    let robot = try Robot.lerobot(
      configuration: [
        "input_features": [
          "observation.images.b": ["type": "VISUAL", "shape": [3, 4, 4]],
          "observation.images.a": ["type": "VISUAL", "shape": [3, 4, 4]],
          "observation.images.empty_camera_0": ["type": "VISUAL", "shape": [3, 4, 4]],
          "observation.state": ["type": "STATE", "shape": [6]],
        ],
        "output_features": ["action": ["type": "ACTION", "shape": [5]]],
      ])
    #expect(robot.cameras.map(\.name) == ["observation.images.b", "observation.images.a"])
    #expect(robot.stateWidth == 6)
    #expect(robot.actionWidth == 5)
  }

  @Test(
    arguments: [
      ("version", 2), ("version", "1"), ("name", ""), ("name", 3), ("cameras", []),
      ("cameras", [["key": ""]]), ("cameras", [["key": []]]), ("cameras", [["key": "a b"]]),
      ("cameras", [["key": "a", "name": ""]]), ("cameras", [["name": "a"]]),
      ("cameras", [["key": "a", "extra": 1]]), ("cameras", [["key": "a"], ["key": "a"]]),
      ("cameras", [["key": "a"], ["key": ["a", "b"]]]),
      ("cameras", [["key": "a", "name": "x"], ["key": "b", "name": "x"]]),
      ("cameras", [["key": "depthvla"]]), ("cameras", [["key": "joints"]]),
      ("pictures", [:]), ("pictures", ["layout": "hwc", "floats": "exact"]),
      ("pictures", ["layout": "either", "floats": "round"]),
      ("pictures", ["layout": "either", "floats": "exact", "size": [224]]),
      ("pictures", ["layout": "either", "floats": "exact", "size": [0, 224]]),
      ("pictures", ["layout": "either", "floats": "exact", "size": [224, 8193]]),
      ("state", []), ("state", [["key": "s"]]), ("state", [["key": "s", "width": 0]]),
      ("state", [["key": "s", "width": 4097]]),
      ("state", [["key": "s", "width": 2, "scalar": true]]),
      ("state", [["key": "s", "width": 4096], ["key": "t", "width": 1]]),
      ("instruction", [:]), ("instruction", ["key": "task", "default": 1]),
      ("instruction", ["key": "top"]), ("ignored", ["inner"]), ("ignored", ["time", "time"]),
      ("actions", ["width": 0]), ("metadata", []),
      ("metadata", ["depthvla": 1]), ("extra", 1),
    ] as [(String, JSONValue)])
  func documentsThatSaySomethingElseAreRefused(_ key: String, _ value: JSONValue) {
    #expect(throws: WeightsError.self) { try Robot(changed(key, value)) }
  }

  @Test func everyNeededKeyIsNeeded() {
    for key in ["version", "name", "cameras", "pictures", "state", "instruction"] {
      expectRefusal("json.missing-key", "\"\(key)\"") { () throws(WeightsError) in
        try Robot(changed(key, nil))
      }
    }
    for key in ["source", "ignored", "actions", "metadata"] {
      #expect(throws: Never.self) { try Robot(changed(key, nil)) }
      #expect(throws: Never.self) { try Robot(changed(key, .null)) }
    }
  }

  @Test func documentsAreBounded() {
    let camera: (Int) -> JSONValue = { ["key": .string("camera\($0)")] }
    expectRefusal("robot.value", "$.cameras: expected 1 to 16 elements, found 17") {
      () throws(WeightsError) in try Robot(changed("cameras", .array((0..<17).map(camera))))
    }
    #expect(throws: Never.self) { try Robot(changed("cameras", .array((0..<16).map(camera)))) }
    expectRefusal("json.too-large") { () throws(WeightsError) in
      try Robot(contents: [UInt8](repeating: 0x20, count: Robot.documentLimit + 1))
    }
    let long = String(repeating: "k", count: 257)
    expectRefusal("robot.value", "$.ignored[0]") { () throws(WeightsError) in
      try Robot(changed("ignored", [.string(long)]))
    }
    let deep = [JSONValue](repeating: "k", count: 9)
    expectRefusal("robot.value", "expected 1 to 8 keys, found 9") { () throws(WeightsError) in
      try Robot(changed("ignored", [.array(deep)]))
    }
  }

  @Test func aRobotFitsAPolicyOrIsRefusedByName() throws {
    let robot = try Robot.preset("libero")
    try robot.check(cameraLimit: 2, states: 1...32, actions: 32)
    try robot.check(cameraLimit: 3, states: 8...8, actions: 7)
    for (limit, states, actions, words) in [
      (1, 1...32, 32, "2 cameras; the policy accepts at most 1"),
      (3, 1...7, 32, "a state of 8 values; the policy needs 1 to 7"),
      (3, 7...7, 32, "a state of 8 values; the policy needs 7"),
      (3, 14...14, 32, "a state of 8 values; the policy needs 14"),
      (3, 1...32, 6, "actions of 7 values; the policy gives 6"),
    ] {
      expectRefusal("robot.fit", "\"libero\"", words) { () throws(WeightsError) in
        try robot.check(cameraLimit: limit, states: states, actions: actions)
      }
    }
  }

  @Test func theFirstDimensionsOfActionsGoBack() throws {
    let robot = try Robot.preset("libero")
    let rows = [Array((0..<9).map(Double.init)), Array((10..<19).map(Double.init))]
    #expect(try robot.actions(rows) == rows.map { Array($0.prefix(7)) })
    expectRefusal("robot.fit", "actions of 7 values; the policy gives 6") {
      () throws(WeightsError) in try robot.actions([[1, 2, 3, 4, 5, 6]])
    }
  }
}
