/// How far the actions of a chunk are from the reference's, by dimension.
public struct ActionDrift: Sendable, Hashable {
  /// max |c - r|, in the robot's units.
  public let maximum: [Double]
  /// sqrt(mean (c - r)^2), in the robot's units.
  public let rms: [Double]
  /// The standard deviation of each dimension; 0 where it never changes.
  public let deviations: [Double]
  /// Of each gripper: in how many actions the candidate is on the other side of its threshold.
  public let flips: [Int]
  /// sqrt(mean over dimensions of ((c - r) / deviation)^2), for each action of the chunk.
  public let alongChunk: [Double]
  /// By dimension: what rounding alone may move one that never changed.
  private let stillErrors: [Double]

  /// - Parameters:
  ///   - reference: H actions, in the robot's units.
  ///   - candidate: as many, as wide.
  ///   - deviations: of each dimension; 0 for one that never changes, which has no share.
  ///   - grippers: dimension and threshold of each; a value above it is on one side, any other on
  ///     the other.
  /// - Precondition: at least one action; equal extents; the grippers' dimensions exist.
  public init(
    reference: [[Double]], candidate: [[Double]], deviations: [Double],
    grippers: [(dimension: Int, threshold: Double)] = []
  ) {
    precondition(!reference.isEmpty && reference.count == candidate.count, "as many actions")
    let width = deviations.count
    var maximum = [Double](repeating: 0, count: width)
    var squares = maximum
    var along: [Double] = []
    for (r, c) in zip(reference, candidate) {
      precondition(r.count == width && c.count == width, "actions of one width")
      var shares = 0.0
      var shareCount = 0
      for dimension in 0..<width {
        let error = abs(c[dimension] - r[dimension])
        maximum[dimension] = max(maximum[dimension], error)
        squares[dimension] += error * error
        guard let share = Self.share(error, of: deviations[dimension]) else { continue }
        shares += share * share
        shareCount += 1
      }
      along.append(shareCount > 0 ? (shares / Double(shareCount)).squareRoot() : 0)
    }
    let sizes = (0..<width).map { dimension in
      reference.reduce(0) { max($0, abs($1[dimension])) }
    }
    stillErrors = sizes.map { Self.rounding * max(1, $0) }
    self.maximum = maximum
    rms = squares.map { ($0 / Double(reference.count)).squareRoot() }
    self.deviations = deviations
    alongChunk = along
    flips = grippers.map { gripper in
      zip(reference, candidate).count { r, c in
        (r[gripper.dimension] > gripper.threshold) != (c[gripper.dimension] > gripper.threshold)
      }
    }
  }

  /// An error as a share of the standard deviation; nil for a dimension that never changed in
  /// training.
  private static func share(_ error: Double, of deviation: Double) -> Double? {
    deviation > 0 ? min(error / deviation, DriftSums.unbounded) : nil
  }

  /// What rounding may move a dimension that never changed in training, in parts of its size or of
  /// 1.
  private static let rounding = 1e-5

  /// ``maximum`` as shares of the standard deviations. A dimension that never changed in training
  /// has none where it stays where it was but for rounding, and ``DriftSums/unbounded`` where it
  /// moves.
  public var maximumShares: [Double?] { shares(maximum) }
  /// ``rms`` as shares of the standard deviations, likewise.
  public var rmsShares: [Double?] { shares(rms) }

  private func shares(_ errors: [Double]) -> [Double?] {
    errors.indices.map { index in
      if let share = Self.share(errors[index], of: deviations[index]) { return share }
      return errors[index] > stillErrors[index] ? DriftSums.unbounded : nil
    }
  }
}

/// How near actions are to what a demonstrator did.
public enum DemonstrationError {
  /// mean |action - demonstrated| / deviation over the actions that were demonstrated and the
  /// dimensions that change; nil where there is no such number.
  public static func l1(
    _ actions: [[Double]], demonstrated: [[Double]], deviations: [Double]
  ) -> Double? {
    var sum = 0.0
    var count = 0
    for (action, target) in zip(actions, demonstrated) {
      for (dimension, deviation) in deviations.enumerated()
      where deviation > 0 && dimension < min(action.count, target.count) {
        sum += abs(action[dimension] - target[dimension]) / deviation
        count += 1
      }
    }
    return count > 0 ? sum / Double(count) : nil
  }
}

/// The standard deviation of each dimension over the actions of many chunks, for policies without
/// statistics of actions.
public enum ActionDeviations {
  /// sqrt(mean (a - mean a)^2) of each dimension; 0 where that is rounding alone.
  ///
  /// - Precondition: at least one action; all of one width.
  public static func of(_ actions: [[Double]]) -> [Double] {
    precondition(!actions.isEmpty, "actions")
    return actions[0].indices.map { dimension in
      let mean = actions.reduce(0) { $0 + $1[dimension] } / Double(actions.count)
      let squares = actions.reduce(0) {
        $0 + ($1[dimension] - mean) * ($1[dimension] - mean)
      }
      let deviation = (squares / Double(actions.count)).squareRoot()
      let size = actions.reduce(0) { max($0, abs($1[dimension])) }
      return deviation > 1e-7 * size ? deviation : 0
    }
  }
}
