/// How states and actions are converted between the robot's units and the model's.
public enum NormalizationMethod: String, Sendable, CaseIterable {
  /// They are the same.
  case identity
  /// The mean becomes 0, the standard deviation 1. The method of pi0.
  case meanStd = "mean-std"
  /// The first percentile becomes -1, the 99th 1.
  case quantile
  /// The 10th percentile becomes -1, the 90th 1. lerobot only, since October 2025.
  case quantile10
  /// The least value becomes -1, the greatest 1. lerobot only.
  case minMax = "min-max"
}

extension NormalizationMethod {
  /// What lerobot calls it.
  ///
  /// Source: lerobot, `src/lerobot/configs/types.py`, `NormalizationMode`.
  public var lerobotMode: String {
    switch self {
    case .identity: "IDENTITY"
    case .meanStd: "MEAN_STD"
    case .quantile: "QUANTILES"
    case .quantile10: "QUANTILE10"
    case .minMax: "MIN_MAX"
    }
  }

  static let lerobotModes = Dictionary(uniqueKeysWithValues: allCases.map { ($0.lerobotMode, $0) })
}

/// How a policy normalises its states and how its actions, which may differ.
public struct NormalizationMethods: Sendable, Hashable {
  public let state: NormalizationMethod
  public let action: NormalizationMethod

  public init(state: NormalizationMethod, action: NormalizationMethod) {
    (self.state, self.action) = (state, action)
  }

  /// One for both.
  public init(_ method: NormalizationMethod) { self.init(state: method, action: method) }
}
