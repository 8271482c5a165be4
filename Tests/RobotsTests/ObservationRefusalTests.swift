import DVLADiagnostics
import DVLAImages
import DVLAJSON
import DVLANumPyMessages
import Testing

@testable import DVLARobots

/// Observations that do not fit their robot: each is refused with the key, what was expected and
/// what came.
struct ObservationRefusalTests {
  private let libero: Robot
  private let aloha: Robot
  private let droid: Robot

  init() throws {
    libero = try Robot.preset("libero")
    aloha = try Robot.preset("aloha")
    droid = try Robot.preset("droid")
  }

  private func refuse(
    _ code: String, _ message: NumPyMap, _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    do throws(WeightsError) {
      _ = try libero.observation(message)
      Issue.record("nothing was refused", sourceLocation: sourceLocation)
    } catch {
      #expect(error.code.rawValue == code, "\(error)", sourceLocation: sourceLocation)
      for word in words {
        #expect(error.message.contains(word), "\(error.message)", sourceLocation: sourceLocation)
      }
    }
  }

  @Test func missingAndUnknownKeysAreNamedTogether() {
    refuse(
      "observation.key",
      Messages.libero(
        ("observation/image", nil), ("observation/images", Messages.picture(4, 5, 3))),
      "lacks \"observation/image\"", "has \"observation/images\"",
      "sends \"observation/image\", \"observation/wrist_image\"")
    refuse("observation.key", Messages.libero(("prompt", nil)), "lacks \"prompt\"")
    refuse("observation.key", Messages.libero(("actions", .null)), "has \"actions\"")
    refuse("observation.key", [:], "lacks \"observation/image\"", "\"prompt\"")
  }

  @Test func aListOfKeysIsBounded() {
    var message = Messages.libero()
    for index in 0..<1000 { message.append("key\(index)", .null) }
    refuse("observation.key", message, "\"key7\" and 992 more")
    var long = Messages.libero()
    long.append(String(repeating: "x", count: 100_000), .null)
    do throws(WeightsError) { _ = try libero.observation(long) } catch {
      #expect(error.description.utf8.count < 1000)
    }
  }

  @Test func picturesOfOtherFormsAreRefused() {
    for (value, found) in [
      (Messages.picture(4, 5, 4), "uint8 [4, 5, 4]"), (Messages.picture(4, 5), "uint8 [4, 5]"),
      (Messages.picture(1, 4, 5, 3), "uint8 [1, 4, 5, 3]"),
      (Messages.picture(0, 5, 3), "uint8 [0, 5, 3]"),
      (Messages.picture(4, 0, 3), "uint8 [4, 0, 3]"),
      (Messages.picture(3, 0, 0), "uint8 [3, 0, 0]"),
      (Messages.picture(8193, 1, 3), "uint8 [8193, 1, 3]"),
      (Messages.picture(3, 1, 8193), "uint8 [3, 1, 8193]"),
      (.null, "nothing"), (.text("x"), "the text \"x\""), (.bytes([1, 2]), "2 bytes"),
      (.list([.integer(1)]), "a list of 1"), (.map([:]), "a map of 0"), (.bool(true), "true"),
      (
        .array(
          NumPyArray(
            dtype: NumPyType(.signed, size: 8), shape: [1, 1, 3],
            bytes: [UInt8](repeating: 0, count: 24))), "int64 [1, 1, 3]"
      ),
      (
        .array(
          NumPyArray(dtype: NumPyType(.bool, size: 1), shape: [1, 1, 3], bytes: [0, 0, 0])),
        "bool [1, 1, 3]"
      ),
    ] as [(NumPyValue, String)] {
      refuse(
        "observation.kind", Messages.libero(("observation/image", value)), "\"observation/image\"",
        "uint8 or floats [H, W, 3] or [3, H, W]", "found \(found)")
    }
  }

