import DVLADiagnostics
import DVLAJSON
import Testing

/// A document that must be refused: what it breaks, by which code, where.
struct RefusedText: Sendable, CustomTestStringConvertible {
  let rule: String
  let bytes: [UInt8]
  let code: WeightsError.Code
  let place: String

  init(_ rule: String, _ text: String, _ code: WeightsError.Code, _ line: Int, _ column: Int) {
    self.init(rule, Array(text.utf8), code, line, column)
  }

  init(_ rule: String, _ bytes: [UInt8], _ code: WeightsError.Code, _ line: Int, _ column: Int) {
    self.rule = rule
    self.bytes = bytes
    self.code = code
    place = "line \(line), column \(column): expected "
  }

  var testDescription: String { rule }
}

/// A byte string between two quotes, as an array element on line 2.
private func quotedBytes(_ bytes: UInt8...) -> [UInt8] {
  Array("[\n\"".utf8) + bytes + Array("\"]".utf8)
}

@Suite struct RefusedTextTests {
  static let acceptedByJSONC: [RefusedText] = [
    .init("duplicate key", #"{"a":1,"a":1}"#, .jsonDuplicateKey, 1, 8),
    .init("duplicate key after unescaping", #"{"t":1, "\u0074":1}"#, .jsonDuplicateKey, 1, 9),
    .init("integer above 64 bits", "[18446744073709551616]", .jsonIntegerRange, 1, 2),
    .init("integer below 64 bits", "[-9223372036854775809]", .jsonIntegerRange, 1, 2),
    .init(
      "integer of 40 digits", "\n  9" + .init(repeating: "0", count: 39), .jsonIntegerRange, 2, 3),
    .init("number with a rest", "12abc", .jsonNumber, 1, 3),
    .init("single quotes", "{'a':1}", .jsonSingleQuote, 1, 2),
    .init("single quoted value", "['a']", .jsonSingleQuote, 1, 2),
    .init("NaN", "[1, NaN]", .jsonNonFinite, 1, 5),
    .init("Infinity", "Infinity", .jsonNonFinite, 1, 1),
    .init("negative Infinity", "-Infinity", .jsonNonFinite, 1, 2),
    .init("fraction without digits", "[1.]", .jsonNumber, 1, 4),
    .init("raw newline in a string", "[\"a\nb\"]", .jsonControlCharacter, 1, 4),
    .init("raw tab in a key", "{\"a\tb\":1}", .jsonControlCharacter, 1, 4),
    .init("raw unit separator", "[\"\u{1F}\"]", .jsonControlCharacter, 1, 3),
    .init("overlong slash", quotedBytes(0xC0, 0xAF), .jsonOverlong, 2, 2),
    .init("overlong NUL", quotedBytes(0xC0, 0x80), .jsonOverlong, 2, 2),
    .init("overlong of three bytes", quotedBytes(0xE0, 0x9F, 0xBF), .jsonOverlong, 2, 2),
    .init("overlong of four bytes", quotedBytes(0xF0, 0x8F, 0xBF, 0xBF), .jsonOverlong, 2, 2),
    .init("encoded surrogate", quotedBytes(0xED, 0xA0, 0x80), .jsonEncodedSurrogate, 2, 2),
    .init("lone high surrogate escape", #"["\ud83d"]"#, .jsonSurrogateEscape, 1, 3),
    .init("lone low surrogate escape", #"["\ude00"]"#, .jsonSurrogateEscape, 1, 3),
    .init("two high surrogate escapes", #"["\ud83d\ud83d"]"#, .jsonSurrogateEscape, 1, 3),
    .init("high surrogate before text", #"["\ud83dx"]"#, .jsonSurrogateEscape, 1, 3),
    .init("high surrogate before newline escape", #"["\ud83d\n"]"#, .jsonSurrogateEscape, 1, 3),
    .init("surrogates in the wrong order", #"["\ude00\ud83d"]"#, .jsonSurrogateEscape, 1, 3),
    .init("NUL in a key", #"{"a\u0000b":1}"#, .jsonNUL, 1, 4),
    .init("bytes after a NUL", "{}\0junk", .jsonNULByte, 1, 3),
    .init("raw NUL in a string", "[\"a\0b\"]", .jsonNULByte, 1, 4),
    .init("trailing NULs", "{}\0\0", .jsonNULByte, 1, 3),
    .init("capitalised literal", "True", .jsonSyntax, 1, 1),
  ]

  static let malformedBytes: [RefusedText] = [
    .init("stray continuation byte", quotedBytes(0x80), .jsonUTF8, 2, 2),
    .init("missing continuation byte", quotedBytes(0xE2, 0x82), .jsonUTF8, 2, 2),
    .init("lead byte before a quote", quotedBytes(0xC3), .jsonUTF8, 2, 2),
    .init("scalar above U+10FFFF", quotedBytes(0xF4, 0x90, 0x80, 0x80), .jsonUTF8, 2, 2),
    .init("byte FF", quotedBytes(0xFF), .jsonUTF8, 2, 2),
    .init("bad byte after plain text", quotedBytes(0x61, 0x62, 0xC3, 0xA9, 0xFE), .jsonUTF8, 2, 5),
    .init("text cut inside a scalar", Array("\"ab".utf8) + [0xE2, 0x82], .jsonUTF8, 1, 4),
    .init("bad byte outside strings", [0x5B, 0xFF, 0x5D], .jsonUTF8, 1, 2),
    .init("UTF-8 byte order mark", "\u{FEFF}{}", .jsonByteOrderMark, 1, 1),
    .init("UTF-16 little-endian mark", [0xFF, 0xFE, 0x7B, 0, 0x7D, 0], .jsonByteOrderMark, 1, 1),
    .init("UTF-16 big-endian mark", [0xFE, 0xFF, 0, 0x7B, 0, 0x7D], .jsonByteOrderMark, 1, 1),
    .init("UTF-16 without a mark", [0x7B, 0, 0x7D, 0], .jsonNULByte, 1, 2),
    .init("scalar outside strings", "[é]", .jsonSyntax, 1, 2),
    .init("no-break space", "[1,\u{A0}2]", .jsonSyntax, 1, 4),
    .init("form feed between tokens", "[1,\u{C}2]", .jsonSyntax, 1, 4),
  ]

  static let grammar: [RefusedText] = [
    .init("empty text", "", .jsonTruncated, 1, 1),
    .init("white space only", " \n\n ", .jsonTruncated, 3, 2),
    .init("open array", "[1", .jsonTruncated, 1, 3),
    .init("open object", "{\"a\":1", .jsonTruncated, 1, 7),
    .init("open string", "[\"abc", .jsonTruncated, 1, 6),
    .init("open escape", #"["abc\"#, .jsonTruncated, 1, 7),
    .init("open unicode escape", #"["\u12"#, .jsonTruncated, 1, 7),
    .init("cut literal", "[tru", .jsonTruncated, 1, 5),
    .init("cut number", "-", .jsonTruncated, 1, 2),
    .init("cut exponent", "1e+", .jsonTruncated, 1, 4),
    .init("trailing comma in an array", "[1, ]", .jsonTrailingComma, 1, 5),
    .init("trailing comma in an object", "{\"a\":1,}", .jsonTrailingComma, 1, 8),
    .init("comma only", "[,]", .jsonSyntax, 1, 2),
    .init("two commas", "[1,,2]", .jsonSyntax, 1, 4),
    .init("missing comma", "[1 2]", .jsonSyntax, 1, 4),
    .init("missing colon", "{\"a\" 1}", .jsonSyntax, 1, 6),
    .init("missing value", "{\"a\":}", .jsonSyntax, 1, 6),
    .init("bare key", "{a:1}", .jsonSyntax, 1, 2),
    .init("number as key", "{1:1}", .jsonSyntax, 1, 2),
    .init("wrong closing bracket", "[1}", .jsonSyntax, 1, 3),
    .init("wrong closing brace", "{\"a\":1]", .jsonSyntax, 1, 7),
    .init("closing bracket alone", "]", .jsonSyntax, 1, 1),
    .init("longer literal", "[nullx]", .jsonSyntax, 1, 6),
    .init("misspelt literal", "[nuul]", .jsonSyntax, 1, 2),
    .init("line comment", "{} // x", .jsonComment, 1, 4),
    .init("block comment", "[/* x */1]", .jsonComment, 1, 2),
    .init("hash comment", "# x\n{}", .jsonComment, 1, 1),
    .init("second value", "{}\n{}", .jsonTrailing, 2, 1),
    .init("brace after the end", "{}}", .jsonTrailing, 1, 3),
    .init("text after a literal", "truex", .jsonTrailing, 1, 5),
    .init("unknown escape", #"["\x41"]"#, .jsonEscape, 1, 4),
    .init("escaped single quote", #"["\'"]"#, .jsonEscape, 1, 4),
    .init("bad hexadecimal digit", #"["\u00g0"]"#, .jsonEscape, 1, 7),
    .init("full-width hexadecimal digit", "[\"\\u００００\"]", .jsonEscape, 1, 5),
  ]

  static let numbers: [RefusedText] = [
    .init("leading zero", "[01]", .jsonNumber, 1, 2),
    .init("negative leading zero", "[-01]", .jsonNumber, 1, 2),
    .init("two zeros", "00", .jsonNumber, 1, 1),
    .init("plus sign", "+1", .jsonNumber, 1, 1),
    .init("fraction alone", "[.5]", .jsonNumber, 1, 2),
    .init("minus alone", "[-]", .jsonNumber, 1, 3),
    .init("two signs", "--1", .jsonNumber, 1, 2),
    .init("exponent without digits", "[1e]", .jsonNumber, 1, 4),
    .init("fraction before exponent", "[1.e5]", .jsonNumber, 1, 4),
    .init("fraction in the exponent", "[1e5.0]", .jsonNumber, 1, 5),
    .init("hexadecimal number", "[0x10]", .jsonNumber, 1, 3),
    .init("underscore in a number", "[1_000]", .jsonNumber, 1, 3),
    .init("two fractions", "[1.2.3]", .jsonNumber, 1, 5),
    .init("double overflow", "[1e309]", .jsonNumberRange, 1, 2),
    .init("negative double overflow", "-1E400", .jsonNumberRange, 1, 1),
    .init("overflow by one last place", "1.7976931348623159e308", .jsonNumberRange, 1, 1),
    .init("overflow with a huge exponent", "1e99999999999999999999", .jsonNumberRange, 1, 1),
    .init(
      "overflow without an exponent", "1" + .init(repeating: "0", count: 309) + ".0",
      .jsonNumberRange, 1, 1),
  ]

  @Test(arguments: acceptedByJSONC + malformedBytes + grammar + numbers)
  func isRefusedByItsRuleAtItsPlace(_ text: RefusedText) throws {
    let error = try #require(refusal(text.bytes))
    #expect(error.code.rawValue == text.code.rawValue)
    #expect(error.kind == .malformed)
    #expect(error.message.hasPrefix(text.place), "\(error.message)")
  }

  @Test func nothingShorterThanTheTextIsAccepted() throws {
    let text = Array(#"{"a":[1,-2.5e3,"é\u00e9\ud83d\ude00",true,false,null],"b":{"c":{}}}"#.utf8)
    #expect(refusal(text) == nil)
    for count in text.indices {
      #expect(refusal(Array(text[..<count])) != nil, "cut at \(count)")
    }
  }

  @Test func messageSaysWhatWasExpectedAndFound() {
    #expect(
      refusal("{\n  \"é\": ]}")?.message
        == "line 2, column 8: expected a value, found \"]\"")
    #expect(
      refusal("[123456789012345678901]")?.message == "line 1, column 2: expected an integer of "
        + "at most 64 bits, found 123456789012345678901")
    #expect(
      refusal(#"{"a\u0007":1,"a\u0007":2}"#)?.message
        == "line 1, column 14: expected each key once, found \"a\\u{7}\" again")
    #expect(
      refusal("[1] \u{1B}[2J")?.message
        == "line 1, column 5: expected the end of the text, found byte 0x1b")
  }
}
