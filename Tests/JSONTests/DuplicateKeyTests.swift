import DVLADiagnostics
import DVLAJSON
import Testing

@Suite struct DuplicateKeyTests {
  /// Around the count where the search changes from pairs to a hash table, and well above it.
  static let counts = [2, 7, 8, 9, 10, 63, 64, 65, 1000]

  @Test(arguments: counts)
  func everyPositionOfTheSecondIsFound(_ count: Int) throws {
    let keys = (0..<count).map { #""key\#($0)""# }
    #expect(refusal(object(keys)) == nil)
    for (first, second) in [
      (0, 1), (0, count - 1), (count - 2, count - 1), (count / 2 - 1, count / 2),
    ] {
      var keys = keys
      keys[second] = keys[first]
      let error = try #require(refusal(object(keys)))
      #expect(error.code == .jsonDuplicateKey)
      let column = object(Array(keys[..<second])).utf8.count + 1
      #expect(error.message.hasPrefix("line 1, column \(column): "), "\(error.message)")
    }
  }

  @Test(arguments: [1, 20])
  func keysCompareAfterUnescaping(_ others: Int) throws {
    let filler = (0..<others).map { #""filler \#($0)""# }
    for (a, b) in [
      (#""tensor""#, #""\u0074ensor""#), (#""a/b""#, #""a\/b""#), (#""\n""#, #""\u000a""#),
      (#""😀x""#, #""\ud83d\ude00x""#), (#""é\u0041""#, #""\u00e9A""#), (#""\"""#, #""\u0022""#),
      (#""ab\u0063""#, #""\u0061bc""#),
    ] {
      #expect(refusal(object([a] + filler + [b]))?.code == .jsonDuplicateKey)
      #expect(refusal(object([b] + filler + [a]))?.code == .jsonDuplicateKey)
    }
  }

  @Test(arguments: [1, 20])
  func canonicallyEquivalentKeysAreDistinct(_ others: Int) throws {
    let filler = (0..<others).map { #""filler \#($0)""# }
    let value = try StrictJSON.parse(object(["\"\u{E9}\""] + filler + ["\"e\u{301}\""]))
    let members = try #require(value.object)
    #expect(members.count == others + 2)
    #expect(members["\u{E9}"] == 0)
    #expect(members["e\u{301}"] == .integer(Int64(others + 1)))
  }

  @Test func escapedKeysThatDifferAreDistinct() throws {
    let value = try StrictJSON.parse(#"{"\u0061":1,"\u0062":2,"ab":3,"a\u0062c":4,"\\u0061":5}"#)
    #expect(value == ["a": 1, "b": 2, "ab": 3, "abc": 4, "\\u0061": 5])
  }

  @Test func keysOfAnOuterObjectSurviveAnInnerOne() throws {
    #expect(refusal(#"{"\u0061":{"\u0062":1,"c":{"\u0061":2}},"b":1,"c":1}"#) == nil)
    #expect(
      refusal(#"{"\u0061":{"\u0062":1,"c":{"\u0061":2}},"b":1,"a":1}"#)?.code
        == .jsonDuplicateKey)
  }

  private func object(_ keys: [String]) -> String {
    "{" + keys.enumerated().map { "\($0.element):\($0.offset)" }.joined(separator: ",") + "}"
  }
}
