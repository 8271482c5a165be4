public import DVLADiagnostics

/// Parses the text of an ``Expression`` by recursive descent over `sum := product (("+"|"-")
/// product)*`, `product := factor (("*"|"/"|"//"|"%") factor)*`, `factor := integer | name |
/// "sqrt(" sum ")" | "(" sum ")"`.
struct ExpressionParser {
  private let text: String
  private let bytes: [UInt8]
  private var position = 0
  private var depth = 0

  init(text: String) {
    self.text = text
    bytes = Array(text.utf8)
  }

  mutating func parse() throws(WeightsError) -> Expression.Node {
    let node = try sum()
    skipSpaces()
    guard position == bytes.count else { throw failure() }
    return node
  }

  /// Reads the whole text as `sum relation sum`.
  mutating func parseRelation() throws(WeightsError) -> (
    left: Expression.Node, relation: LayoutDefinition.Check.Relation, right: Expression.Node
  ) {
    let left = try sum()
    skipSpaces()
    // Longer signs come first, so that `<=` is not read as `<`.
    let relations = LayoutDefinition.Check.Relation.allCases
    guard
      let relation = relations.first(where: {
        bytes[position...].starts(with: $0.rawValue.utf8)
      })
    else { throw failure() }
    position += relation.rawValue.utf8.count
    return (left, relation, try parse())
  }

  private mutating func sum() throws(WeightsError) -> Expression.Node {
    var node = try product()
    while let op = accept(.add, .subtract) { node = .binary(op, node, try product()) }
    return node
  }

  private mutating func product() throws(WeightsError) -> Expression.Node {
    var node = try factor()
    while let op = accept(.floorDivide, .multiply, .divide, .remainder) {
      node = .binary(op, node, try factor())
    }
    return node
  }

  private mutating func factor() throws(WeightsError) -> Expression.Node {
    skipSpaces()
    guard position < bytes.count, depth < 32 else { throw failure() }
    if bytes[position] == UInt8(ascii: "(") { return try parenthesised() }
    let start = position
    while position < bytes.count, Self.isWord(bytes[position]) { position += 1 }
    let word = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let first = bytes[start..<position].first else { throw failure() }
    if first >= UInt8(ascii: "0"), first <= UInt8(ascii: "9") {
      guard let value = Int(word) else { throw failure() }
      return .integer(value)
    }
    if word == "sqrt" {
      skipSpaces()
      return .squareRoot(try parenthesised())
    }
    return .name(word)
  }

  private mutating func parenthesised() throws(WeightsError) -> Expression.Node {
    depth += 1
    defer { depth -= 1 }
    guard position < bytes.count, bytes[position] == UInt8(ascii: "(") else { throw failure() }
    position += 1
    let node = try sum()
    skipSpaces()
    guard position < bytes.count, bytes[position] == UInt8(ascii: ")") else { throw failure() }
    position += 1
    return node
  }

  private mutating func accept(_ operators: Expression.Operator...) -> Expression.Operator? {
    skipSpaces()
    guard let op = operators.first(where: { bytes[position...].starts(with: $0.rawValue.utf8) })
    else { return nil }
    position += op.rawValue.utf8.count
    return op
  }

  private mutating func skipSpaces() {
    while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  private func failure() -> WeightsError {
    WeightsError(
      .manifestSyntax, "expression \(text.quoted) has a syntax error at character \(position + 1)")
  }
}

extension WeightsError.Code {
  /// A manifest is well-formed JSON that does not follow the manifest language.
  public static let manifestSyntax = Self("manifest.syntax")
}
