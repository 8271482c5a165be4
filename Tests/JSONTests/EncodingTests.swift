import DVLAJSON
import Testing

@Suite struct EncodingTests {
  @Test func orderOfMembersIsKept() {
    let value: JSONValue = ["b": 1, "a": [true, nil, "x"], "c": [:], "d": []]
    #expect(value.encoded() == #"{"b":1,"a":[true,null,"x"],"c":{},"d":[]}"#)
  }

  @Test func prettyTextHasOneMemberALine() {
    let value: JSONValue = ["b": 1, "a": [true, nil, ["x": "y"]]]
    #expect(
      value.encoded(pretty: true) == """
        {
          "b": 1,
          "a": [
            true,
            null,
            {
              "x": "y"
            }
          ]
        }
        """)
  }

  @Test func stringsAreEscapedAsLittleAsPossible() {
    let value: JSONValue = "\"\\/\u{8}\u{C}\n\r\t\0\u{1F}\u{7F}é😀"
    #expect(value.encoded() == #""\"\\/\b\f\n\r\t\u0000\u001f\#u{7F}é😀""#)
    #expect(JSONValue.string("").encoded() == "\"\"")
  }

  @Test func keysAreEscaped() {
    #expect(JSONValue.object(JSONObject([("a\"\n", 1)])).encoded() == #"{"a\"\n":1}"#)
  }

  @Test func scalarsAloneAreText() {
    #expect(JSONValue.null.encoded() == "null")
    #expect(JSONValue.bool(false).encoded() == "false")
    #expect(JSONValue.integer(.min).encoded() == "-9223372036854775808")
    #expect(JSONValue.unsigned(.max).encoded() == "18446744073709551615")
  }

  /// Expected text: `json.dumps` of Python 3.11, which also prints the shortest decimal.
  @Test(arguments: [
    (0.1, "0.1"), (1.0, "1.0"), (-0.0, "-0.0"), (1e16, "1e+16"), (.leastNonzeroMagnitude, "5e-324"),
    (1.7976931348623157e308, "1.7976931348623157e+308"), (1e-05, "1e-05"), (1e23, "1e+23"),
    (2.5, "2.5"), (1.0 / 3.0, "0.3333333333333333"), (123456789.125, "123456789.125"),
  ])
  func numbersArePrintedAsShortAsTheyReadBack(_ number: Double, _ text: String) throws {
    #expect(JSONValue.number(number).encoded() == text)
    #expect(try StrictJSON.parse(text).number?.bitPattern == number.bitPattern)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func nonFiniteNumbersBecomeNull(_ number: Double) {
    #expect(JSONValue.array([.number(number)]).encoded() == "[null]")
  }

  @Test(arguments: AcceptedTextTests.texts)
  func encodedTextReadsBackAsTheValue(_ text: AcceptedText) throws {
    #expect(try StrictJSON.parse(text.value.encoded()) == text.value)
    #expect(try StrictJSON.parse(text.value.encoded(pretty: true)) == text.value)
  }
}
