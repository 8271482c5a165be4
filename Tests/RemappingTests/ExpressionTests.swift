import DVLADiagnostics
import Testing

@testable import DVLARemapping

@Suite struct ExpressionTests {
  private let values = ["a": 7, "b.c": 2, "rows": 1370, "zero": 0]

  private func value(_ text: String) throws -> Int? {
    try Expression(parsing: text).value { values[$0] }
  }

  /// Computed with Python, `/` being exact.
  @Test(
    arguments: [
      ("12", 12), ("a", 7), ("3*a", 21), ("2 + 3*a", 23), ("(2 + 3)*a", 35), ("a - 2 - 3", 2),
      ("a // b.c", 3), ("a % b.c", 1), ("14 / a / b.c", 1), ("sqrt(rows - 1) * 14", 518),
      ("(a * 4 * 2 // 3 + 7) // 8 * 8", 24), ("(2 - a) // 2 + 10", 7), ("(2 - a) % 3", 1),
      ("sqrt(4611686014132420609)", 2_147_483_647), ("((((a))))", 7), (" a ", 7),
    ])
  func valuesAreThoseOfPython(text: String, expected: Int) throws {
    #expect(try value(text) == expected)
  }

  @Test(arguments: ["unknown", "a + unknown", "sqrt(unknown)", "unknown / zero"])
  func aNameWithoutValueLeavesItOpen(text: String) throws {
    #expect(try value(text) == nil)
  }

  @Test(
    arguments: [
      "a / b.c", "sqrt(rows)", "2 - a", "a / zero", "a // zero", "a % zero",
      "4611686018427387904 * 2", "9223372036854775807 + a", "sqrt(2 - a)",
      "sqrt(4611686014132420608)",
    ])
  func refusesWhatHasNoWholeValue(text: String) {
    #expect(failure { try value(text) }?.code == .manifestArithmetic)
  }

  @Test(
    arguments: [
      ("a / b.c", "a (7) must be a multiple of b.c (2)"),
      ("3 * a / 4", "21 must be a multiple of 4"),
    ])
  func whatDoesNotDivideIsNamed(text: String, words: String) {
    #expect(
      failure { try value(text) }?.message
        == "\(words), by the expression \"\(text)\"; check the given values")
  }

  @Test(
    arguments: [
      "", " ", "a +", "* a", "a b", "(a", "a)", "sqrt a", "sqrt()", "3a", "a ^ 2", "-a", "a == 7",
      "99999999999999999999", "é",
      String(repeating: "(", count: 40) + "a"
        + String(repeating: ")", count: 40),
    ])
  func refusesWhatIsNoExpression(text: String) {
    #expect(failure { try Expression(parsing: text) }?.code == .manifestSyntax)
  }

  @Test func scopesMoveEveryName() throws {
    let scoped = try Expression(parsing: "a + sqrt(b.c) * (d - 1)").scoped(by: "x.")
    #expect(scoped.names == ["x.a", "x.b.c", "x.d"])
  }

  @Test(
    arguments: [
      ("a == 7", true), ("a==7", true), ("a != 7", false), ("a <= 7", true), ("a >= 8", false),
      ("a < 8", true), ("a > 7", false), ("a * 2 + 1 == 15", true),
    ])
  func relationsHoldAsTheyRead(text: String, holds: Bool) throws {
    var parser = ExpressionParser(text: text)
    let (left, relation, right) = try parser.parseRelation()
    func number(_ node: Expression.Node) throws -> Int {
      try #require(try Expression(root: node, description: text).value { values[$0] })
    }
    let check = LayoutDefinition.Check(
      left: Expression(root: left, description: text), relation: relation,
      right: Expression(root: right, description: text), condition: nil, message: "")
    #expect(try check.holds(number(left), number(right)) == holds)
  }

  @Test(arguments: ["a", "a == ", "== a", "a == b == c", "a = b"])
  func refusesWhatIsNoRelation(text: String) {
    var parser = ExpressionParser(text: text)
    #expect(failure { try parser.parseRelation() }?.code == .manifestSyntax)
  }
}
