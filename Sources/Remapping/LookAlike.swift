import StrictJSON
import TensorCore

/// Another architecture that shares names with ours: recognised, so that it is refused by name
/// and not by a list of missing tensors.
struct LookAlike: Sendable {
  /// A name pattern that may start with `**.` (any leading components), with a shape or without.
  struct Mark: Sendable {
    let pattern: NamePattern
    let isSuffix: Bool
    /// Extents that must agree; nil leaves an axis open.
    let shape: [Int?]?

    func matches(_ name: NameComponents, _ shape: Shape) -> Bool {
      if let expected = self.shape {
        guard expected.count == shape.rank,
          zip(expected, shape.dimensions).allSatisfy({ $0 == nil || $0 == $1 })
        else { return false }
      }
      guard isSuffix else { return pattern.match(name) != nil }
      return name.parts.indices.contains { pattern.match(name.dropFirst($0)) != nil }
    }
  }

  let name: String
  let message: String
  /// At least one must be there (empty: no demand).
  let any: [Mark]
  /// Every one must be there.
  let all: [Mark]
  /// None may be there.
  let none: [Mark]
  /// Members of config.json that name it outright: path of the member, and its value.
  let marksInConfig: [(path: [String], value: String)]

  func matches(_ tensors: [(NameComponents, Shape)], config: JSONValue?) -> Bool {
    let isNamed = marksInConfig.contains { path, value in
      path.reduce(config) { $0?.object?[$1] }?.string == value
    }
    if isNamed { return true }
    guard !any.isEmpty || !all.isEmpty || !none.isEmpty else { return false }
    func isThere(_ mark: Mark) -> Bool { tensors.contains { mark.matches($0.0, $0.1) } }
    return (any.isEmpty || any.contains(where: isThere)) && all.allSatisfy(isThere)
      && !none.contains(where: isThere)
  }
}
