import DVLADiagnostics
import DVLAImages
import DVLAJSON
import DVLANumPyMessages
import DVLATestSupport
import Testing

@testable import DVLARobots

/// Observations as clients send them, and what upstream's own code made of them:
/// `Fixtures/generate/robots.py`.
struct UpstreamObservationTests {
  private func cases(_ name: String) throws -> [JSONObjectReader] {
    let root = try JSONReader(StrictJSON.parse(FixtureFolder.bytes("robots/" + name)))
    return try root.object().required("cases").array().map { try $0.object() }
  }

  private func message(_ test: JSONObjectReader) throws -> NumPyMap {
    let value = try NumPyMessage.decode(bytes(try test.required("message").string()))
    guard case .map(let map) = value else { throw NoMap() }
    return map
  }

  private struct NoMap: Error {}

  private func bytes(_ digits: String) -> [UInt8] {
    let digits = Array(digits.utf8)
    return stride(from: 0, to: digits.count, by: 2).map { index in
      UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) ?? 0
    }
  }

  /// Compares pictures, state and instruction bit for bit.
  private func check(
    _ observation: RobotObservation, _ test: JSONObjectReader, _ name: String
  ) throws {
    let pictures = try test.required("pictures").array().map { reader in
      let object = try reader.object()
      return RGBImage(
        width: try object.required("width").integer(),
        height: try object.required("height").integer(),
        pixels: bytes(try object.required("pixels").string()))
    }
    #expect(observation.cameras.map(\.picture) == pictures, "\(name)")
    let state = try test.required("state").array().map { try $0.number() }
    #expect(
      observation.state.map(\.bitPattern) == state.map(\.bitPattern), "\(name)")
    #expect(try observation.isStateSingle == test.required("single").bool(), "\(name)")
  }

  @Test func openpisPoliciesSeeTheSamePicturesStatesAndPrompts() throws {
    let fallback = "what nobody says"
    var count = 0
    for test in try cases("openpi.json") {
      let robot = try Robot.preset(test.required("robot").string())
      let name = "\(robot.name), \(try test.required("name").string())"
      let message = try message(test)
      guard test.optional("error") == nil else {
        // Upstream raises a KeyError or a ValueError for a key.
        #expect(throws: WeightsError(.observationKey, ""), "\(name)") {
          try robot.observation(message)
        }
        continue
      }
      let observation = try robot.observation(message, defaultInstruction: fallback)
      try check(observation, test, name)
      let prompt = try test.required("prompt")
      #expect(
        try observation.instruction == (prompt.isNull ? fallback : prompt.string()), "\(name)")
      count += 1
    }
    #expect(count == 57)
  }

  @Test func lerobotsPicturesInFloatsAreTheBytesTheyCameFrom() throws {
    let robot = try Robot.lerobot(
      configuration: [
        "input_features": [
          "observation.images.top": ["type": "VISUAL", "shape": [3, 16, 16]],
          "observation.state": ["type": "STATE", "shape": [6]],
          "observation.images.wrist": ["type": "VISUAL", "shape": [3, 16, 16]],
        ],
        "output_features": ["action": ["type": "ACTION", "shape": [6]]],
      ])
    for test in try cases("lerobot.json") {
      let name = try test.required("name").string()
      let observation = try robot.observation(message(test))
      try check(observation, test, name)
      #expect(try observation.instruction == test.required("prompt").string(), "\(name)")
    }
  }
}
