public import DVLAJSON

/// A robot as data: how its observations become the inputs of a policy, and which of the policy's
/// actions go back to it.
///
/// It says where in a message the pictures, the state and the instruction are, in which form they
/// come, and nothing of what numbers are: normalisation, offsets from the state and the joints of
/// ALOHA are the `processing` of a bundle. The page Robots of the documentation specifies the
/// document.
public struct Robot: Sendable {
  /// A word for messages and reports.
  public let name: String
  /// What the document was written from: a project, its version and its file.
  public let source: String?
  /// In the order in which the policy was trained; 1 to ``cameraLimit``.
  public let cameras: [Camera]
  public let pictures: Pictures
  /// The parts of the state, in the order in which they are put together.
  public let state: [StatePart]
  public let instruction: Instruction
  /// What a message may hold and the policy does not read.
  public let ignored: [RobotKey]
  /// How many dimensions of an action go back, from the first on; nil: all.
  public let actionWidth: Int?
  /// What clients are sent when they connect, as it is.
  public let metadata: JSONObject?

  /// Most cameras, those of an observation's file.
  public static let cameraLimit = 16
  /// Longest side of a picture, in pixels.
  public static let sideLimit = 8192
  /// Most values of a state, and most dimensions of an action.
  public static let widthLimit = 4096
  /// Most bytes of an instruction.
  public static let instructionLimit = 65536

  /// Values in a state.
  public var stateWidth: Int { state.reduce(0) { $0 + $1.width } }
}

extension Robot {
  /// One camera.
  public struct Camera: Sendable, Hashable {
    public let key: RobotKey
    /// Its name in recordings: 1 to 128 of the characters A-Z a-z 0-9 . _ / -
    public let name: String
    /// Whether an observation without it is refused. A missing camera is left out, with which a
    /// policy computes as if it were masked.
    public let isRequired: Bool
  }

  /// The form of pictures.
  public struct Pictures: Sendable, Hashable {
    public let layout: Layout
    public let floats: Floats
    /// The only size that pictures may have; nil: any, which the policy fits by its own rule.
    public let height, width: Int?
  }

  /// Where a picture has its three channels.
  public enum Layout: String, Sendable, CaseIterable {
    /// [H, W, 3].
    case channelsLast = "channels-last"
    /// [3, H, W].
    case channelsFirst = "channels-first"
    /// Channels are first exactly where the first extent is 3, as openpi's `_parse_image` and
    /// lerobot's pi0 decide it.
    case either
  }

  /// What becomes of pictures in floats from 0 to 1; those in bytes are taken as they are.
  public enum Floats: String, Sendable, CaseIterable {
    /// Multiplied by 255 in their own type and cut to whole numbers, as NumPy does it:
    /// `(255 * image).astype(np.uint8)`.
    case truncate
    /// Accepted where every value is a byte divided by 255, which becomes that byte. A policy that
    /// was trained on floats would see other values otherwise.
    case exact
    case refuse
  }

  /// A part of the state.
  public struct StatePart: Sendable, Hashable {
    public let key: RobotKey
    public let width: Int
    /// Whether a part of one value may come without an axis.
    public let mayBeScalar: Bool
  }

  /// The text that says what to do.
  public struct Instruction: Sendable, Hashable {
    public let key: RobotKey
    /// Whether it may come as bytes, which are read as UTF-8.
    public let mayBeBytes: Bool
    /// Where an observation has none.
    public let fallback: String?
  }
}

extension Robot: Hashable {
  public static func == (a: Self, b: Self) -> Bool { a.json == b.json }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(cameras)
    hasher.combine(state)
  }
}
