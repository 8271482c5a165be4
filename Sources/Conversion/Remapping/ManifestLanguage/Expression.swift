public import DVLADiagnostics
import DVLAJSON

/// A whole-number expression over configuration keys, as manifests write shapes:
/// `3*hidden_size`, `(position_rows - 1) / 2`, `sqrt(position_rows - 1) * patch_size`.
struct Expression: Sendable, Hashable, CustomStringConvertible {
  indirect enum Node: Sendable, Hashable {
    case integer(Int)
    case name(String)
    case binary(Operator, Node, Node)
    case squareRoot(Node)
  }

  enum Operator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    /// Exact division: a remainder is an error.
    case divide = "/"
    case floorDivide = "//"
    case remainder = "%"
  }

  let root: Node
  let description: String

  init(integer: Int) {
    root = .integer(integer)
    description = String(integer)
  }

  /// The longest text. A chain of operators becomes a tree as deep as the chain is long, which is
  /// walked recursively.
  static let maximumByteCount = 256

  /// - Throws: `manifest.syntax`, also for a text of more than ``maximumByteCount`` bytes.
  init(parsing text: String) throws(WeightsError) {
    guard text.utf8.count <= Self.maximumByteCount else {
      throw WeightsError(
        .manifestSyntax,
        "expression \(text.quoted) has \(text.utf8.count) bytes, expected at most "
          + "\(Self.maximumByteCount)")
    }
    var parser = ExpressionParser(text: text)
    root = try parser.parse()
    description = text
  }

  init(root: Node, description: String) {
    self.root = root
    self.description = description
  }

  /// Reads a whole number or the text of an expression.
  init(_ reader: JSONReader) throws(WeightsError) {
    if reader.value.integer != nil {
      self.init(integer: try reader.integer(in: 0...Int(Int32.max)))
      return
    }
    do { try self.init(parsing: reader.string()) } catch {
      throw reader.failure(error.code, error.message)
    }
  }

  /// The same expression with every name moved into a scope.
  func scoped(by prefix: String) -> Expression {
    func scope(_ node: Node) -> Node {
      switch node {
      case .integer: node
      case .name(let name): .name(prefix + name)
      case .binary(let op, let a, let b): .binary(op, scope(a), scope(b))
      case .squareRoot(let a): .squareRoot(scope(a))
      }
    }
    return Expression(root: scope(root), description: description)
  }

  /// The configuration keys that it names.
  var names: Set<String> {
    func names(_ node: Node) -> Set<String> {
      switch node {
      case .integer: []
      case .name(let name): [name]
      case .binary(_, let a, let b): names(a).union(names(b))
      case .squareRoot(let a): names(a)
      }
    }
    return names(root)
  }

  /// The value; nil while a name in the expression has none.
  ///
  /// - Throws: `manifest.arithmetic` when the result is negative, not whole, or overflows.
  func value(_ lookup: (String) -> Int?) throws(WeightsError) -> Int? {
    guard let value = try evaluate(root, lookup) else { return nil }
    guard value >= 0 else { throw failure("is negative") }
    return value
  }

  private func evaluate(_ node: Node, _ lookup: (String) -> Int?) throws(WeightsError) -> Int? {
    switch node {
    case .integer(let value): return value
    case .name(let name): return lookup(name)
    case .squareRoot(let inner):
      guard let square = try evaluate(inner, lookup) else { return nil }
      guard let root = Self.wholeSquareRoot(of: square) else {
        throw failure("takes the square root of \(square), which is not a perfect square")
      }
      return root
    case .binary(let op, let left, let right):
      guard let a = try evaluate(left, lookup), let b = try evaluate(right, lookup) else {
        return nil
      }
      let (value, overflow) =
        switch op {
        case .add: a.addingReportingOverflow(b)
        case .subtract: a.subtractingReportingOverflow(b)
        case .multiply: a.multipliedReportingOverflow(by: b)
        case .divide, .floorDivide: a.dividedReportingOverflow(by: b)
        case .remainder: a.remainderReportingOverflow(dividingBy: b)
        }
      guard !overflow else { throw failure("has no value for \(a) and \(b)") }
      let isExact = a.isMultiple(of: b)
      switch op {
      case .divide:
        guard isExact else {
          throw indivisible(Self.words(left, worth: a), by: Self.words(right, worth: b))
        }
        return value
      // Towards minus infinity, and the remainder with the divisor's sign, as in Python.
      case .floorDivide: return isExact || (a < 0) == (b < 0) ? value : value - 1
      case .remainder: return isExact || (a < 0) == (b < 0) ? value : value + b
      default: return value
      }
    }
  }

  private static func wholeSquareRoot(of square: Int) -> Int? {
    guard square >= 0 else { return nil }
    // A double is off by one at most.
    let near = Int(Double(square).squareRoot())
    return [near - 1, near, near + 1].first {
      $0 >= 0 && $0.multipliedReportingOverflow(by: $0) == (square, false)
    }
  }

  private func indivisible(_ dividend: String, by divisor: String) -> WeightsError {
    WeightsError(
      .manifestArithmetic,
      "\(dividend) must be a multiple of \(divisor), by the expression \(description.quoted); check "
        + "the given values")
  }

  /// A key with its value, or the value alone of anything else.
  private static func words(_ node: Node, worth value: Int) -> String {
    if case .name(let name) = node { return "\(name) (\(value))" }
    return String(value)
  }

  private func failure(_ what: String) -> WeightsError {
    WeightsError(.manifestArithmetic, "expression \(description.quoted) \(what)")
  }
}

extension WeightsError.Code {
  /// An expression in a manifest has no whole, non-negative value.
  public static let manifestArithmetic = Self("manifest.arithmetic")
}
