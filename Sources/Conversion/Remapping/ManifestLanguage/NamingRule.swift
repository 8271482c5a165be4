import DVLADiagnostics
import DVLAJSON
import DVLATensors

/// One rule of a naming manifest: which source names become which layout names, and how.
///
/// It is written as an object with `from` and `to` (patterns), `ops` (``RuleOperation``), or
/// instead of those `drop` or `initialise`, with a reason.
struct NamingRule: Sendable {
  enum Disposition: Sendable {
    /// Sources become targets through the operations.
    case map
    /// The sources are one tensor under several names; the first that is present is used.
    /// Sources in `required` must be present for the rule to hold.
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
    /// The shape it must have; nil where the manifest does not say.
    let shape: [Expression]?
    /// Whether the upstream library requires the tensor, so that export writes zeros for it.
    let isExportedAsZeros: Bool
  }

  struct Untied: Sendable {
    /// The tie holds where this key is non-zero or has no value.
    let key: String
    /// The layout tensor that the second name becomes where the tie does not hold.
    let target: NamePattern

    func holds(under configuration: Configuration) -> Bool { configuration.integer(key) == 0 }
  }

  enum TiePolicy: String, Sendable {
    /// Copies must have the same bits.
    case equal
    /// Copies may be stale, as upstream reads only the first.
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
  /// Where a tie of two names does not hold, and what the second name is then.
  var untied: Untied?
  /// The place of the rule in its manifest, for messages.
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

// MARK: From JSON

extension NamingRule {
  init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: [
      "from", "to", "ops", "drop", "as", "shape", "export", "optional", "initialise", "why",
      "write", "require", "when", "about", "untied",
    ])
    let sources = try object.optional("from")?.patterns() ?? []
    let targets = try object.optional("to")?.patterns() ?? []
    var operations: [RuleOperation] = []
    var tie: TiePolicy?
    var required: [Int] = []
    for operation in try object.optional("ops")?.array() ?? [] {
      let member = try operation.object(allowing: [
        "split", "concatenate", "transpose", "reshape", "tie", "fold_class_position",
      ])
      if let policy = member.optional("tie") {
        guard let value = TiePolicy(rawValue: try policy.string()) else {
          throw policy.mismatch("\"equal\" or \"first\"")
        }
        tie = value
        required = try Self.positions(object.optional("require"), in: sources)
      } else {
        operations.append(try RuleOperation(operation))
      }
    }
    let misplaced =
      tie == nil ? ["require", "write", "untied"].first { object.optional($0) != nil } : nil
    if let misplaced {
      throw reader.failure(.manifestSyntax, "\(misplaced.quoted) is only allowed beside a tie")
    }
    let disposition = try Self.disposition(
      reader, object, sources: sources, targets: targets, operations: operations,
      tie: tie.map { .tie($0, required: required) })
    self.init(
      sources: sources, targets: targets, operations: operations, disposition: disposition,
      condition: try object.optional("when").map { (reader) throws(WeightsError) in
        try LayoutDefinition.Condition(reader, scope: "")
      },
      isOptional: try object.optional("optional")?.bool() ?? false,
      written: object.optional("write") == nil
        ? [0] : try Self.positions(object.optional("write"), in: sources),
      path: reader.path)
    untied = try object.optional("untied").map { (reader) throws(WeightsError) in
      let member = try reader.object(allowing: ["unless", "to"])
      guard sources.count == 2 else { throw reader.mismatch("two names of the tied tensor") }
      return Untied(
        key: try member.required("unless").string(),
        target: try NamePattern(parsing: try member.required("to").string()))
    }
    try checkVariables(reader)
    try checkArity(reader)
  }

