public import DVLADiagnostics
import DVLATensors

/// Finds the rule that has a pattern for a name, without trying all rules.
struct RuleIndex: Sendable {
  struct Hit {
    let rule: Int
    /// The index of the matching pattern in the rule.
    let position: Int
    let bindings: Bindings
  }

  private struct Entry {
    let rule: Int
    let position: Int
    let pattern: NamePattern
  }

  /// By the components of the pattern, with every number as `#`.
  private var exact: [[Substring]: [Entry]] = [:]
  private var subtrees: [[Substring]: [Entry]] = [:]
  private let paths: [String]

  /// - Parameter side: the patterns to find rules by: their sources, or their targets.
  init(_ rules: [NamingRule], by side: KeyPath<NamingRule, [NamePattern]>) {
    paths = rules.map(\.path)
    for (rule, definition) in rules.enumerated() {
      for (position, pattern) in definition[keyPath: side].enumerated() {
        let key = pattern.components.map { component -> Substring in
          switch component {
          case .literal(let text): return Self.normalised(text[...])
          case .index: return "#"
          }
        }
        let entry = Entry(rule: rule, position: position, pattern: pattern)
        if pattern.isSubtree {
          subtrees[key, default: []].append(entry)
        } else {
          exact[key, default: []].append(entry)
        }
      }
    }
  }

  /// The only rule for the name; nil where there is none.
  ///
  /// - Throws: `manifest.conflict` when two rules match it.
  func hit(_ name: NameComponents) throws(WeightsError) -> Hit? {
    var key = name.parts.map(Self.normalised)
    var candidates = exact[key] ?? []
    while key.popLast() != nil { candidates += subtrees[key] ?? [] }
    var found: Hit?
    for entry in candidates {
      guard let bindings = entry.pattern.match(name) else { continue }
      if let found {
        throw WeightsError(
          .manifestConflict, tensor: name.name.string,
          "matches two rules, \(paths[found.rule]) and \(paths[entry.rule])")
      }
      found = Hit(rule: entry.rule, position: entry.position, bindings: bindings)
    }
    return found
  }

  private static func normalised(_ part: Substring) -> Substring {
    part.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? "#" : part
  }
}

extension WeightsError.Code {
  /// Two rules of a manifest match the same tensor, or a naming exists already.
  public static let manifestConflict = Self("manifest.conflict")
}
