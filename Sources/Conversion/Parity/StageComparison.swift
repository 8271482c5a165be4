public import DVLATensors

/// What came of comparing one recorded stage.
public struct StageComparison: Sendable {
  public enum Outcome: Sendable {
    /// The values were compared; `exceeded` says which limits they broke.
    case compared(StageErrors, exceeded: [StageLimit])
    /// The model computes a stage of another shape.
    case otherShape(Shape)
    /// One side, or both, holds a NaN or an infinity there.
    case nonFinite(StageErrors.Element)
    /// The model showed no such stage.
    case notShown
    /// The model showed the stage more than once.
    case repeated
  }

  /// What the values were compared with.
  public enum Reference: String, Sendable {
    case float64 = "f64"
    case float32 = "f32"
  }

  public let name: String
  /// The recorded shape.
  public let shape: Shape
  public let reference: Reference
  public let limits: StageLimits
  public internal(set) var outcome: Outcome

  public var passed: Bool {
    if case .compared(_, exceeded: []) = outcome { true } else { false }
  }

  /// The errors, where there was something to compare.
  public var errors: StageErrors? {
    if case .compared(let errors, _) = outcome { errors } else { nil }
  }
}
