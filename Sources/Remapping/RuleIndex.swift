public import Diagnostics
import TensorCore

/// Finds the rules whose source patterns match a name, without trying them all.
struct RuleIndex {
  struct Hit {
    let rule: Int
    let source: Int
    let bindings: Bindings
  }

  private var exact: [[String]: [(rule: Int, source: Int)]] = [:]
  private var subtrees: [(rule: Int, source: Int)] = []
  private let rules: [NamingRule]

  init(_ rules: [NamingRule]) {
    self.rules = rules
    for (rule, definition) in rules.enumerated() {
      for (source, pattern) in definition.sources.enumerated() {
        if pattern.isSubtree {
          subtrees.append((rule, source))
        } else {
          let key = pattern.components.map { component in
            switch component {
            case .literal(let text): Self.normalised(text[...])
            case .index: "#"
            }
          }
          exact[key, default: []].append((rule, source))
        }
      }
    }
  }

  /// The one rule for the name, or nil.
  ///
  /// - Throws: `manifest.conflict` when two rules match it.
  func hit(_ name: NameComponents) throws(WeightsError) -> Hit? {
    var found: Hit?
    let candidates = (exact[name.parts.map(Self.normalised)] ?? []) + subtrees
    for (rule, source) in candidates {
      guard let bindings = rules[rule].sources[source].match(name) else { continue }
      if let found {
        throw WeightsError(
          .manifestConflict, tensor: name.name.string,
          "matches two rules, \(rules[found.rule].path) and \(rules[rule].path)")
      }
      found = Hit(rule: rule, source: source, bindings: bindings)
    }
    return found
  }

  private static func normalised(_ part: Substring) -> String {
    part.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? "#" : String(part)
  }
}

extension WeightsError.Code {
  /// Two rules of a manifest want the same tensor.
  public static let manifestConflict = Self("manifest.conflict")
}
