import DVLATensors

/// The names by which prefixes are found: each naming has one tensor that every checkpoint of it
/// holds (its anchor), and whatever precedes that name is a prefix to try.
struct NameAnchors: Sendable {
  /// More prefixes than wrappers make.
  static let maximumPrefixCount = 16
  /// Components of the longest prefix. Three nested wrappers make six.
  static let maximumDepth = 16

  /// Anchors of one component, and longer ones by their last component but one.
  private var single: [Substring: [[Substring]]] = [:]
  private var byLastButOne: [Substring: [[Substring]]] = [:]

  mutating func add(_ manifest: NamingManifest, _ layout: LayoutDefinition) {
    guard let name = Self.anchor(of: manifest, layout) else { return }
    let parts = NameComponents(name).parts
    if parts.count == 1 {
      if single[parts[0]] == nil { single[parts[0]] = [parts] }
    } else {
      let key = parts[parts.count - 2]
      if byLastButOne[key]?.contains(parts) != true { byLastButOne[key, default: []].append(parts) }
    }
  }

  /// The name of the first tensor of the layout that is always present.
  private static func anchor(
    of manifest: NamingManifest, _ layout: LayoutDefinition
  ) -> TensorName? {
    let makers = RuleIndex(manifest.rules, by: \.targets)
    var optional: TensorName?
    for template in layout.tensors
    where template.repetition == nil && template.condition == nil && template.unusedReason == nil {
      guard let target = template.pattern.name(Bindings()),
        let hit = try? makers.hit(NameComponents(target)),
        case .map = manifest.rules[hit.rule].disposition,
        let source = manifest.rules[hit.rule].sources.first?.name(hit.bindings)
      else { continue }
      if !manifest.rules[hit.rule].isOptional { return source }
      optional = optional ?? source
    }
    return optional
  }

  /// What precedes an anchor in the names, shortest first; nil where there are more prefixes than
  /// wrappers make.
  func prefixes(in tensors: [NamedTensor]) -> [[Substring]]? {
    var found: Set<[Substring]> = []
    for tensor in tensors {
      let parts = tensor.bare.parts
      guard let last = parts.last else { continue }
      var anchors = single[last] ?? []
      if parts.count > 1 { anchors += byLastButOne[parts[parts.count - 2]] ?? [] }
      for anchor in anchors where parts.count - anchor.count <= Self.maximumDepth {
        guard parts.count >= anchor.count,
          zip(parts.suffix(anchor.count), anchor).allSatisfy({ $0.utf8.elementsEqual($1.utf8) })
        else { continue }
        found.insert(Array(parts.dropLast(anchor.count)))
        if found.count > Self.maximumPrefixCount { return nil }
      }
    }
    return found.sorted {
      ($0.count, $0.joined(separator: ".")) < ($1.count, $1.joined(separator: "."))
    }
  }
}
