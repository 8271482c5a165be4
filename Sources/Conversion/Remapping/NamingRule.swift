import DVLADiagnostics
import DVLATensors

/// One rule of a naming manifest: which source names become which layout names, and how.
struct NamingRule: Sendable {
  enum Disposition: Sendable {
    /// Sources become targets through the operations.
    case map
    /// The sources are one tensor under several names; the first present is taken.
    /// Sources in `required` must be there for the rule to hold.
    case tie(TiePolicy, required: [Int])
    /// The source is not part of the model.
    case drop(Drop)
    /// No source; the target is filled.
    case initialise(InitialValue, reason: String)
  }

  struct Drop: Sendable {
    let reason: String
    /// The name it is kept under for a round trip, the same in every naming.
    let canonicalName: NamePattern
    /// What its shape must be, where the manifest says.
    let shape: [Expression]?
    /// Whether the upstream library insists on the tensor, so that export writes zeros for it.
    let isExportedAsZeros: Bool
  }

  struct Untied: Sendable {
    /// The tie holds where this key is non-zero, or has no value.
    let key: String
    /// The layout tensor that the second name is, where it does not.
    let target: NamePattern

    func holds(under configuration: Configuration) -> Bool { configuration.integer(key) == 0 }
  }

  enum TiePolicy: String, Sendable {
    /// Copies must have the same bits.
    case equal
    /// Copies may be stale: upstream reads only the first.
    case first
  }

  let sources: [NamePattern]
  let targets: [NamePattern]
  let operations: [RuleOperation]
  let disposition: Disposition
  /// The rule holds only where this key is non-zero (or zero, when negated).
  let condition: LayoutDefinition.Condition?
  /// The source may be absent.
  let isOptional: Bool
  /// Which sources this naming's own library writes.
  let written: [Int]
  /// Of a tie of two names: where it does not hold, and what the second name is then.
  var untied: Untied?
  /// What the rule says, for messages.
  let path: String

  /// The steps from sources to targets.
  func steps(_ configuration: Configuration?) throws(WeightsError) -> [Transform.Step] {
    var steps: [Transform.Step] = []
    for operation in operations {
      steps.append(
        try operation.step(
          sources: sources.count, targets: targets.count, configuration: configuration))
    }
    return steps
  }

  var needsConfiguration: Bool {
    operations.contains { if case .reshape = $0 { true } else { false } }
  }
}

/// An operation as a manifest writes it; a ``Transform/Step`` once the counts are known.
enum RuleOperation: Sendable {
  case split(axis: Int)
  case concatenate(axis: Int)
  case transpose(order: [Int])
  case reshape(from: [Expression], to: [Expression])
  case foldClassPosition

  func step(
    sources: Int, targets: Int, configuration: Configuration?
  ) throws(WeightsError) -> Transform.Step {
    switch self {
    case .split(let axis): return .split(axis: axis, parts: targets)
    case .concatenate(let axis): return .concatenate(axis: axis, parts: sources)
    case .transpose(let order): return .transpose(order: order)
    case .foldClassPosition: return .unfoldClassPosition
    case .reshape(let from, let to):
      return .reshape(
        from: try Self.shape(from, configuration ?? Configuration()),
        to: try Self.shape(to, configuration ?? Configuration()))
    }
  }

  private static func shape(
    _ expressions: [Expression], _ configuration: Configuration
  ) throws(WeightsError) -> Shape {
    var dimensions: [Int] = []
    for expression in expressions {
      dimensions.append(try expression.required(configuration, "reshape"))
    }
    guard let shape = Shape(checking: dimensions) else {
      throw WeightsError(.remapConfiguration, "reshape to \(dimensions) overflows 63 bits")
    }
    return shape
  }
}
