import DVLAJSON
import DVLATensors

/// The canonical layout of a family, as data: its tensors with shapes in terms of the
/// configuration, and the rules by which the configuration is determined. Decoded from
/// `Manifests/FAMILY/layout.json` by `LayoutDefinitionDecoder`.
public struct LayoutDefinition: Sendable {
  /// The family: `paligemma`, `dinov2`, `depth-anything-v2`, `pi0`, `depthvla`.
  public let family: String
  var axes: [Axis] = []
  var tensors: [TensorTemplate] = []
  var keys: [Key] = []
  var facts: [Fact] = []
  var checks: [Check] = []
  /// The kind of value that a key must have, where the manifests imply one.
  var kinds: [String: ValueKind] = [:]

  init(family: String) { self.family = family }

  /// A whole number that the tensors themselves determine.
  struct Axis: Sendable {
    enum Source: Sendable {
      /// The extent of one axis of the first of these tensors that is present.
      case dimension([(tensor: TensorName, axis: Int)], absent: Int?)
      /// One more than the highest index at the pattern's first variable.
      case count(NamePattern)
      /// Whether the tensor is present.
      case present(TensorName)
    }
    let key: String
    let source: Source
  }

  /// One tensor, or one for every value of the repeated index.
  struct TensorTemplate: Sendable {
    let pattern: NamePattern
    let shape: [Expression]
    /// The tensor exists only where this key is non-zero (or zero, when negated).
    let condition: Condition?
    /// The index variable and the key that counts it.
    let repetition: Repetition?
    /// Why no output depends on the tensor; nil where one does.
    let unusedReason: String?
    /// The values it gets where no source has it and missing tensors are initialised.
    let initial: InitialValue
  }

  struct Condition: Sendable {
    let key: String
    let negated: Bool
    /// Whether the condition requires a value: it then does not hold for a key without one.
    var needsValue = false

    func holds(under configuration: Configuration) -> Bool {
      if needsValue, configuration.integer(key) == nil { return false }
      return ((configuration.integer(key) ?? 0) != 0) != negated
    }
  }

  struct Repetition: Sendable {
    let variable: String
    let count: Expression
    /// The entry of the manifest, so that two adjacent repetitions remain two.
    let entry: Int
  }

  /// A configuration value that shapes do not determine.
  struct Key: Sendable {
    let name: String
    /// What the user is asked where nothing else determines the value.
    let question: String?
    /// Whether the value may stay unset and is never asked for.
    let isOptional: Bool
    /// The value where nothing else determines it.
    let defaultValue: JSONValue?
    /// The values this toolkit computes correctly.
    let allowed: [JSONValue]?
    /// The value in terms of other keys, where the condition holds.
    let derived: Derivation?
    /// The key whose value this one takes where nothing determines its own.
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

  /// Knowledge of published models: where the conditions hold, so do the settings.
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

    func holds(_ left: Int, _ right: Int) -> Bool {
      switch relation {
      case .equal: left == right
      case .unequal: left != right
      case .atMost: left <= right
      case .atLeast: left >= right
      case .less: left < right
      case .more: left > right
      }
    }

    /// What is wrong with these values of the two sides.
    func problem(_ left: Int, _ right: Int) -> String {
      // Each side has the text of the whole relation.
      let text = self.left.description
      if case .integer = self.right.root, relation == .equal,
        let side = text.split(separator: relation.rawValue).first
      {
        return side.split(separator: " ").joined(separator: " ")
          + " must be \(right), but is \(left)"
      }
      return "expected \(text), but the values are \(left) and \(right)"
    }
  }
}

extension LayoutDefinition {
  /// Every key of the configuration, first those that shapes determine.
  var knownKeys: [String] {
    let shown = axes.map(\.key)
    return shown + keys.map(\.name).filter { !shown.contains($0) }
  }

  /// Whether the layout has a tensor of that name under some configuration.
  func hasTensor(named name: TensorName) -> Bool {
    let components = NameComponents(name)
    return tensors.contains { $0.pattern.match(components) != nil }
  }

  /// Every expression of the layout.
  var expressions: [Expression] {
    tensors.flatMap { $0.shape + ($0.repetition.map { [$0.count] } ?? []) }
      + checks.flatMap { [$0.left, $0.right] }
      + keys.flatMap { key -> [Expression] in
        switch key.derived?.value {
        case .single(let expression): [expression]
        case .list(let expressions): expressions
        case nil: []
        }
      }
  }
}
