import DVLADiagnostics
import DVLAJSON
public import DVLATensors

/// The canonical layout of a family, as data: its tensors with shapes in terms of the
/// configuration, and how the configuration is learnt. Read from `Manifests/FAMILY/layout.json`,
/// with the blocks it is composed of in place.
public struct LayoutDefinition: Sendable {
  /// The family: `paligemma`, `dinov2`, `depth-anything-v2`, `pi0`, `depthvla`.
  public let family: String
  var axes: [Axis] = []
  var tensors: [TensorTemplate] = []
  var keys: [Key] = []
  var facts: [Fact] = []
  var checks: [Check] = []
  /// What kind of value a key must have, where the manifests show it.
  var kinds: [String: ValueKind] = [:]

  init(family: String) { self.family = family }

  /// A whole number read off the tensors themselves.
  struct Axis: Sendable {
    enum Source: Sendable {
      /// The extent of one axis of the first of these tensors that is present.
      case dimension([(tensor: TensorName, axis: Int)], absent: Int?)
      /// One more than the highest index at the pattern's first variable.
      case count(NamePattern)
      /// Whether the tensor is there.
      case present(TensorName)
    }
    let key: String
    let source: Source
  }

  /// One tensor, or one for every value of the repeated index.
  struct TensorTemplate: Sendable {
    let pattern: NamePattern
    let shape: [Expression]
    /// Tensor exists only where this key is non-zero (or zero, when negated).
    let condition: Condition?
    /// The index variable and the key that counts it.
    let repetition: Repetition?
    /// Why no output depends on the tensor, where none does.
    let unusedReason: String?
    /// What `--init-missing` fills it with.
    let initial: InitialValue
  }

  struct Condition: Sendable {
    let key: String
    let negated: Bool
    /// Whether it does not hold where the key has no value.
    var needsValue = false

    func holds(under configuration: Configuration) -> Bool {
      if needsValue, configuration.integer(key) == nil { return false }
      return ((configuration.integer(key) ?? 0) != 0) != negated
    }
  }

  struct Repetition: Sendable {
    let variable: String
    let count: Expression
    /// Which entry of the manifests: two that follow each other are two runs.
    let entry: Int
  }

  /// A configuration value that shapes do not show.
  struct Key: Sendable {
    let name: String
    /// What to ask the user for, where nothing else tells.
    let question: String?
    /// The value may stay unset, and is never asked for.
    let isOptional: Bool
    /// Holds whenever nothing else tells.
    let defaultValue: JSONValue?
    /// The values this toolkit computes correctly.
    let allowed: [JSONValue]?
    /// The value in terms of other keys, where the condition holds.
    let derived: Derivation?
    /// The key whose value this one has where nothing tells its own.
    let sameAs: String?
  }

  struct Derivation: Sendable {
    enum Value: Sendable {
      case single(Expression)
      case list([Expression])
    }
    let value: Value
    let condition: Condition?
  }

  /// Knowledge of published models: when these settings hold, so do those.
  struct Fact: Sendable {
    let conditions: [(key: String, value: JSONValue)]
    let settings: [(key: String, value: JSONValue)]
    let variant: String?
    let refusal: String?
  }

  /// A relation between two expressions that must hold.
  struct Check: Sendable {
    enum Relation: String, Sendable, CaseIterable {
      case equal = "=="
      case unequal = "!="
      case atMost = "<="
      case atLeast = ">="
      case less = "<"
      case more = ">"
    }
    let left: Expression
    let relation: Relation
    let right: Expression
    let condition: Condition?
    let message: String
  }
}

/// How a tensor that no source has is filled.
public enum InitialValue: Sendable, Hashable {
  case zeros
  case ones
  /// Normal with mean 0 and this standard deviation.
  case normal(deviation: Double)
}

/// One tensor of a layout under a configuration.
public struct LayoutTensor: Sendable, Hashable {
  public let name: TensorName
  public let shape: Shape
  public let unusedReason: String?
  public let initial: InitialValue
}
