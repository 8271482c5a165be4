import DVLADiagnostics
import DVLAJSON
import DVLATensors

extension NamingManifest {
  private static let keysOfDocument: Set<String> = [
    "schema", "family", "naming", "about", "source", "prefixes", "include", "rules", "config",
    "defaults",
    "model_types", "shards", "metadata",
  ]

  /// Reads a naming manifest with its inclusions in place.
  ///
  /// - Parameters:
  ///   - contents: the file's bytes.
  ///   - documents: other naming manifests, by `family/naming`, for inclusion.
  /// - Throws: `manifest.syntax`, `manifest.conflict`, and the codes of StrictJSON.
  init(
    contents: [UInt8], documents: [String: JSONReader]
  ) throws(WeightsError) {
    let document = try StrictJSON.parse(contents, limits: .document)
    let root = try JSONReader(document).object(allowing: Self.keysOfDocument)
    _ = try root.required("schema").integer(in: 1...1)
    family = try root.required("family").string()
    naming = try root.required("naming").string()
    about = try root.required("about").string()
    text = String(decoding: contents, as: UTF8.self)
    prefixes = try root.optional("prefixes")?.strings() ?? [""]
    var rules: [NamingRule] = []
    for inclusion in try root.optional("include")?.array() ?? [] {
      rules += try Self.included(inclusion, documents)
    }
    for rule in try root.required("rules").array() { rules.append(try NamingRule(rule)) }
    self.rules = rules
    config = try root.optional("config").flatMap { (reader) throws(WeightsError) in
      reader.isNull ? nil : try ConfigTemplate(reader)
    }
    ownDefaults = try root.optional("defaults")?.object().members.map(Default.init) ?? []
    modelTypes = try root.optional("model_types")?.strings() ?? []
    isSharded = try root.optional("shards")?.bool() ?? false
    metadata = try MetadataPolicy(root.optional("metadata"))
  }

  private static func included(
    _ reader: JSONReader, _ documents: [String: JSONReader]
  ) throws(WeightsError) -> [NamingRule] {
    let object = try reader.object(allowing: ["manifest", "add", "replace", "with", "except"])
    let name = try object.required("manifest").string()
    guard let document = documents[name] else {
      throw reader.failure(.manifestSyntax, "manifest \(name.quoted) is not known")
    }
    let root = try document.object(allowing: keysOfDocument)
    guard root.optional("include") == nil else {
      throw reader.failure(.manifestSyntax, "manifest \(name.quoted) includes others itself")
    }
    let added = try object.optional("add")?.string() ?? ""
    let old = try object.optional("replace")?.string() ?? ""
    let new = try object.optional("with")?.string() ?? ""
    let exceptions = Set(try object.optional("except")?.strings() ?? [])
    var rules: [NamingRule] = []
    for rule in try root.required("rules").array() {
      rules.append(try NamingRule(rule).included(adding: added, replacing: old, with: new, reader))
    }
    return rules.filter { rule in
      !rule.targets.contains { exceptions.contains($0.description) }
    }
  }
}

extension NamingManifest.Default {
  /// A value, or `{"value": …, "when": CONDITION}`.
  fileprivate init(_ key: String, _ reader: JSONReader) throws(WeightsError) {
    self.key = key
    guard reader.value.object != nil else {
      value = reader.value
      condition = nil
      return
    }
    let object = try reader.object(allowing: ["value", "when"])
    value = try object.required("value").value
    condition = try LayoutDefinition.condition("")(object.required("when"))
  }
}

extension NamingManifest.MetadataPolicy {
  init(_ reader: JSONReader?) throws(WeightsError) {
    guard let reader, !reader.isNull else {
      self = .none
      return
    }
    var values: [String: String] = [:]
    for (key, value) in try reader.object().members { values[key] = try value.string() }
    self = .fixed(values)
  }
}

extension NamingRule {
  init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: [
      "from", "to", "ops", "drop", "as", "shape", "export", "optional", "initialise", "why",
      "write",
      "require", "when", "about", "untied",
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
    if let misplaced { throw reader.failure(.manifestSyntax, "\(misplaced.quoted) without a tie") }
    let disposition: Disposition
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
      disposition = .drop(
        Drop(
          reason: try reason.string(), canonicalName: canonical ?? sources[0],
          shape: try object.optional("shape")?.array().map(LayoutDefinition.expression),
          isExportedAsZeros: isZeros != nil))
    } else if let value = object.optional("initialise") {
      guard sources.isEmpty, !targets.isEmpty else {
        throw reader.mismatch("\"to\" and no \"from\" beside \"initialise\"")
      }
      disposition = .initialise(
        try InitialValue(value), reason: try object.required("why").string())
    } else if let tie {
      guard sources.count > 1, targets.count == 1, operations.isEmpty else {
        throw reader.mismatch("several sources, one target and no other operation in a tie")
      }
      disposition = .tie(tie, required: required)
    } else {
      guard !sources.isEmpty, !targets.isEmpty else { throw reader.mismatch("\"from\" and \"to\"") }
      disposition = .map
    }
    self.init(
      sources: sources, targets: targets, operations: operations, disposition: disposition,
      condition: try object.optional("when").map(LayoutDefinition.condition("")),
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

  /// Both directions must be able to name everything.
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
        .manifestSyntax, "the operations give \(count) tensors, \"to\" names \(targets.count)")
    }
  }

  fileprivate func included(
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

extension RuleOperation {
  init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object()
    guard object.object.count == 1, let (name, value) = object.members.first else {
      throw reader.mismatch("one operation")
    }
    switch name {
    case "split": self = .split(axis: try value.integer(in: 0...7))
    case "concatenate": self = .concatenate(axis: try value.integer(in: 0...7))
    case "fold_class_position": self = .foldClassPosition
    case "transpose":
      let order = try value.array().map { (axis) throws(WeightsError) in
        try axis.integer(in: 0...7)
      }
      guard order.sorted() == Array(order.indices) else {
        throw value.mismatch("a permutation of the axes")
      }
      self = .transpose(order: order)
    default:
      let shapes = try value.object(allowing: ["from", "to"])
      self = .reshape(
        from: try shapes.required("from").array().map(LayoutDefinition.expression),
        to: try shapes.required("to").array().map(LayoutDefinition.expression))
    }
  }
}

extension JSONReader {
  /// One string, or an array of strings.
  func strings() throws(WeightsError) -> [String] {
    guard value.array != nil else { return [try string()] }
    return try array().map { (item) throws(WeightsError) in try item.string() }
  }

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