  /// What becomes of the sources.
  ///
  /// - Parameter tie: the disposition of a rule with a tie.
  private static func disposition(
    _ reader: JSONReader, _ object: JSONObjectReader, sources: [NamePattern],
    targets: [NamePattern], operations: [RuleOperation], tie: Disposition?
  ) throws(WeightsError) -> Disposition {
    if let reason = object.optional("drop") {
      guard sources.count == 1, targets.isEmpty, object.optional("ops") == nil else {
        throw reader.mismatch("one \"from\", no \"to\" and no \"ops\" beside \"drop\"")
      }
      let canonical = try object.optional("as").map { (name) throws(WeightsError) in
        try NamePattern(parsing: name.string())
      }
      let isZeros = try object.optional("export")?.string()
      guard isZeros == nil || isZeros == "zeros" else {
        throw reader.mismatch("\"export\": \"zeros\"")
      }
      guard isZeros == nil || (object.optional("shape") != nil && sources[0].isSingle) else {
        throw reader.mismatch("a \"shape\" and one name beside \"export\"")
      }
      return .drop(
        Drop(
          reason: try reason.string(), canonicalName: canonical ?? sources[0],
          shape: try object.optional("shape")?.array().map(Expression.init(_:)),
          isExportedAsZeros: isZeros != nil))
    } else if let value = object.optional("initialise") {
      guard sources.isEmpty, !targets.isEmpty else {
        throw reader.mismatch("\"to\" and no \"from\" beside \"initialise\"")
      }
      return .initialise(
        try InitialValue(value), reason: try object.required("why").string())
    } else if let tie {
      guard sources.count > 1, targets.count == 1, operations.isEmpty else {
        throw reader.mismatch("several sources, one target and no other operation in a tie")
      }
      return tie
    } else {
      guard !sources.isEmpty, !targets.isEmpty else { throw reader.mismatch("\"from\" and \"to\"") }
      return .map
    }
  }

  /// The positions of the named sources.
  private static func positions(
    _ reader: JSONReader?, in sources: [NamePattern]
  ) throws(WeightsError) -> [Int] {
    guard let reader else { return [] }
    var positions: [Int] = []
    for name in try reader.strings() {
      guard let position = sources.firstIndex(where: { $0.description == name }) else {
        throw reader.mismatch("names of the rule's own sources")
      }
      positions.append(position)
    }
    return positions
  }

  /// Import and export must both be able to name every tensor.
  private func checkVariables(_ reader: JSONReader) throws(WeightsError) {
    let all = sources + targets
    guard let first = all.first else { return }
    for pattern in all
    where pattern.indexNames != first.indexNames || pattern.isSubtree != first.isSubtree {
      throw reader.failure(
        .manifestSyntax, "\(pattern) and \(first) do not have the same variables")
    }
  }

  private func checkArity(_ reader: JSONReader) throws(WeightsError) {
    guard case .map = disposition else { return }
    var count = sources.count
    for operation in operations {
      switch operation {
      case .split where count == 1: count = targets.count
      case .concatenate where count == sources.count: count = 1
      case .foldClassPosition where count == 2: break
      case .transpose, .reshape: break
      case .split, .concatenate, .foldClassPosition:
        throw reader.failure(.manifestSyntax, "an operation does not fit \(count) tensors")
      }
    }
    guard count == targets.count else {
      throw reader.failure(
        .manifestSyntax, "the operations make \(count) tensors, but \"to\" names \(targets.count)")
    }
  }

  /// The rule as another manifest includes it: with `added` in front of its source names, and its
  /// targets moved from the prefix `old` to the prefix `new`.
  func included(
    adding added: String, replacing old: String, with new: String, _ reader: JSONReader
  ) throws(WeightsError) -> NamingRule {
    var moved: [NamePattern] = []
    for target in targets {
      guard let pattern = target.replacing(prefix: old, with: new) else {
        throw reader.failure(.manifestSyntax, "target \(target) does not start with \(old.quoted)")
      }
      moved.append(pattern)
    }
    let disposition =
      if case .drop(let drop) = disposition {
        Disposition.drop(
          Drop(
            reason: drop.reason,
            canonicalName: drop.canonicalName == sources[0]
              ? drop.canonicalName.prefixed(by: added) : drop.canonicalName,
            shape: drop.shape, isExportedAsZeros: drop.isExportedAsZeros))
      } else { disposition }
    var result = NamingRule(
      sources: sources.map { $0.prefixed(by: added) }, targets: moved, operations: operations,
      disposition: disposition, condition: condition, isOptional: isOptional,
      written: written, path: reader.path + " " + path)
    result.untied = untied
    return result
  }
}

extension JSONReader {
  fileprivate func patterns() throws(WeightsError) -> [NamePattern] {
    var patterns: [NamePattern] = []
    for text in try strings() {
      do { patterns.append(try NamePattern(parsing: text)) } catch {
        throw failure(error.code, error.message)
      }
    }
    return patterns
  }
}
