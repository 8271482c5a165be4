/// How a state or action in the robot's units and one in the model's belong together.
public enum NormalizationMethod: String, Sendable, CaseIterable {
  /// They are the same.
  case identity
  /// The mean becomes 0, the standard deviation 1. pi0's own.
  case meanStd = "mean-std"
  /// The first percentile becomes -1, the 99th 1.
  case quantile
  /// The least value becomes -1, the greatest 1. lerobot only.
  case minMax = "min-max"
}
