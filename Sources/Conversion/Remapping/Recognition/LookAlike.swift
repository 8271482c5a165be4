import DVLADiagnostics
import DVLAJSON
import DVLATensors

/// Another architecture, or a form of a supported one that is not read here, that shares tensor
/// names with supported models. It is recognised so that it is refused by name and not with a list
/// of missing tensors.
struct LookAlike: Sendable {
  /// A name pattern, which may start with `**.` (any leading components), optionally with a shape
  /// and types.
  struct Mark: Sendable {
    let pattern: NamePattern
    let isSuffix: Bool
    /// The extents that the tensor must have; nil for an axis that may have any.
    let shape: [Int?]?
    /// The types of which the tensor must have one; empty where it may have any.
    let dtypes: [DType]

    func matches(_ name: NameComponents, _ info: TensorInfo) -> Bool {
      guard isSuffix else { return matches(name, info, from: 0) }
      return name.parts.indices.contains { matches(name, info, from: $0) }
    }

    /// Whether the pattern matches the name from that component on.
    func matches(_ name: NameComponents, _ info: TensorInfo, from start: Int) -> Bool {
      if let expected = shape {
        guard expected.count == info.shape.rank,
          zip(expected, info.shape.dimensions).allSatisfy({ $0 == nil || $0 == $1 })
        else { return false }
      }
      guard dtypes.isEmpty || dtypes.contains(info.dtype) else { return false }
      return pattern.match(start == 0 ? name : name.dropFirst(start)) != nil
    }

    /// The literal component that the fewest names are likely to have, and its position.
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
  /// Whether it is tried only with names that no manifest explains.
  let isLast: Bool
  /// At least one of these must be present, unless there are none.
  let any: [Mark]
  /// All of these must be present.
  let all: [Mark]
  /// None of these may be present.
  let none: [Mark]
  /// Members of config.json that identify it without tensors: the path of the member, and its
  /// value.
  let marksInConfig: [(path: [String], value: String)]

  var marks: [Mark] { any + all + none }

  /// - Parameter found: for each of ``marks``, whether a tensor matches it.
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

/// All look-alikes, and their marks by a component of the names they match, so that each name is
/// compared with few of them.
struct LookAlikeTable: Sendable {
  private let entries: [LookAlike]
  private let marks: [LookAlike.Mark]
  private var byLiteral: [Substring: [(mark: Int, position: Int)]] = [:]
  /// Marks that have only indices.
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

  /// The first look-alike that the tensors or config.json belong to.
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

extension LookAlike {
  init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: [
      "name", "any", "all", "none", "model_types", "message", "source", "last",
    ])
    name = try object.required("name").string()
    message = try object.required("message").string()
    isLast = try object.optional("last")?.bool() ?? false
    any = try Self.marks(object.optional("any"))
    all = try Self.marks(object.optional("all"))
    none = try Self.marks(object.optional("none"))
    marksInConfig =
      try object.optional("model_types")?.strings().map { text in
        let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
        return sides.count == 2
          ? (sides[0].split(separator: ".").map(String.init), sides[1]) : (["model_type"], text)
      } ?? []
  }

  private static func marks(_ reader: JSONReader?) throws(WeightsError) -> [Mark] {
    var marks: [Mark] = []
    for mark in try reader?.array() ?? [] { marks.append(try Mark(mark)) }
    return marks
  }
}

extension LookAlike.Mark {
  init(_ reader: JSONReader) throws(WeightsError) {
    var text = reader.value.string
    var shape: [Int?]?
    var dtypes: [DType] = []
    if text == nil {
      let object = try reader.object(allowing: ["name", "shape", "dtypes"])
      text = try object.required("name").string()
      shape = try object.optional("shape")?.array().map { (extent) throws(WeightsError) in
        extent.isNull ? nil : try extent.integer(in: 0...Int(Int32.max))
      }
      for dtype in try object.optional("dtypes")?.array() ?? [] {
        guard let known = DType(rawValue: try dtype.string()) else {
          throw dtype.mismatch("a type of the safetensors format")
        }
        dtypes.append(known)
      }
    }
    let name = text ?? ""
    isSuffix = name.hasPrefix("**.")
    pattern = try NamePattern(parsing: isSuffix ? String(name.dropFirst(3)) : name)
    self.shape = shape
    self.dtypes = dtypes
  }
}
