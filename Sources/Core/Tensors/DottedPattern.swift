public import DVLADiagnostics

/// A pattern over the dotted components of a name, of a tensor or of a stage: `{i}` stands for a
/// component of digits, `*` for any one component, `**` at the end for one or more.
public struct DottedPattern: Hashable, Sendable {
  private enum Component: Hashable, Sendable {
    case literal(String)
    /// `{i}`: decimal digits.
    case number
    /// `*`: any one component.
    case any
  }

  public let text: String
  private let components: [Component]
  /// `**` at the end: one or more components of any kind.
  private let isOpen: Bool

  /// - Throws: `name.pattern`.
  public init(_ text: String) throws(WeightsError) {
    self.text = text
    var parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    isOpen = parts.last == "**"
    if isOpen { parts.removeLast() }
    var components: [Component] = []
    for part in parts {
      switch part {
      case "{i}": components.append(.number)
      case "*": components.append(.any)
      default:
        guard !part.isEmpty, !part.utf8.contains(where: Self.isReserved) else {
          throw WeightsError(
            .namePattern,
            "the pattern \(text.quoted) has the component \(part.quoted): expected a name, "
              + "\"{i}\", \"*\", or \"**\" at the end")
        }
        components.append(.literal(part))
      }
    }
    self.components = components
  }

  /// Every name below these components.
  public init(below names: String...) { self.init(below: names) }

  private init(below names: [String]) {
    text = (names + ["**"]).joined(separator: ".")
    components = names.map(Component.literal)
    isOpen = true
  }

  /// Every name.
  public static let everything = DottedPattern(below: [String]())

  public func matches(_ name: TensorName) -> Bool {
    let parts = name.string.utf8.split(
      separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard isOpen ? parts.count > components.count : parts.count == components.count else {
      return false
    }
    return zip(components, parts).allSatisfy { component, part in
      switch component {
      case .any: true
      case .number: part.isNumber
      case .literal(let literal): literal.utf8.elementsEqual(part)
      }
    }
  }

  /// Whether every name that the other pattern matches is one that this one matches.
  public func covers(_ other: DottedPattern) -> Bool {
    // Of an open pattern the shortest names have one component more than are written, of any kind.
    let shortest = other.components.count + (other.isOpen ? 1 : 0)
    guard isOpen ? shortest > components.count : !other.isOpen && shortest == components.count
    else { return false }
    return zip(components, other.components).allSatisfy { own, theirs in
      switch (own, theirs) {
      case (.any, _), (.number, .number): true
      case (.number, .literal(let literal)): literal.utf8.isNumber
      case (.literal(let own), .literal(let theirs)): own.utf8.elementsEqual(theirs.utf8)
      case (.number, .any), (.literal, _): false
      }
    }
  }

  public static func == (a: Self, b: Self) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
  public func hash(into hasher: inout Hasher) { TensorName(text).hash(into: &hasher) }

  private static func isReserved(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "*") || byte == UInt8(ascii: "{") || byte == UInt8(ascii: "}")
  }
}

extension Collection<UInt8> {
  fileprivate var isNumber: Bool {
    !isEmpty && allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
  }
}

extension WeightsError.Code {
  /// A pattern over names is not well formed.
  public static let namePattern = Self("name.pattern")
}
