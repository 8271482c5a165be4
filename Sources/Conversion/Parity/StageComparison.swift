public import DVLATensors

/// The result of comparing one recorded stage.
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

/// How far a stage may be from what was recorded.
public struct StageLimits: Sendable, Hashable {
  /// Limit for ``StageErrors/ofMaximum``.
  public let ofMaximum: Double?
  /// Limit for ``StageErrors/relativeRMS``.
  public let relativeRMS: Double?
  /// Limit for ``StageErrors/maximumAbsolute``.
  public let absolute: Double?
  /// The measurement that justifies them.
  public let why: String

  init(
    ofMaximum: Double? = nil, relativeRMS: Double? = nil, absolute: Double? = nil, why: String
  ) {
    self.ofMaximum = ofMaximum
    self.relativeRMS = relativeRMS
    self.absolute = absolute
    self.why = why
  }

  /// The limits that these errors break. A NaN breaks any.
  func exceeded(by errors: StageErrors) -> [StageLimit] {
    var exceeded: [StageLimit] = []
    func check(_ measure: StageLimit.Measure, _ found: Double, _ allowed: Double?) {
      guard let allowed, !(found <= allowed) else { return }
      exceeded.append(StageLimit(measure: measure, found: found, allowed: allowed))
    }
    check(.ofMaximum, errors.ofMaximum, ofMaximum)
    check(.relativeRMS, errors.relativeRMS, relativeRMS)
    check(.absolute, errors.maximumAbsolute, absolute)
    return exceeded
  }
}

/// A limit that was broken.
public struct StageLimit: Sendable, Hashable {
  public enum Measure: String, Sendable {
    case ofMaximum = "of_maximum"
    case relativeRMS = "relative_rms"
    case absolute = "max_abs"
  }

  public let measure: Measure
  public let found: Double
  public let allowed: Double
}
