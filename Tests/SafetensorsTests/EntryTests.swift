import DVLADiagnostics
import DVLAJSON
import DVLASafetensors
import DVLATensors
import Testing

/// Group C: tensor entries and how they lie in the data.
@Suite struct EntryTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let rule: String
    let header: String
    let data: Int
    let code: WeightsError.Code
    let message: String
    var testDescription: String { rule }

    init(
      _ rule: String, _ members: String, data: Int, _ code: WeightsError.Code, _ message: String
    ) {
      self.rule = rule
      header = "{" + members + "}"
      (self.data, self.code, self.message) = (data, code, message)
    }
  }

  static let dtypes =
    "BOOL F4 F6_E2M3 F6_E3M2 U8 I8 F8_E5M2 F8_E4M3 F8_E8M0 F8_E4M3FNUZ F8_E5M2FNUZ I16 U16 F16 "
    + "BF16 I32 U32 F32 C64 F64 I64 U64"

  static let fieldCases: [Case] = [
    Case(
      "rejectsUnknownDType", member("a", "F33", "[1]", "[0,4]"), data: 4,
      .safetensorsDTypeUnknown,
      "tensor \"a\": dtype \"F33\" is unknown, expected one of \(dtypes)"),
    Case(
      "rejectsLowercaseDType", member("a", "f32", "[1]", "[0,4]"), data: 4,
      .safetensorsDTypeUnknown, "tensor \"a\": dtype \"f32\" is unknown; did you mean F32?"),
    Case(
      "rejectsEmptyDType", member("a", "", "[1]", "[0,4]"), data: 4, .safetensorsDTypeUnknown,
      "tensor \"a\": dtype \"\" is unknown, expected one of \(dtypes)"),
    Case(
      "rejectsDTypeThatIsNoString", #""a":{"dtype":1,"shape":[],"data_offsets":[0,4]}"#, data: 4,
      .safetensorsDTypeType, "tensor \"a\": dtype is 1, expected a string"),
    Case(
      "rejectsMissingDType", #""a":{"shape":[],"data_offsets":[0,4]}"#, data: 4,
      .safetensorsFieldMissing, "tensor \"a\": has no dtype"),
    Case(
      "rejectsMissingShape", #""a":{"dtype":"F32","data_offsets":[0,4]}"#, data: 4,
      .safetensorsFieldMissing, "tensor \"a\": has no shape"),
    Case(
      "rejectsMissingOffsets", #""a":{"dtype":"F32","shape":[]}"#, data: 4,
      .safetensorsFieldMissing, "tensor \"a\": has no data_offsets"),
    Case(
      "rejectsUnknownField",
      #""a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"strides":[1]}"#, data: 4,
      .safetensorsFieldUnknown,
      "tensor \"a\": unknown field \"strides\", expected dtype, shape and data_offsets only"),
    Case(
      "rejectsShapeThatIsNoArray", member("a", "4", "[0,4]"), data: 4, .safetensorsShapeType,
      "tensor \"a\": shape is 4, expected an array of integers"),
    Case(
      "rejectsRankNine", member("a", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), data: 4, .safetensorsRank,
      "tensor \"a\": 9 dimensions, expected at most 8"),
    Case(
      "rejectsRankHundredThousand",
      member(
        "a", "[" + Array(repeating: "1", count: 100_000).joined(separator: ",") + "]", "[0,4]"),
      data: 4, .safetensorsRank, "tensor \"a\": 100000 dimensions, expected at most 8"),
    Case(
      "rejectsTwoNegativeExtents", member("a", "[-2,-2]", "[0,16]"), data: 16, .safetensorsExtent,
      "tensor \"a\": shape[0] is -2, expected an integer from 0 to 2^63 - 1"),
    Case(
      "rejectsProductThatWrapsToZero", member("a", "U8", "[4294967296,4294967296]", "[0,0]"),
      data: 0, .safetensorsSizeOverflow,
      "tensor \"a\": shape [4294967296, 4294967296] has more than 2^63 - 1 elements"),
    Case(
      "rejectsProductThatWrapsToTheRightSize",
      member("a", "U8", "[4611686018427387905,4]", "[0,4]"), data: 4, .safetensorsSizeOverflow,
      "tensor \"a\": shape [4611686018427387905, 4] has more than 2^63 - 1 elements"),
    Case(
      "rejectsBitsThatWrap", member("a", "F64", "[1152921504606846976]", "[0,0]"), data: 0,
      .safetensorsSizeOverflow,
      "tensor \"a\": F64 [1152921504606846976] has more than 2^63 - 1 bits"),
    Case(
      "rejectsBitsThatDoNotFillBytes", member("a", "F4", "[3]", "[0,2]"), data: 2,
      .safetensorsPartialByte,
      "tensor \"a\": F4 [3] has 3 elements of 4 bits, which do not fill whole bytes"),
    Case(
      "rejectsOneOffset", member("a", "[1]", "[4]"), data: 4, .safetensorsOffsetsType,
      "tensor \"a\": data_offsets is an array of 1, expected an array of two integers"),
    Case(
      "rejectsNoOffsets", member("a", "[1]", "[]"), data: 4, .safetensorsOffsetsType,
      "tensor \"a\": data_offsets is an array of 0, expected an array of two integers"),
    Case(
      "rejectsThreeOffsets", member("a", "[1]", "[0,4,4]"), data: 4, .safetensorsOffsetsType,
      "tensor \"a\": data_offsets is an array of 3, expected an array of two integers"),
    Case(
      "rejectsOffsetsThatAreNoArray", member("a", "[1]", "{}"), data: 4, .safetensorsOffsetsType,
      "tensor \"a\": data_offsets is an object, expected an array of two integers"),
    Case(
      "rejectsReversedOffsets", member("a", "[1]", "[4,0]"), data: 4, .safetensorsOffsetsReversed,
      "tensor \"a\": data_offsets [4, 0] end before they start"),
    Case(
      "rejectsNegativeOffset", member("a", "[1]", "[-4,0]"), data: 4, .safetensorsOffset,
      "tensor \"a\": data_offsets[0] is -4, expected an integer from 0 to 2^63 - 1"),
    Case(
      "rejectsOffsetNear2To64", member("a", "U8", "[2]", "[18446744073709551614,0]"), data: 4,
      .safetensorsOffset,
      "tensor \"a\": data_offsets[0] is 18446744073709551614, expected an integer from 0 to "
        + "2^63 - 1"),
    Case(
      "rejectsRangeShorterThanItsShape", member("norm.weight", "[2,2]", "[0,12]"), data: 12,
      .safetensorsSizeMismatch,
      "tensor \"norm.weight\": F32 [2, 2] needs 16 bytes, range 0..<12 has 12"),
    Case(
      "rejectsRangeOneByteLong", member("a", "[1]", "[0,5]"), data: 5, .safetensorsSizeMismatch,
      "tensor \"a\": F32 [1] needs 4 bytes, range 0..<5 has 5"),
  ]

  static let arrangementCases: [Case] = [
    Case(
      "rejectsRangePastTheEnd", member("a", "[1]", "[100,104]"), data: 4, .safetensorsPastEnd,
      "tensor \"a\": the file is cut off or its header is damaged: the tensor needs the range "
        + "100..<104 of a data section that has 4 bytes"),
    Case(
      "rejectsRangeThatWrapsBackIntoTheFile",
      member("a", "U8", "[7]", "[9223372036854775800,9223372036854775807]"), data: 4,
      .safetensorsPastEnd,
      "tensor \"a\": the file is cut off or its header is damaged: the tensor needs the range "
        + "9223372036854775800..<9223372036854775807 of a data section that has 4 bytes"),
    Case(
      "rejectsEqualRanges", member("a", "[1]", "[0,4]") + "," + member("b", "[1]", "[0,4]"),
      data: 4,
      .safetensorsOverlap, "tensor \"b\": range 0..<4 overlaps \"a\", which ends at 4"),
    Case(
      "rejectsPartialOverlap", member("a", "[1]", "[0,4]") + "," + member("b", "[1]", "[3,7]"),
      data: 7, .safetensorsOverlap, "tensor \"b\": range 3..<7 overlaps \"a\", which ends at 4"),
    Case(
      "rejectsEmptyTensorInsideAnother",
      member("a", "[1]", "[0,4]") + "," + member("b", "[0]", "[2,2]"), data: 4, .safetensorsOverlap,
      "tensor \"b\": range 2..<2 overlaps \"a\", which ends at 4"),
    Case(
      "rejectsHoleAtTheStart", member("a", "[1]", "[4,8]"), data: 8, .safetensorsHole,
      "tensor \"a\": range 4..<8 leaves a hole: bytes 0..<4 belong to no tensor"),
    Case(
      "rejectsHoleInTheMiddle", member("a", "[1]", "[0,4]") + "," + member("b", "[1]", "[5,9]"),
      data: 9, .safetensorsHole,
      "tensor \"b\": range 5..<9 leaves a hole: bytes 4..<5 belong to no tensor"),
    Case(
      "rejectsHoleAtTheEnd", member("a", "[1]", "[0,4]"), data: 6, .safetensorsTrailingBytes,
      "2 bytes after the last tensor, expected the file to end with it"),
    Case(
      "rejectsSizesWhoseSumIsNear2To63",
      (0..<8).map { index in
        let size = (1 << 60) - 1
        return member(
          "t\(index)", "U8", "[\(size)]", "[\(index * size),\((index + 1) * size)]")
      }.joined(separator: ","), data: 4, .safetensorsTruncated,
      "tensor \"t0\": the file is cut off: 9223372036854775796 bytes missing at its end; the "
        + "tensor needs the range 0..<1152921504606846975 of a data section that has 4 bytes; 8 of "
        + "8 tensors are incomplete; download or copy the file again"
    ),
  ]

  @Test(arguments: fieldCases + arrangementCases)
  func rejects(_ row: Case) {
    expectError(row.code, row.message) { () throws(WeightsError) in
      _ = try parse(row.header, data: row.data)
    }
  }

  @Test(arguments: [
    ("2.0", "2.0"), ("2e0", "2.0"), ("\"2\"", "the string \"2\""), ("null", "null"),
    ("true", "true"), ("-2", "-2"), ("-0", "-0.0"), ("9223372036854775808", "9223372036854775808"),
    ("9007199254740993.0", "9007199254740992.0"),
  ])
  func rejectsExtentsAndOffsetsOfOtherForms(literal: String, noun: String) {
    expectError(
      .safetensorsExtent,
      "tensor \"a\": shape[1] is \(noun), expected an integer from 0 to 2^63 - 1"
    ) { () throws(WeightsError) in
      _ = try parse("{" + member("a", "[1,\(literal)]", "[0,8]") + "}", data: 8)
    }
    expectError(
      .safetensorsOffset,
      "tensor \"a\": data_offsets[1] is \(noun), expected an integer from 0 to 2^63 - 1"
    ) { () throws(WeightsError) in
      _ = try parse("{" + member("a", "[2]", "[0,\(literal)]") + "}", data: 8)
    }
  }

  @Test func rejectsExtentBeyond64Bits() {
    expectError(
      .jsonIntegerRange,
      "header, line 1, column 30: expected an integer of at most 64 bits, found 18446744073709551616"
    ) { () throws(WeightsError) in
      _ = try parse("{" + member("a", "[18446744073709551616]", "[0,0]") + "}", data: 0)
    }
  }

  // A zero anywhere makes the tensor empty, whatever the order of the others.
  @Test(arguments: ["[0,4294967296,4294967296]", "[4294967296,4294967296,0]"])
  func acceptsZeroBesideAnOverflow(shape: String) throws {
    let header = try parse("{" + member("a", shape, "[0,0]") + "}", data: 0)
    #expect(header.entries[0].info.byteCount == 0)
  }

  @Test func acceptsScalarsAndRankEight() throws {
    let header = try parse(
      "{\(member("a", "[]", "[0,4]")),\(member("b", "[1,1,1,1,1,1,1,2]", "[4,12]"))}", data: 12)
    #expect(header.entries.map(\.info.shape.rank) == [0, 8])
    #expect(header.entries.map(\.range) == [0..<4, 4..<12])
  }

  @Test func acceptsEmptyTensorsBetweenOthers() throws {
    let header = try parse(
      "{\(member("z", "[0]", "[4,4]")),\(member("b", "[1]", "[4,8]")),"
        + "\(member("y", "[3,0]", "[4,4]")),\(member("a", "[1]", "[0,4]")),"
        + "\(member("x", "[0]", "[8,8]")),\(member("w", "[0]", "[0,0]"))}", data: 8)
    #expect(header.entries.map(\.info.name.string) == ["w", "a", "y", "z", "b", "x"])
  }

  @Test func acceptsAnyOrderInTheHeaderAndAnyAlignment() throws {
    // F32 at an odd offset, and a data section at an odd place.
    let text = "{\(member("b", "[1]", "[1,5]")),\(member("a", "U8", "[1]", "[0,1]"))} "
    let header = try parse(text.utf8.count % 2 == 0 ? text + " " : text, data: 5)
    #expect(header.dataStart % 2 == 1)
    #expect(header.entries.map(\.info.name.string) == ["a", "b"])
  }

  @Test(arguments: DType.allCases)
  func acceptsEveryDType(_ dtype: DType) throws {
    let count = dtype.bitWidth
    let header = try parse(
      "{" + member("a", dtype.rawValue, "[8]", "[0,\(count)]") + "}", data: count)
    #expect(header.entries[0].info.dtype == dtype)
  }
}
