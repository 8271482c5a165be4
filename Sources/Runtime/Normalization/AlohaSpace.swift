import DVLADiagnostics
import Glibc

/// Converts between the joints of an ALOHA robot and those pi0 was trained with: some joints turn
/// the other way, and grippers are angles, in other units.
///
/// With `x` in the robot's numbers, 14 or more of them, and `y` in pi0's:
///
/// | what | library | becomes |
/// | --- | --- | --- |
/// | joints 1, 2, 8, 9 | both | `-x` |
/// | grippers 6, 13 of states | both | `(asin(clamp((r² + l² - a²) / (2 r l))) - lo) / (hi - lo)` |
/// | grippers 6, 13 of actions | openpi | `(y + 0.5476 + 0.6213) / 2.1123` |
/// | grippers 6, 13 of actions | lerobot | `(y 1.1 + 0.4 + 0.6213) / 2.1123` |
///
/// `l = x (0.058 - 0.01844) + 0.01844`, `r = 0.022`, `a = 0.036`; `lo` and `hi` are 0.5476 and
/// 1.6296 with openpi, 0.4 and 1.5 with lerobot.
///
/// Source: openpi, `src/openpi/policies/aloha_policy.py`, `_decode_state` and `_encode_actions`;
/// lerobot of February to September 2025, `policies/pi0/modeling_pi0.py`, `_pi_aloha_decode_state`
/// and `_pi_aloha_encode_actions`.
struct AlohaSpace: Sendable, Hashable {
  static let width = 14
  private static let turned = [1, 2, 8, 9]
  private static let grippers = [6, 13]

  /// The values of a closed and an open gripper: in metres, as angles measured on the robot, and
  /// as angles of the joint.
  private static let metres = (low: 0.01844, high: 0.05800)
  private static let joint = (low: -0.6213, high: 1.4910)
  /// Whether actions leave the model between 0 and 1, as with lerobot, or as angles.
  private let actionsAreScaled: Bool
  private var angles: (low: Double, high: Double) {
    actionsAreScaled ? (0.4, 1.5) : (0.5476, 1.6296)
  }

  init(_ library: PolicyProcessing.Library?) { actionsAreScaled = library?.isLeRobot ?? false }

  /// A state of the robot in the convention of the model.
  ///
  /// - Precondition: at least ``width`` values.
  func decode<Scalar: ArithmeticFloat>(_ state: [Scalar]) -> [Scalar] {
    var state = state
    for joint in Self.turned { state[joint] = -state[joint] }
    for gripper in Self.grippers { state[gripper] = angle(state[gripper]) }
    return state
  }

  /// An action of the model in the convention of the robot.
  ///
  /// - Precondition: at least ``width`` values.
  func encode<Scalar: ArithmeticFloat>(_ action: [Scalar]) -> [Scalar] {
    var action = action
    for joint in Self.turned { action[joint] = -action[joint] }
    for gripper in Self.grippers {
      let value = action[gripper]
      let angle =
        actionsAreScaled
        ? value * Scalar(angles.high - angles.low) + Scalar(angles.low)
        : value + Scalar(angles.low)
      action[gripper] =
        (angle - Scalar(Self.joint.low)) / Scalar(Self.joint.high - Self.joint.low)
    }
    return action
  }

  private func angle<Scalar: ArithmeticFloat>(_ value: Scalar) -> Scalar {
    let (horn, arm) = (0.022, 0.036)
    let length =
      value * Scalar(Self.metres.high - Self.metres.low) + Scalar(Self.metres.low)
    let sine =
      (Scalar(horn * horn) + length * length - Scalar(arm * arm)) / (Scalar(2 * horn) * length)
    let radians = Scalar.arcsine(sine.isNaN ? sine : min(max(sine, -1), 1))
    return (radians - Scalar(angles.low)) / Scalar(angles.high - angles.low)
  }
}

/// The types that upstream libraries compute a robot's numbers in.
protocol ArithmeticFloat: BinaryFloatingPoint, Sendable {
  static func arcsine(_ x: Self) -> Self
}

extension Float: ArithmeticFloat {
  static func arcsine(_ x: Float) -> Float { asinf(x) }
}

extension Double: ArithmeticFloat {
  static func arcsine(_ x: Double) -> Double { asin(x) }
}
