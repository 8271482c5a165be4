import DVLADiagnostics
import DVLAJSON
import Testing

@Suite struct JSONReaderTests {
  private let document: JSONValue = [
    "name": "x", "count": 3, "scale": 0.5, "tied": true, "none": nil,
    "rules": [["from": "a"], ["from": 7]], "odd key": ["é": 1], "large": .unsigned(.max),
  ]

  private func read(
    _ body: (JSONObjectReader) throws(WeightsError) -> Void
  ) -> WeightsError? {
    failure { () throws(WeightsError) in try body(JSONReader(document).object()) }
  }

  @Test func valuesOfTheRightTypeAreRead() throws {
    let root = try JSONReader(document).object()
    #expect(try root.required("name").string() == "x")
    #expect(try root.required("count").integer() == 3)
    #expect(try root.required("count").integer(in: 3...3) == 3)
    #expect(try root.required("count").number() == 3)
    #expect(try root.required("scale").number() == 0.5)
    #expect(try root.required("tied").bool())
    #expect(try root.required("none").isNull)
    #expect(try !root.required("tied").isNull)
    let rule = try root.required("rules").array()[0].object(allowing: ["from"])
    #expect(try rule.required("from").string() == "a")
    #expect(try root.optional("name")?.string() == "x")
    #expect(root.optional("absent")?.value == nil)
    #expect(root.members.map(\.key).prefix(3) == ["name", "count", "scale"])
    #expect(try root.members[1].reader.integer() == 3)
  }

  @Test func errorsNameThePathAndWhatWasFound() {
    #expect(
      read { (root) throws(WeightsError) in
        _ = try root.required("rules").array()[1].object().required("from").string()
      }?.message == "$.rules[1].from: expected a string, found the integer 7")
    #expect(
      read { (root) throws(WeightsError) in
        _ = try root.required("odd key").object().required("é").bool()
      }?.message == #"$["odd key"]["é"]: expected true or false, found the integer 1"#)
    #expect(
      failure { () throws(WeightsError) in
        _ = try JSONReader("text", path: "config.json").array()
      }?.message == "config.json: expected an array, found the string \"text\"")
  }

  @Test(arguments: ["name", "scale", "tied", "none", "rules", "odd key", "large"])
  func whatIsNoIntegerIsRefused(_ key: String) {
    let error = read { (root) throws(WeightsError) in _ = try root.required(key).integer() }
    #expect(error?.code == .jsonType)
  }

  @Test(arguments: [
    "2.0", "2e0", "\"2\"", "null", "true", "-2", "-0", "9223372036854775808", "[2]",
  ])
  func shapeEntryMustBeAnUnsignedIntegerLiteral(_ text: String) throws {
    let reader = JSONReader(try StrictJSON.parse(text))
    #expect(
      failure { () throws(WeightsError) in _ = try reader.integer(in: 0...Int.max) }?.code
        == .jsonType)
  }

  @Test(arguments: [
    (0...2, "$: expected an integer from 0 to 2, found the integer 3"),
    (4...Int.max, "$: expected an integer of at least 4, found the integer 3"),
    (Int.min...2, "$: expected an integer of at most 2, found the integer 3"),
    (1...1, "$: expected the integer 1, found the integer 3"),
  ])
  func integerOutsideItsRangeIsRefused(_ range: ClosedRange<Int>, _ message: String) {
    let error = failure { () throws(WeightsError) in _ = try JSONReader(3).integer(in: range) }
    #expect(error?.code == .jsonType)
    #expect(error?.message == message)
  }

  @Test func othersOfTheWrongTypeAreRefused() {
    let expected = WeightsError.Code.jsonType
    #expect(
      read { (root) throws(WeightsError) in _ = try root.required("name").number() }?.code
        == expected)
    #expect(
      read { (root) throws(WeightsError) in _ = try root.required("name").object() }?.code
        == expected)
    #expect(
      read { (root) throws(WeightsError) in _ = try root.required("count").string() }?.code
        == expected)
    #expect(
      read { (root) throws(WeightsError) in _ = try root.required("none").bool() }?.code == expected
    )
    #expect(
      read { (root) throws(WeightsError) in _ = try root.required("name").array() }?.code
        == expected)
  }

  @Test(arguments: [
    ("name", "$.name: expected a number, found the string \"x\""),
    ("none", "$.none: expected a number, found null"),
    (
      "large",
      "$.large: expected a number that a double can hold, found the integer 18446744073709551615"
    ),
  ])
  func onlyNumbersOutOfRangeAreSaidToBeOutOfRange(key: String, message: String) {
    #expect(
      read { (root) throws(WeightsError) in _ = try root.required(key).number() }?.message
        == message)
  }

  @Test func missingKeyIsNamed() {
    let error = read { (root) throws(WeightsError) in _ = try root.required("absent") }
    #expect(error?.code == .jsonMissingKey)
    #expect(error?.message == "$: the key \"absent\" is missing")
  }

  @Test func unknownKeysAreAllNamed() {
    let reader = JSONReader(["a": 1, "b": 2, "c": 3, "d\u{1B}": 4], path: "$.x")
    let error = failure { () throws(WeightsError) in _ = try reader.object(allowing: ["c", "a"]) }
    #expect(error?.code == .jsonUnknownKey)
    #expect(error?.message == "$.x: unknown key \"b\"; expected only \"a\", \"c\"")
    #expect(error?.details == ["$.x: unknown key \"d\\u{1b}\""])
  }

  @Test func allowedKeysAreComparedByBytes() {
    let reader = JSONReader(["e\u{301}": 1])
    #expect(
      failure { () throws(WeightsError) in _ = try reader.object(allowing: ["e\u{301}"]) } == nil)
    #expect(
      failure { () throws(WeightsError) in _ = try reader.object(allowing: ["\u{E9}"]) }?.code
        == .jsonUnknownKey)
  }

  @Test func noKeyMayOccurWhereNoneIsAllowed() {
    let error = failure { () throws(WeightsError) in
      _ = try JSONReader(["a": 1]).object(allowing: [])
    }
    #expect(error?.message == "$: unknown key \"a\"; expected an empty object")
  }
}
