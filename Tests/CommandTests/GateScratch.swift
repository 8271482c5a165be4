import DVLAImages
import DVLAJSON
import DVLAObservations
import DVLATensors
import DVLATestSupport
import Foundation
import Testing

/// A reference and its observations, for gates: DepthVLA with two cameras, 11 states, 7 actions and
/// a horizon of 8.
struct GateScratch {
  let scratch: ScratchFolder
  static let checkpoint = FixtureFolder.path("checkpoints/depthvla/plain")
  static let cameras = ["front", "wrist"]
  /// The pictures of the observations, in turn.
  private static let pictures = ["rgb8.png", "rgb.jpg", "palette8.png", "orientation3.png"]

  /// Makes `reference`, and the folder `observations`.
  ///
  /// - Parameters:
  ///   - count: of observations.
  ///   - names: of the cameras.
  init(
    count: Int = 4, cameras names: [String] = Self.cameras, stateWidth: Int = 11,
    noise: Shape = [8, 7]
  ) throws {
    scratch = try ScratchFolder()
    try scratch.write(Self.robot(Self.cameras), to: "robot.json")
    try convert(Self.checkpoint, to: "reference", [])
    let recorder = try ObservationRecorder(folder: scratch("observations"))
    for index in 0..<count {
      recorder.record(try Self.observation(index, names, stateWidth: stateWidth, noise: noise))
    }
    recorder.close()
    try scratch.write(Self.budget, to: "budget.json")
  }

  /// Any numbers that differ from observation to observation, without a generator of our own.
  private static func numbers(_ count: Int, _ index: Int, scale: Double) -> [Double] {
    (0..<count).map { scale * sin(Double($0) * 0.7 + Double(index) * 1.9 + 0.3) }
  }

  static func observation(
    _ index: Int, _ cameras: [String], stateWidth: Int, noise: Shape
  ) throws -> RecordedObservation {
    try RecordedObservation(
      cameras: cameras.enumerated().map { position, name in
        RecordedObservation.Camera(
          name: name,
          picture: try ImageFile.read(
            path: FixtureFolder.path("images/" + pictures[(index + position) % pictures.count])))
      },
      instruction: index.isMultiple(of: 2) ? "pick up the red cup" : "open the drawer",
      state: .init(numbers(stateWidth, index, scale: 0.8)),
      noise: Tensor(
        numbers(noise.elementCount, index, scale: 1.1).map(Float.init), shape: noise),
      source: JSONObject([("kind", "test")]), versions: JSONObject())
  }

  static func robot(_ cameras: [String]) -> String {
    let list = cameras.map { "{\"key\": \"\($0)\"}" }.joined(separator: ", ")
    return """
      {"version": 1, "name": "two-cameras", "cameras": [\(list)],
       "pictures": {"layout": "channels-last", "floats": "refuse"},
       "state": [{"key": "state", "width": 11}], "instruction": {"key": "prompt"}}
      """
  }

  /// Limits that rounding to 8 bits keeps on these models.
  static let budget = """
    {"schema": 1, "observations": {"at_least": 4},
     "grippers": [{"dimension": 6, "threshold": 0.0}],
     "limits": [
       {"measure": "action.max_of_std", "statistic": "worst", "at_most": 0.25},
       {"measure": "action.rms_of_std", "statistic": "mean", "at_most": 0.05},
       {"measure": "depth.abs_rel", "statistic": "mean", "at_most": 0.1},
       {"measure": "weight.gain_error", "statistic": "worst", "at_most": 0.002},
       {"measure": "stage.cosine", "statistic": "worst", "at_least": 0.9}]}
    """

  func callAsFunction(_ name: String) -> String { scratch(name) }

  func convert(
    _ checkpoint: String, to name: String, _ options: [String],
    statistics: String = "openpi-11-7.json", robot: String = "robot.json"
  ) throws {
    let result = try depthvla(
      [
        "convert", "--depthvla", checkpoint, "-o", scratch(name), "--tokenizer",
        PolicyCase.tokenizer, "--statistics", FixtureFolder.path("statistics/" + statistics),
        "--robot", scratch(robot),
      ] + options)
    try #require(result.status == 0, "\(result.error)")
  }

  /// INT8 of the reference's checkpoint, with one thing changed.
  func candidate(
    _ checkpoint: String = Self.checkpoint, to name: String = "candidate",
    statistics: String = "openpi-11-7.json", robot: String = "robot.json"
  ) throws {
    try convert(
      checkpoint, to: name, ["--precision", "int8"], statistics: statistics, robot: robot)
  }

  /// The checkpoint with the values of one tensor changed.
  func changed(_ tensor: String, _ change: (Float) -> Float) throws -> String {
    var checkpoint = try PlainCheckpoint(folder: Self.checkpoint)
    var plain = try #require(checkpoint.tensors[tensor])
    plain.bytes = stride(from: 0, to: plain.bytes.count, by: 4).flatMap { start in
      let bits = plain.bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
      let result = change(Float(bitPattern: bits)).bitPattern
      return (0..<4).map { UInt8(truncatingIfNeeded: result >> (8 * $0)) }
    }
    checkpoint.tensors[tensor] = plain
    return try checkpoint.write(to: scratch, as: "changed")
  }

  func gate(_ candidate: String = "candidate", _ options: [String] = []) throws -> Outcome {
    try depthvla(
      [
        "gate", candidate, "--against", "reference", "--observations", "observations", "--budget",
        "budget.json",
      ] + options, in: scratch.path)
  }
}
