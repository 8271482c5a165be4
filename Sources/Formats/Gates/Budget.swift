/// How far a candidate may drift from its reference.
///
/// The page Gate of the documentation specifies the document.
public struct Budget: Sendable, Hashable {
  /// A dimension of actions that opens and closes a gripper.
  public struct Gripper: Sendable, Hashable {
    public let dimension: Int
    /// Closed on one side of it, open on the other.
    public let threshold: Double

    public init(dimension: Int, threshold: Double) {
      self.dimension = dimension
      self.threshold = threshold
    }
  }

  /// Fewer observations give no verdict; at least 1.
  public let leastObservations: Int
  public let grippers: [Gripper]
  /// In the order of the document; at least one.
  public let limits: [BudgetLimit]

  public init(leastObservations: Int, grippers: [Gripper], limits: [BudgetLimit]) {
    self.leastObservations = leastObservations
    self.grippers = grippers
    self.limits = limits
  }
}
