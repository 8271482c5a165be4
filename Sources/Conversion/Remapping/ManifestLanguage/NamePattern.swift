import DVLADiagnostics
import DVLATensors

/// A pattern over whole tensor names, component by component: `blocks.{i}.attn.qkv.weight`,
/// `vision_tower.**`.
///
/// `{i}` matches one component that is a decimal number without leading zeros. `**`, which is only
/// allowed at the end, matches one or more components.
struct NamePattern: Sendable, Hashable, CustomStringConvertible {
  enum Component: Sendable, Hashable {
    case literal(String)
    case index(String)
  }

  let components: [Component]
  let isSubtree: Bool

  /// The longest text. The longest name of the toolkit's own manifests has about a hundred bytes.
  static let maximumByteCount = 512

  /// - Throws: `manifest.syntax`, also for a text of more than ``maximumByteCount`` bytes.
  init(parsing text: String) throws(WeightsError) {
    guard text.utf8.count <= Self.maximumByteCount else {
      throw WeightsError(
        .manifestSyntax,
        "pattern \(text.quoted) has \(text.utf8.count) bytes, expected at most "
          + "\(Self.maximumByteCount)")
    }
    var components: [Component] = []
    var parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    isSubtree = parts.last == "**"
    if isSubtree { parts.removeLast() }
    for part in parts {
      if part.hasPrefix("{"), part.hasSuffix("}"), part.utf8.count > 2 {
        components.append(.index(String(part.dropFirst().dropLast())))
      } else if part.isEmpty || part.contains(where: { "{}*".contains($0) }) {
        throw WeightsError(
          .manifestSyntax,
          "pattern \(text.quoted): \"{i}\" must be a whole component, and \"**\" the last one"
        )
      } else {
        components.append(.literal(part))
      }
    }
    self.components = components
  }

  private init(components: [Component], isSubtree: Bool) {
    self.components = components
    self.isSubtree = isSubtree
  }

  var description: String {
    var parts = components.map { component in
      switch component {
      case .literal(let text): text
      case .index(let name): "{\(name)}"
      }
    }
    if isSubtree { parts.append("**") }
    return parts.joined(separator: ".")
  }

  /// Whether it matches exactly one name.
  var isSingle: Bool { !isSubtree && indexNames.isEmpty }

  var indexNames: Set<String> {
    Set(components.compactMap { if case .index(let name) = $0 { name } else { nil } })
  }

  /// The pattern with dotted text in front of it.
  func prefixed(by prefix: String) -> NamePattern {
    let parts = prefix.split(separator: ".").map { Component.literal(String($0)) }
    return NamePattern(components: parts + components, isSubtree: isSubtree)
  }

  /// The pattern with its leading literal components replaced; nil where it does not start with
  /// them.
  func replacing(prefix: String, with replacement: String) -> NamePattern? {
    let old = prefix.split(separator: ".").map { Component.literal(String($0)) }
    guard components.starts(with: old) else { return nil }
    let new = replacement.split(separator: ".").map { Component.literal(String($0)) }
    return NamePattern(components: new + components.dropFirst(old.count), isSubtree: isSubtree)
  }

  /// The part up to and including the first index, as a pattern for the subtree below it.
  var upToFirstIndex: NamePattern? {
    guard
      let position = components.firstIndex(where: { if case .index = $0 { true } else { false } })
    else { return nil }
    return NamePattern(components: Array(components[...position]), isSubtree: true)
  }

  /// Whether some name matches both patterns.
  func overlaps(_ other: NamePattern) -> Bool {
    switch (isSubtree, other.isSubtree) {
    case (false, false): if components.count != other.components.count { return false }
    case (true, false): if other.components.count <= components.count { return false }
    case (false, true): if components.count <= other.components.count { return false }
    case (true, true): break
    }
    return zip(components, other.components).allSatisfy { pair in
      switch pair {
      case (.literal(let a), .literal(let b)): a.utf8.elementsEqual(b.utf8)
      case (.literal(let text), .index), (.index, .literal(let text)): Self.index(text[...]) != nil
      case (.index, .index): true
      }
    }
  }

  /// The values of the pattern's variables in a name; nil where the name does not match.
  func match(_ name: NameComponents) -> Bindings? {
    let parts = name.parts
    guard isSubtree ? parts.count > components.count : parts.count == components.count else {
      return nil
    }
    var bindings = Bindings()
    for (component, part) in zip(components, parts) {
      switch component {
      case .literal(let text):
        guard text.utf8.elementsEqual(part.utf8) else { return nil }
      case .index(let variable):
        guard let value = Self.index(part) else { return nil }
        if let bound = bindings.indices[variable], bound != value { return nil }
        bindings.indices[variable] = value
      }
    }
    if isSubtree { bindings.tail = parts[components.count...].joined(separator: ".") }
    return bindings
  }

  /// The name with the variables replaced by their values; nil where a value is missing.
  func name(_ bindings: Bindings) -> TensorName? {
    var parts: [String] = []
    for component in components {
      switch component {
      case .literal(let text): parts.append(text)
      case .index(let variable):
        guard let value = bindings.indices[variable] else { return nil }
        parts.append(String(value))
      }
    }
    if isSubtree {
      guard let tail = bindings.tail else { return nil }
      parts.append(tail)
    }
    return TensorName(parts.joined(separator: "."))
  }

  /// The number that a component is, without sign or leading zeros; nil where it is none. Seven
  /// digits are far beyond any layer count.
  static func index(_ part: Substring) -> Int? {
    guard !part.isEmpty, part.utf8.count <= 7,
      part.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
      part == "0" || !part.hasPrefix("0")
    else { return nil }
    return Int(part)
  }
}

/// A name split at its dots once, to be matched with many patterns.
struct NameComponents {
  let name: TensorName
  let parts: [Substring]

  init(_ name: TensorName) {
    self.name = name
    parts = name.string.split(separator: ".", omittingEmptySubsequences: false)
  }

  init(name: TensorName, parts: [Substring]) {
    self.name = name
    self.parts = parts
  }

  /// The same name without its first components.
  func dropFirst(_ count: Int) -> NameComponents {
    NameComponents(name: name, parts: Array(parts.dropFirst(count)))
  }
}

/// The values of a pattern's variables.
struct Bindings: Hashable, Sendable {
  var indices: [String: Int] = [:]
  var tail: String?
}
