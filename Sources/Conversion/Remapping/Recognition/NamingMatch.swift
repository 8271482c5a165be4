import DVLADiagnostics
import DVLATensors

/// The tensors of a checkpoint matched with the rules of one naming manifest.
struct NamingMatch: Sendable {
  let manifest: NamingManifest
  let prefix: String
  var instances: [RuleInstance] = []
  var unmatched: [TensorName] = []
  var matchedCount = 0
  /// Rules that must match a tensor and do not.
  var idleRuleCount = 0

  /// - Throws: `manifest.conflict` when two rules match one tensor.
  init(
    _ manifest: NamingManifest, index: RuleIndex, prefix: String, tensors: [NamedTensor]
  ) throws(WeightsError) {
    self.manifest = manifest
    self.prefix = prefix
    var instanceIndex: [InstanceKey: Int] = [:]
    for tensor in tensors {
      let info = tensor.info
      guard let hit = try Self.hit(tensor.bare, index, prefix) else {
        unmatched.append(info.name)
        continue
      }
      matchedCount += 1
      let key = InstanceKey(rule: hit.rule, bindings: hit.bindings)
      let rule = manifest.rules[hit.rule]
      let position: Int
      if let known = instanceIndex[key] {
        position = known
      } else {
        position = instances.count
        instanceIndex[key] = position
        instances.append(
          RuleInstance(
            rule: hit.rule, bindings: hit.bindings,
            sources: Array(repeating: nil, count: rule.sources.count)))
      }
      instances[position].sources[hit.position] = info
    }
    // A tie without its required names does not hold, so the names it has are unknown.
    instances.removeAll { instance in
      guard case .tie(_, let required) = manifest.rules[instance.rule].disposition,
        required.contains(where: { instance.sources[$0] == nil })
      else { return false }
      let present = instance.sources.compactMap { $0?.name }
      unmatched += present
      matchedCount -= present.count
      return true
    }
    let busy = Set(instances.map(\.rule))
    idleRuleCount = manifest.rules.indices.count { position in
      let rule = manifest.rules[position]
      return !busy.contains(position) && !rule.isOptional && !rule.sources.isEmpty
    }
  }

  /// The rule for a name that carries the prefix.
  static func hit(
    _ name: NameComponents, _ index: RuleIndex, _ prefix: String
  ) throws(WeightsError) -> RuleIndex.Hit? {
    guard !prefix.isEmpty else { return try index.hit(name) }
    let text = name.parts.joined(separator: ".")
    guard text.utf8.starts(with: prefix.utf8),
      let rest = String(text.utf8.dropFirst(prefix.utf8.count))
    else { return nil }
    return try index.hit(
      NameComponents(
        name: name.name, parts: rest.split(separator: ".", omittingEmptySubsequences: false)))
  }
}

/// One application of a rule.
struct InstanceKey: Hashable {
  let rule: Int
  let bindings: Bindings
}

/// One application of a rule: the tensors that match its patterns with the same variable values.
struct RuleInstance: Sendable {
  let rule: Int
  let bindings: Bindings
  /// By source pattern; nil where the checkpoint has no such tensor.
  var sources: [TensorInfo?]
}
