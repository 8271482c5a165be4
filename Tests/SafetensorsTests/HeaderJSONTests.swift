import DVLADiagnostics
import DVLAJSON
import DVLASafetensors
import DVLATensors
import Testing

/// Group B: the header as JSON, names, metadata.
@Suite struct HeaderJSONTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let rule: String
    let header: String
    let data: Int
    let code: WeightsError.Code
    let message: String
    var testDescription: String { rule }

    init(
      _ rule: String, _ header: String, data: Int = 0, _ code: WeightsError.Code, _ message: String
    ) {
      (self.rule, self.header, self.data, self.code, self.message) =
        (rule, header, data, code, message)
    }
  }

  static let scalar = #"{"dtype":"U8","shape":[],"data_offsets":[0,1]}"#

  static let cases: [Case] = [
    Case(
      "rejectsArrayAsHeader", "[]", .safetensorsHeaderType,
      "header is an array, expected an object"),
    Case(
      "rejectsNullAsHeader", "null", .safetensorsHeaderType, "header is null, expected an object"),
    Case(
      "rejectsStringAsHeader", "\"{}\"", .safetensorsHeaderType,
      "header is the string \"{}\", expected an object"),
    Case(
      "rejectsNumberAsHeader", "12", .safetensorsHeaderType, "header is 12, expected an object"),
    Case(
      "rejectsNestingBelowTheShape", #"{"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}}"#,
      data: 1, .jsonDepth,
      "header, line 1, column 29: expected at most 3 open objects and arrays, found more"),
    Case(
      "rejectsDuplicateTensor", #"{"a":\#(scalar),"a":\#(scalar)}"#, data: 1, .jsonDuplicateKey,
      #"header, line 1, column 53: expected each key once, found "a" again"#),
    Case(
      "rejectsDuplicateTensorBehindAnEscape", #"{"t":\#(scalar),"\u0074":\#(scalar)}"#, data: 1,
      .jsonDuplicateKey,
      #"header, line 1, column 53: expected each key once, found "t" again"#),
    Case(
      "rejectsDuplicateField", #"{"a":{"dtype":"U8","dtype":"U8"}}"#, .jsonDuplicateKey,
      #"header, line 1, column 20: expected each key once, found "dtype" again"#),
    Case(
      "rejectsDuplicateMetadata", #"{"__metadata__":{},"__metadata__":{}}"#, .jsonDuplicateKey,
      #"header, line 1, column 20: expected each key once, found "__metadata__" again"#),
    Case(
      "rejectsDuplicateKeyInMetadata", #"{"__metadata__":{"k":"1","k":"2"}}"#, .jsonDuplicateKey,
      #"header, line 1, column 26: expected each key once, found "k" again"#),
    Case(
      "rejectsNullMetadata", #"{"__metadata__":null}"#, .safetensorsMetadataType,
      "\"__metadata__\" is null, expected an object of strings"),
    Case(
      "rejectsArrayAsMetadata", #"{"__metadata__":[]}"#, .safetensorsMetadataType,
      "\"__metadata__\" is an array, expected an object of strings"),
    Case(
      "rejectsNumberInMetadata", #"{"__metadata__":{"k":1}}"#, .safetensorsMetadataValue,
      "\"__metadata__\": \"k\" is 1, expected a string"),
    Case(
      "rejectsObjectInMetadata", #"{"__metadata__":{"k":{}}}"#, .safetensorsMetadataValue,
      "\"__metadata__\": \"k\" is an object, expected a string"),
    Case(
      "rejectsTensorAsMetadata", #"{"__metadata__":\#(scalar)}"#, data: 1,
      .safetensorsMetadataValue, "\"__metadata__\": \"shape\" is an array, expected a string"),
    Case(
      "rejectsEmptyName", #"{"":\#(scalar)}"#, data: 1, .safetensorsNameEmpty,
      "tensor \"\": a tensor has an empty name"),
    Case(
      "rejectsNewlineInName", #"{"a\nb":\#(scalar)}"#, data: 1, .safetensorsNameControl,
      #"tensor "a\u{a}b": name contains the invisible character U+A"#),
    Case(
      "rejectsEscapeSequenceInName", #"{"\u001b[2J":\#(scalar)}"#, data: 1,
      .safetensorsNameControl,
      #"tensor "\u{1b}[2J": name contains the invisible character U+1B"#),
    Case(
      "rejectsC1ControlInName", "{\"a\u{9B}\":\(scalar)}", data: 1, .safetensorsNameControl,
      #"tensor "a\u{9b}": name contains the invisible character U+9B"#),
    Case(
      "rejectsDeleteInName", "{\"a\u{7F}\":\(scalar)}", data: 1, .safetensorsNameControl,
      #"tensor "a\u{7f}": name contains the invisible character U+7F"#),
    Case(
      "rejectsBidirectionalOverrideInName", "{\"a\u{202E}b\":\(scalar)}", data: 1,
      .safetensorsNameControl,
      #"tensor "a\u{202e}b": name contains the invisible character U+202E"#),
    Case(
      "rejectsNULInName", #"{"a\u0000b":\#(scalar)}"#, data: 1, .jsonNUL,
      "header, line 1, column 4: expected a key without NUL, found \"\\u0000\" in it"),
    Case(
      "rejectsTensorThatIsNoObject", #"{"a":[]}"#, .safetensorsEntryType,
      "tensor \"a\": is an array, expected an object"),
    Case(
      "rejectsTrailingComma", #"{"a":\#(scalar),}"#, data: 1, .jsonTrailingComma,
      "header, line 1, column 53: expected no comma before \"}\""),
    Case(
      "rejectsBytesAfterTheHeader", "{}\u{0}\u{0}", .jsonNULByte,
      "header, line 1, column 3: expected JSON text, found a NUL byte"),
    Case(
      "rejectsByteOrderMark", "\u{FEFF}{}", .jsonByteOrderMark,
      "header, line 1, column 1: expected UTF-8 without a mark, found the byte order mark of UTF-8"),
  ]

  @Test(arguments: cases)
  func rejects(_ row: Case) {
    expectError(row.code, row.message) { () throws(WeightsError) in
      _ = try parse(row.header, data: row.data)
    }
  }

  // What is no JSON at all is the business of StrictJSON; these show that it is asked.
  @Test(arguments: [
    "{'a':1}", "{/**/}", "{\"a\":NaN}", "{\"a\":+1}", "{\"a\":01}", "{} {}", "{", "",
    "{\"\\ud800\":1}", String(repeating: "[", count: 200_000),
  ])
  func rejectsWhatIsNoStrictJSON(header: String) {
    #expect(throws: WeightsError.self) { try parse(header, data: 0) }
  }

  @Test(arguments: [
    [0x7B, 0x22, 0xC0, 0xAF, 0x22, 0x3A, 0x31, 0x7D], [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D],
    [0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00],
  ])
  func rejectsWhatIsNoUTF8(header: [UInt8]) {
    #expect(throws: WeightsError.self) {
      try unsafe SafetensorsHeader.parse(header.span.bytes, fileByteCount: 8 + header.count)
    }
  }

  @Test func acceptsEmptyHeaderAndMetadataAlone() throws {
    let empty = try parse("{}", data: 0)
    #expect(empty.entries.isEmpty)
    #expect(empty.metadata == nil)
    #expect(empty.dataStart == 10)
    let header = try parse(#"{"__metadata__":{"z":"1","a":"","é":"\n"}}"#, data: 0)
    #expect(header.metadata?.map(\.key) == ["z", "a", "é"])
    #expect(header.metadata?.map(\.value) == ["1", "", "\n"])
    #expect(header.metadataValue("z") == "1")
    #expect(header.metadataValue("e\u{301}") == nil)
    #expect(header.metadataValue("x") == nil)
  }

  @Test func acceptsWhiteSpaceAround() throws {
    let header = try parse(" \n\t{\(member("a", "[1]", "[0,4]"))}   \r\n", data: 4)
    #expect(header.entries.count == 1)
  }

  @Test func keepsNamesApartThatOnlyUnicodeEquates() throws {
    let header = try parse(
      "{\(member("\u{E9}", "[1]", "[0,4]")),\(member("e\u{301}", "[1]", "[4,8]"))}", data: 8)
    #expect(header.entries.count == 2)
    #expect(header.entries[0].info.name != header.entries[1].info.name)
  }

  @Test func acceptsNamesThatLookLikePaths() throws {
    let names = ["../x", "/abs", "a\\b", "__metadata", "名前", " "]
    let members = names.enumerated().map { index, name in
      member(name.replacing("\\", with: "\\\\"), "U8", "[1]", "[\(index),\(index + 1)]")
    }
    let header = try parse("{" + members.joined(separator: ",") + "}", data: names.count)
    #expect(header.entries.map(\.info.name.string) == names)
  }

  @Test func boundsNamesAndMetadata() throws {
    let long = String(repeating: "n", count: 1025)
    let shown = String(repeating: "n", count: 200) + "…"
    expectError(
      .safetensorsNameTooLong, "tensor \"\(shown)\": name of 1025 bytes, expected at most 1024"
    ) { () throws(WeightsError) in
      _ = try parse("{" + member(long, "U8", "[]", "[0,1]") + "}", data: 1)
    }
    _ = try parse("{" + member(String(long.dropLast()), "U8", "[]", "[0,1]") + "}", data: 1)
    expectError(
      .safetensorsMetadataTooLong,
      "\"__metadata__\": key \"\(shown)\" of 1025 bytes, expected at most 1024"
    ) { () throws(WeightsError) in _ = try parse(#"{"__metadata__":{"\#(long)":""}}"#, data: 0) }
    var limits = SafetensorsLimits()
    limits.metadataValueByteCount = 3
    limits.metadataCount = 2
    expectError(
      .safetensorsMetadataTooLong,
      "\"__metadata__\": value of \"k\" has 4 bytes, expected at most 3"
    ) { () throws(WeightsError) in
      _ = try parse(#"{"__metadata__":{"k":"abcd"}}"#, data: 0, limits: limits)
    }
    expectError(
      .safetensorsMetadataCount, "\"__metadata__\" has 3 entries, expected at most 2"
    ) { () throws(WeightsError) in
      _ = try parse(#"{"__metadata__":{"a":"","b":"","c":""}}"#, data: 0, limits: limits)
    }
  }

  @Test func readsAHundredThousandTensorsAndRefusesOneMore() throws {
    func header(_ count: Int) -> String {
      "{"
        + (0..<count).map { member("layers.\($0).w", "U8", "[1,1]", "[\($0),\($0 + 1)]") }
        .joined(separator: ",") + "}"
    }
    let parsed = try parse(header(100_000), data: 100_000)
    #expect(parsed.entries.count == 100_000)
    #expect(parsed.entries[99_999].info.name == "layers.99999.w")
    expectError(.safetensorsTensorCount, "header has more than 100000 tensors") {
      () throws(WeightsError) in _ = try parse(header(100_001), data: 100_001)
    }
  }

  @Test func boundsTheValuesOfAHeader() {
    let ones = Array(repeating: "1", count: 2_000_000).joined(separator: ",")
    #expect(throws: WeightsError(.jsonTooManyValues, "")) {
      try parse("{" + member("a", "[\(ones)]", "[0,4]") + "}", data: 4)
    }
  }
}
