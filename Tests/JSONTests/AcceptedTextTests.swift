import DVLAJSON
import Testing

struct AcceptedText: Sendable, CustomTestStringConvertible {
  let rule: String
  let text: String
  let value: JSONValue

  init(_ rule: String, _ text: String, _ value: JSONValue) {
    self.rule = rule
    self.text = text
    self.value = value
  }

  var testDescription: String { rule }
}

@Suite struct AcceptedTextTests {
  static let texts: [AcceptedText] = [
    .init("null", "null", nil),
    .init("true", "true", true),
    .init("false", " false ", false),
    .init("empty string", "\"\"", ""),
    .init("empty array", "[ ]", []),
    .init("empty object", "{\n}", [:]),
    .init("white space around", "\t\r\n {} \n\r\t", [:]),
    .init("nesting", #"[[],[{"a":[{}]}]]"#, [[], [["a": [[:]]]]]),
    .init("order of members", #"{"b":1,"a":2}"#, ["b": 1, "a": 2]),
    .init("empty key", #"{"":1}"#, ["": 1]),
    .init("every short escape", #""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    .init("unicode escapes", #""\u00e9\u20AC\uFFFF""#, "é€\u{FFFF}"),
    .init("surrogate pair", #""\ud83d\ude00\uDBFF\uDFFF""#, "😀\u{10FFFF}"),
    .init("escaped NUL in a value", #""a\u0000b""#, "a\0b"),
    .init("delete character", "\"\u{7F}\"", "\u{7F}"),
    .init("line separators", "\"\u{2028}\u{2029}\"", "\u{2028}\u{2029}"),
    .init(
      "first and last of each UTF-8 length",
      "\"\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}\"",
      "\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}"),
    .init("integers", "[0,1,-1,10]", [0, 1, -1, 10]),
    .init(
      "widest integers", "[9223372036854775807,-9223372036854775808]",
      [.integer(.max), .integer(.min)]),
    .init(
      "unsigned integers", "[9223372036854775808,18446744073709551615]",
      [.unsigned(9_223_372_036_854_775_808), .unsigned(.max)]),
    .init("integer alone", "12", 12),
    .init("integer before white space", "12\n", 12),
    .init("number alone", "-2.5e-1", -0.25),
    .init("integral numbers stay numbers", "[1.0,1e3]", [1.0, 1000.0]),
    .init(
      "same key in different objects", #"[{"a":1},{"a":{"a":1}}]"#, [["a": 1], ["a": ["a": 1]]]),
  ]

  @Test(arguments: texts)
  func isReadAsItsValue(_ text: AcceptedText) throws {
    #expect(try StrictJSON.parse(text.text) == text.value)
    #expect(try StrictJSON.parse(Array(text.text.utf8)) == text.value)
  }

  @Test func negativeZeroIsANumberThatKeepsItsSign() throws {
    let value = try StrictJSON.parse(#"[-0, {"a":-0}, 0, -0.0, -0e1, -1, "-0"]"#)
    let elements = try #require(value.array)
    #expect(value == [-0.0, ["a": -0.0], 0, -0.0, -0.0, -1, "-0"])
    #expect(elements[0].number?.sign == .minus)
    #expect(elements[0].integer == nil)
    #expect(elements[1].object?["a"]?.number?.sign == .minus)
    #expect(elements[2].number?.sign == .plus)
    #expect(try StrictJSON.parse("-0").number?.sign == .minus)
    #expect(try StrictJSON.parse("[1,-0]").encoded() == "[1,-0.0]")
  }

  /// Expected bits: `struct.pack("<d", json.loads(text))` in Python 3.11.
  static let numbers: [(String, UInt64)] = [
    ("0.1", 0x3FB9_9999_9999_999A),
    ("1e23", 0x44B5_2D02_C7E1_4AF6),
    ("1.7976931348623157e308", 0x7FEF_FFFF_FFFF_FFFF),
    ("1.7976931348623158e308", 0x7FEF_FFFF_FFFF_FFFF),
    ("1.797693134862315807e+308", 0x7FEF_FFFF_FFFF_FFFF),
    ("5e-324", 0x0000_0000_0000_0001),
    ("2.4703282292062328e-324", 0x0000_0000_0000_0001),
    ("2.4703282292062327e-324", 0x0000_0000_0000_0000),
    ("1e-400", 0x0000_0000_0000_0000),
    ("2.2250738585072014e-308", 0x0010_0000_0000_0000),
    ("2.2250738585072011e-308", 0x000F_FFFF_FFFF_FFFF),
    ("-0.0", 0x8000_0000_0000_0000),
    ("0e5", 0x0000_0000_0000_0000),
    ("0E+400", 0x0000_0000_0000_0000),
    ("1E5", 0x40F8_6A00_0000_0000),
    ("1e+5", 0x40F8_6A00_0000_0000),
    ("-1.5e-3", 0xBF58_9374_BC6A_7EFA),
    ("9007199254740993.0", 0x4340_0000_0000_0000),
    ("0.000001", 0x3EB0_C6F7_A0B5_ED8D),
    ("1e-06", 0x3EB0_C6F7_A0B5_ED8D),
    ("3.141592653589793238462643383279", 0x4009_21FB_5444_2D18),
    ("6.02214076e23", 0x44DF_E185_CA57_C517),
    ("8.41e21", 0x447C_7E83_209E_90B2),
    ("4.4501477170144023e-308", 0x001F_FFFF_FFFF_FFFF),
    ("1000000000000000000000.0", 0x444B_1AE4_D6E2_EF50),
    ("123456789.123456789e-20", 0x3D75_B7FF_DEE6_4A78),
    ("100000000000000000000000000000000000000e-38", 0x3FF0_0000_0000_0000),
  ]

  @Test(arguments: numbers)
  func numberHasTheBitsThatPythonReads(_ text: String, _ bits: UInt64) throws {
    guard case .number(let number) = try StrictJSON.parse(text) else {
      Issue.record("\(text) is no number")
      return
    }
    #expect(number.bitPattern == bits)
  }
}