  @Test func floatsThatAreNoPictureAreRefused() {
    let infinity = Float.infinity
    for bad in [-0.001, 1.001, 255, Float.nan, infinity, -infinity] {
      var values = [Float](repeating: 0.5, count: 12)
      values[7] = bad
      refuse(
        "observation.range",
        Messages.libero(("observation/wrist_image", Messages.floats(values, 2, 2, 3))),
        "\"observation/wrist_image\"", "from 0 to 1", "\(Double(bad)) at [1, 0, 1]")
    }
    let edges: [Float] = [0, -0.0, 1]
    #expect(throws: Never.self) {
      try libero.observation(
        Messages.libero(("observation/image", Messages.floats(edges, 1, 1, 3))))
    }
  }

  @Test func statesOfOtherFormsAreRefused() {
    for (value, found) in [
      (Messages.doubles([1, 2, 3]), "float64 [3]"),
      (Messages.doubles([Double](repeating: 0, count: 9)), "float64 [9]"),
      (Messages.floats([Float](repeating: 0, count: 8), 1, 8), "float32 [1, 8]"),
      (Messages.floats([1]), "float32 []"), (.number(1), "the number 1.0"), (.null, "nothing"),
      (.list([.integer(1)]), "a list of 1"),
      (.list([NumPyValue](repeating: .text("1"), count: 8)), "a list of 8"),
      (.list([NumPyValue](repeating: .bool(true), count: 8)), "a list of 8"),
      (
        .array(
          NumPyArray(
            dtype: NumPyType(.bool, size: 1), shape: [8], bytes: [UInt8](repeating: 1, count: 8))),
        "bool [8]"
      ),
    ] as [(NumPyValue, String)] {
      refuse(
        "observation.kind", Messages.libero(("observation/state", value)), "\"observation/state\"",
        "expected numbers [8]", "found \(found)")
    }
    for bad in [Double.nan, .infinity, -.infinity] {
      var values = [Double](repeating: 0, count: 8)
      values[5] = bad
      refuse(
        "observation.not-finite", Messages.libero(("observation/state", Messages.doubles(values))),
        "\"observation/state\"", "\(bad) at [5]")
    }
  }

  @Test func numbersOfAListAreTakenByValue() throws {
    // A client in C++ writes 1.0 as the integer 1.
    let list = NumPyValue.list([
      .integer(1), .integer(-2), .number(0.5), .unsigned(3), .integer(0), .number(-0.25),
      .integer(7), .integer(8),
    ])
    let observation = try libero.observation(Messages.libero(("observation/state", list)))
    #expect(observation.state == [1, -2, 0.5, 3, 0, -0.25, 7, 8])
    #expect(!observation.isStateSingle)
    refuse(
      "observation.kind",
      Messages.libero(
        ("observation/state", .list([NumPyValue](repeating: .integer(1 << 53 + 1), count: 8)))),
      "found a list of 8")
  }

  @Test func instructionsAreText() {
    refuse(
      "observation.kind", Messages.libero(("prompt", .null)), "\"prompt\"", "expected text",
      "nothing")
    refuse("observation.kind", Messages.libero(("prompt", .bytes([65]))), "1 bytes")
    refuse("observation.kind", Messages.libero(("prompt", Messages.doubles([1]))), "float64 [1]")
    refuse("observation.kind", Messages.libero(("prompt", .list([.text("a")]))), "a list of 1")
    refuse("observation.text", Messages.libero(("prompt", .text("a\0b"))), "NUL")
    let long = String(repeating: "a", count: Robot.instructionLimit + 1)
    refuse("observation.text", Messages.libero(("prompt", .text(long))), "found 65537")
    #expect(throws: WeightsError(.observationText, "")) {
      try libero.observation(Messages.libero(("prompt", nil)), defaultInstruction: long)
    }
    let two = NumPyArray(
      dtype: NumPyType(.text, size: 4), shape: [2], bytes: [UInt8](repeating: 0, count: 8))
    refuse("observation.kind", Messages.libero(("prompt", .array(two))), "text <U1 [2]")
  }

  @Test func bytesOfDROIDsPromptAreUTF8() {
    let message: NumPyMap = [
      "observation/exterior_image_1_left": Messages.picture(2, 2, 3),
      "observation/wrist_image_left": Messages.picture(2, 2, 3),
      "observation/joint_position": Messages.doubles([0, 0, 0, 0, 0, 0, 0]),
      "observation/gripper_position": .integer(1), "prompt": .bytes([0xFF, 0x41]),
    ]
    #expect(throws: WeightsError(.observationText, "")) { try droid.observation(message) }
  }

  @Test func mapsInsideAreChecked() {
    let high = Messages.picture(3, 4, 5)
    for (images, code, words) in [
      (["cam_high": high, "cam_top": high], "observation.key", "has \"images/cam_top\""),
      (["cam_left_wrist": high], "observation.key", "lacks \"images/cam_high\""),
      (["cam_high": Messages.picture(4, 5, 3)], "observation.kind", "[3, H, W]"),
    ] as [(NumPyMap, String, String)] {
      expectRefusal(code, words) { () throws(WeightsError) in
        try aloha.observation(Messages.aloha(images))
      }
    }
    var flat = Messages.aloha(["cam_high": high])
    _ = flat.remove("images")
    flat.append("images/cam_high", high)
    expectRefusal("observation.key", "lacks", "has \"images/cam_high\"") {
      () throws(WeightsError) in try aloha.observation(flat)
    }
    _ = flat.remove("images/cam_high")
    flat.append("images", high)
    expectRefusal(
      "observation.kind", "\"images\": expected a map with \"cam_high\"", "uint8 [3, 4, 5]"
    ) { () throws(WeightsError) in try aloha.observation(flat) }
  }

  @Test func aMissingWristIsLeftOut() throws {
    let high = Messages.picture(3, 4, 5)
    let observation = try aloha.observation(
      Messages.aloha(["cam_right_wrist": high, "cam_low": .null, "cam_high": high]))
    #expect(observation.cameras.map(\.name) == ["images/cam_high", "images/cam_right_wrist"])
  }

  @Test func anObservationOfNoCameraIsRefused() throws {
    let robot = try Robot([
      "version": 1, "name": "r", "cameras": [["key": "a", "required": false]],
      "pictures": ["layout": "either", "floats": "refuse"],
      "state": [["key": "s", "width": 1]], "instruction": ["key": "t", "default": "go"],
    ])
    expectRefusal("observation.key", "lacks \"a\"") { () throws(WeightsError) in
      try robot.observation(["s": Messages.doubles([1])])
    }
    expectRefusal("observation.kind", "expected a picture of uint8 [H, W, 3]", "float32 [1, 1, 3]")
    { () throws(WeightsError) in
      try robot.observation(
        ["s": Messages.doubles([1]), "a": Messages.floats([0, 0, 0], 1, 1, 3)])
    }
  }

  @Test func aDocumentsSizeIsTheOnlyOne() throws {
    let robot = try Robot([
      "version": 1, "name": "r", "cameras": [["key": "a"]],
      "pictures": ["layout": "channels-last", "floats": "exact", "size": [4, 5]],
      "state": [["key": "s", "width": 1]], "instruction": ["key": "t", "default": "go"],
    ])
    let state = Messages.doubles([1])
    let observation = try robot.observation(["s": state, "a": Messages.picture(4, 5, 3)])
    #expect(observation.instruction == "go")
    #expect(observation.cameras[0].picture.height == 4)
    expectRefusal("observation.kind", "\"a\"", "4 x 5", "found 5 x 4") {
      () throws(WeightsError) in
      try robot.observation(["s": state, "a": Messages.picture(5, 4, 3)])
    }
    expectRefusal("observation.range", "divided by 255", "0.5 at [0, 0, 0]") {
      () throws(WeightsError) in
      try robot.observation(
        ["s": state, "a": Messages.floats([Float](repeating: 0.5, count: 60), 4, 5, 3)])
    }
  }

  @Test func aDefaultInstructionIsUsedOnlyWithoutOne() throws {
    let with = try libero.observation(Messages.libero(), defaultInstruction: "other")
    #expect(with.instruction == "pick up the bowl")
    let without = try libero.observation(
      Messages.libero(("prompt", nil)), defaultInstruction: "other")
    #expect(without.instruction == "other")
  }
}
