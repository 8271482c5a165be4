public import DVLADiagnostics
public import DVLAJSON

// The conventions of other projects, written from their own sources.

extension Robot {
  /// The presets by name.
  public static let presetNames = ["libero", "droid", "aloha", lerobotName]
  /// The preset that is filled from a policy's documents.
  public static let lerobotName = "lerobot"

  /// - Throws: `robot.preset` for an unknown name, and for `lerobot`, whose cameras and widths are
  ///   those of a data set: ``lerobot(configuration:)`` takes them from a policy's documents.
  public static func preset(_ name: String) throws(WeightsError) -> Robot {
    switch name {
    case "libero": return libero
    case "droid": return droid
    case "aloha": return aloha
    case lerobotName:
      throw WeightsError(
        .robotPreset, .usage,
        "the robot \"lerobot\" has the cameras and widths of a data set, which only a policy's "
          + "config.json says; expected a JSON file here", remedies: [.giveAsset(.robot)])
    default:
      throw WeightsError(
        .robotPreset, .usage,
        "no robot is called \(name.quoted); expected one of \(presetNames.joined(separator: ", ")) "
          + "or a JSON file")
    }
  }

  /// LIBERO's simulated arm, from openpi.
  private static let libero = Robot(
    name: "libero", source: "openpi at 15a9616, src/openpi/policies/libero_policy.py",
    cameras: [Camera("observation/image"), Camera("observation/wrist_image")],
    pictures: Pictures(.either, .truncate),
    state: [StatePart(key: RobotKey("observation/state"), width: 8, mayBeScalar: false)],
    instruction: Instruction(key: RobotKey("prompt"), mayBeBytes: false, fallback: nil),
    ignored: [], actionWidth: 7, metadata: nil)

  /// The arm of DROID, from openpi.
  private static let droid = Robot(
    name: "droid", source: "openpi at 15a9616, src/openpi/policies/droid_policy.py",
    cameras: [
      Camera("observation/exterior_image_1_left"), Camera("observation/wrist_image_left"),
    ],
    pictures: Pictures(.either, .truncate),
    state: [
      StatePart(key: RobotKey("observation/joint_position"), width: 7, mayBeScalar: false),
      StatePart(key: RobotKey("observation/gripper_position"), width: 1, mayBeScalar: true),
    ],
    instruction: Instruction(key: RobotKey("prompt"), mayBeBytes: true, fallback: nil),
    ignored: [], actionWidth: 8, metadata: nil)

  /// The two arms of ALOHA, from openpi, with the pose that its policies for the real robot start
  /// from.
  private static let aloha = Robot(
    name: "aloha",
    source: "openpi at 15a9616, src/openpi/policies/aloha_policy.py and "
      + "src/openpi/training/config.py",
    cameras: [
      Camera("images", "cam_high"), Camera("images", "cam_left_wrist", isRequired: false),
      Camera("images", "cam_right_wrist", isRequired: false),
    ],
    pictures: Pictures(.channelsFirst, .truncate),
    state: [StatePart(key: RobotKey("state"), width: 14, mayBeScalar: false)],
    instruction: Instruction(key: RobotKey("prompt"), mayBeBytes: false, fallback: nil),
    ignored: [RobotKey(["images", "cam_low"])], actionWidth: 14,
    metadata: JSONObject([("reset_pose", [0, -1.5, 1.5, 0, 0, 0])]))
}

extension Robot {
  /// lerobot's convention with the cameras and widths that the `config.json` of a policy has: its
  /// inputs of the type VISUAL in their order, of which any but one may be missing as in lerobot's
  /// `PI0Policy._preprocess_images`, the width of `observation.state` and that of `action`.
  ///
  /// Source: lerobot 0.6.1, `policies/pi0/modeling_pi0.py`, `policies/pi0/configuration_pi0.py`,
  /// `policies/utils.py` and `utils/constants.py`.
  ///
  /// - Throws: `robot.preset` where it lacks any of them; as ``init(_:)``.
  public static func lerobot(configuration: JSONValue) throws(WeightsError) -> Robot {
    let root = try JSONReader(configuration, path: "config.json").object()
    func features(_ key: String) throws(WeightsError) -> JSONObjectReader? {
      try root.optional(key).flatMap { $0.isNull ? nil : $0 }?.object()
    }
    func width(_ key: String, _ feature: String) throws(WeightsError) -> Int {
      guard let found = try features(key)?.optional(feature) else {
        throw incomplete("\(key) with \(feature)")
      }
      let shape = try found.object().required("shape")
      guard let first = try shape.array().first, try shape.array().count == 1 else {
        throw shape.mismatch("one width")
      }
      return try first.integer(in: 1...widthLimit)
    }
    var cameras: [JSONValue] = []
    for (key, feature) in try features("input_features")?.members ?? []
    where try feature.object().required("type").string() == "VISUAL" {
      // What lerobot adds to fill a policy's places up never comes from a robot.
      if !key.hasPrefix("observation.images.empty_camera_") {
        cameras.append(["key": .string(key), "required": false])
      }
    }
    guard !cameras.isEmpty else { throw incomplete("input_features of the type VISUAL") }
    return try Robot([
      "version": 1, "name": .string(lerobotName),
      "source": "lerobot 0.6.1, policies/pi0, with the features in config.json",
      "cameras": .array(cameras),
      "pictures": ["layout": "either", "floats": "exact"],
      "state": [
        [
          "key": "observation.state",
          "width": .integer(Int64(try width("input_features", "observation.state"))),
        ]
      ],
      "instruction": ["key": "task"], "ignored": ["robot_type"],
      "actions": ["width": .integer(Int64(try width("output_features", "action")))],
    ])
  }

  private static func incomplete(_ what: String) -> WeightsError {
    WeightsError(
      .robotPreset, .usage,
      "the robot \"lerobot\" is filled from the policy's config.json, which has no \(what); "
        + "expected a JSON file with the cameras and widths", remedies: [.giveAsset(.robot)])
  }
}

extension Robot.Camera {
  fileprivate init(_ path: String..., isRequired: Bool = true) {
    key = RobotKey(path)
    name = key.name
    self.isRequired = isRequired
  }
}

extension Robot.Pictures {
  fileprivate init(_ layout: Robot.Layout, _ floats: Robot.Floats) {
    (self.layout, self.floats) = (layout, floats)
    (height, width) = (nil, nil)
  }
}
