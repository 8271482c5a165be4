import DVLAJSON
import DVLATensors

/// Another architecture, or a form of ours that nothing here reads, that shares names with ours:
/// recognised, so that it is refused by name and not by a list of missing tensors.
struct LookAlike: Sendable {
  /// A name pattern that may start with `**.` (any leading components), with a shape and types or
  /// without.
  struct Mark: Sendable {
    let pattern: NamePattern
    let isSuffix: Bool
    /// Extents that must agree; nil leaves an axis open.
    let shape: [Int?]?
    /// Types of which the tensor must have one; empty: any.
    let dtypes: [DType]

    func matches(_ name: NameComponents, _ info: TensorInfo) -> Bool {
      guard isSuffix else { return matches(name, info, from: 0) }
      return name.parts.indices.contains { matches(name, info, from: $0) }
    }

    /// Whether the pattern stands at those components of the name.
    func matches(_ name: NameComponents, _ info: TensorInfo, from start: Int) -> Bool {
      if let expected = shape {
        guard expected.count == info.shape.rank,
          zip(expected, info.shape.dimensions).allSatisfy({ $0 == nil || $0 == $1 })
        else { return false }
      }
      guard dtypes.isEmpty || dtypes.contains(info.dtype) else { return false }
      return pattern.match(start == 0 ? name : name.dropFirst(start)) != nil
    }

    /// The literal component that fewest names are likely to have, and where it stands.
    var key: (literal: String, position: Int)? {
      var key: (literal: String, position: Int)?
      for (position, component) in pattern.components.enumerated() {
        guard case .literal(let text) = component, text != "weight", text != "bias" else {
          continue
        }
        if text.utf8.count > key?.literal.utf8.count ?? 0 { key = (text, position) }
      }
      if key == nil, case .literal(let text)? = pattern.components.first { key = (text, 0) }
      return key
    }
  }

  let name: String
  let message: String
  /// Whether only names that no manifest explains are held against it.
  let isLast: Bool
  /// At least one must be there (empty: no demand).
  let any: [Mark]
  /// Every one must be there.
  let all: [Mark]
  /// None may be there.
  let none: [Mark]
  /// Members of config.json that name it outright: path of the member, and its value.
  let marksInConfig: [(path: [String], value: String)]

  var marks: [Mark] { any + all + none }

  /// - Parameter found: whether there is a tensor for each of the marks.
  func matches(_ found: ArraySlice<Bool>, config: JSONValue?) -> Bool {
    let isNamed = marksInConfig.contains { path, value in
      path.reduce(config) { $0?.object?[$1] }?.string == value
    }
    if isNamed { return true }
    guard !found.isEmpty else { return false }
    let anyFound = found.prefix(any.count)
    let allFound = found.dropFirst(any.count).prefix(all.count)
    let noneFound = found.dropFirst(any.count + all.count)
    return (any.isEmpty || anyFound.contains(true)) && allFound.allSatisfy(\.self)
      && !noneFound.contains(true)
  }
}

/// All look-alikes, and their marks by a component of the names they match, so that a name is held
/// against few of them.
struct LookAlikeTable: Sendable {
  private let entries: [LookAlike]
  private let marks: [LookAlike.Mark]
  private var byLiteral: [Substring: [(mark: Int, position: Int)]] = [:]
  /// Marks of indices alone.
  private var others: [Int] = []

  init(_ entries: [LookAlike]) {
    self.entries = entries
    marks = entries.flatMap(\.marks)
    for (index, mark) in marks.enumerated() {
      if let key = mark.key {
        byLiteral[key.literal[...], default: []].append((index, key.position))
      } else {
        others.append(index)
      }
    }
  }

  /// The first that the tensors, or config.json, are of.
  ///
  /// - Parameter isUnknown: whether no manifest explains the names.
  func match(
    _ tensors: [NamedTensor], config: JSONValue?, isUnknown: Bool = false
  ) -> LookAlike? {
    let found = found(in: tensors)
    var start = 0
    for entry in entries {
      let end = start + entry.marks.count
      let isTried = isUnknown || !entry.isLast
      if isTried, entry.matches(found[start..<end], config: config) { return entry }
      start = end
    }
    return nil
  }

  private func found(in tensors: [NamedTensor]) -> [Bool] {
    var found = Array(repeating: false, count: marks.count)
    for tensor in tensors {
      for (index, part) in tensor.bare.parts.enumerated() {
        guard let candidates = byLiteral[part] else { continue }
        for (mark, position) in candidates where !found[mark] && index >= position {
          let start = index - position
          guard start == 0 || marks[mark].isSuffix else { continue }
          found[mark] = marks[mark].matches(tensor.bare, tensor.info, from: start)
        }
      }
      for mark in others where !found[mark] {
        found[mark] = marks[mark].matches(tensor.bare, tensor.info)
      }
    }
    return found
  }
}
