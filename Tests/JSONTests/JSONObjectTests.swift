import DVLAJSON
import Testing

@Suite struct JSONObjectTests {
  @Test(arguments: [0, 1, 8, 9, 10, 500])
  func everyMemberIsFoundByItsKey(_ count: Int) {
    let object = JSONObject((0..<count).map { ("key \($0)", .integer(Int64($0))) })
    #expect(object.count == count)
    #expect(object.isEmpty == (count == 0))
    for index in 0..<count { #expect(object["key \(index)"] == .integer(Int64(index))) }
    #expect(object["key \(count)"] == nil)
    #expect(object.members.map(\.key) == (0..<count).map { "key \($0)" })
  }

  @Test(arguments: [0, 20])
  func laterMemberReplacesTheValueOfAnEarlierOne(_ others: Int) {
    let filler = (0..<others).map { ("filler \($0)", JSONValue.null) }
    let object = JSONObject([("a", 1), ("b", 2)] + filler + [("a", 3)])
    #expect(object.count == others + 2)
    #expect(object.members[0].key == "a")
    #expect(object["a"] == 3)
  }

  @Test func orderCountsInEquality() {
    #expect(JSONValue(dictionaryLiteral: ("a", 1), ("b", 2)) != ["b": 2, "a": 1])
    #expect(JSONValue(dictionaryLiteral: ("a", 1), ("b", 2)) == ["a": 1, "b": 2])
    #expect(JSONObject([("a", 1)]) != JSONObject([("a", 1), ("b", 2)]))
  }

  @Test func stringsAndKeysAreEqualByBytesOnly() {
    #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
    #expect(JSONObject([("\u{E9}", 1)]) != JSONObject([("e\u{301}", 1)]))
  }

  @Test func literalsOfDifferentFormAreDifferentValues() {
    #expect(JSONValue.integer(1) != .number(1))
    #expect(JSONValue.integer(1) != .string("1"))
    #expect(JSONValue.null != .bool(false))
  }

  @Test func numberReadsIntegersThatADoubleHoldsExactly() {
    #expect(JSONValue.integer(10000).number == 10000)
    #expect(JSONValue.unsigned(1 << 63).number == 0x1p63)
    #expect(JSONValue.integer(1 << 53).number == 0x1p53)
    #expect(JSONValue.integer((1 << 53) + 1).number == nil)
    #expect(JSONValue.string("1").number == nil)
  }

  @Test func integerReadsIntegerLiteralsOnly() {
    #expect(JSONValue.integer(-3).integer == -3)
    #expect(JSONValue.number(3).integer == nil)
    #expect(JSONValue.unsigned(.max).integer == nil)
    #expect(JSONValue.bool(true).integer == nil)
  }
}
