import DVLADiagnostics
import DVLAJSON
import Testing

@Suite struct LimitTests {
  private func nested(_ depth: Int, _ open: String = "[", _ close: String = "]") -> String {
    String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
  }

  @Test(arguments: [1, 2, 64, 256])
  func depthIsAcceptedAtTheLimitAndRefusedBeyond(_ depth: Int) {
    let limits = JSONLimits(maximumDepth: depth)
    for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
      #expect(refusal(nested(depth, open, close), limits: limits) == nil)
      let error = refusal(nested(depth + 1, open, close), limits: limits)
      #expect(error?.code == .jsonDepth)
      let column = depth * open.utf8.count + 1
      #expect(error?.message.hasPrefix("line 1, column \(column): ") == true)
    }
  }

  @Test func defaultDepthIs64() {
    #expect(refusal(nested(64)) == nil)
    #expect(refusal(nested(65))?.code == .jsonDepth)
  }

  @Test func depthZeroAllowsScalarsOnly() {
    let limits = JSONLimits(maximumDepth: 0)
    #expect(refusal("1", limits: limits) == nil)
    #expect(refusal("[]", limits: limits)?.code == .jsonDepth)
    #expect(JSONLimits(maximumDepth: -3) == limits)
  }

  @Test func depthCannotBeRaisedAboveWhatTheStackHolds() {
    let limits = JSONLimits(maximumDepth: .max)
    #expect(limits.maximumDepth == 256)
    #expect(refusal(nested(257), limits: limits)?.code == .jsonDepth)
  }

  @Test func twoHundredThousandOpenBracketsAreRefused() {
    let text = String(repeating: "[", count: 200_000)
    #expect(refusal(text)?.code == .jsonDepth)
  }

  @Test func byteCountIsAcceptedAtTheLimitAndRefusedBeyond() {
    let limits = JSONLimits(maximumByteCount: 6)
    #expect(refusal("[1,20]", limits: limits) == nil)
    let error = refusal("[1,200]", limits: limits)
    #expect(error?.code == .jsonTooLarge)
    #expect(error?.message == "expected JSON text of at most 6 bytes, found 7")
  }

  /// The boundary itself is tested with smaller numbers.
  @Test func thePublishedNumbersHold() {
    #expect(JSONLimits.default.maximumByteCount == 128 << 20)
    #expect(JSONLimits.default.maximumValueCount == 2_000_000)
    #expect(JSONLimits.document.maximumValueCount == 200_000)
    #expect(JSONLimits.default.maximumObjectCount == 100_000)
    #expect(JSONLimits.document.maximumObjectCount == 20_000)
  }

  @Test func byteCountStaysWithinACInt() {
    #expect(JSONLimits(maximumByteCount: .max).maximumByteCount == 2_147_483_647)
  }

  @Test func valueCountIsAcceptedAtTheLimitAndRefusedBeyond() {
    let limits = JSONLimits(maximumValueCount: 4)
    #expect(refusal(#"[1,{"a":2}]"#, limits: limits) == nil)
    let error = refusal(#"[1,{"a":[]},3]"#, limits: limits)
    #expect(error?.code == .jsonTooManyValues)
    #expect(
      error?.message == "line 1, column 13: expected at most 4 values, found more")
  }

  /// An empty object takes more memory than any other value.
  @Test func objectCountIsAcceptedAtTheLimitAndRefusedBeyond() {
    let limits = JSONLimits(maximumObjectCount: 2)
    #expect(refusal(#"[1,{"a":[{}]},[],"{}"]"#, limits: limits) == nil)
    let error = refusal(#"[{"a":{}},{}]"#, limits: limits)
    #expect(error?.code == .jsonTooManyObjects)
    #expect(
      error?.message == "line 1, column 11: expected at most 2 objects, found more")
  }

  @Test func numberLengthIsAcceptedAtTheLimitAndRefusedBeyond() {
    let limits = JSONLimits(maximumNumberLength: 10)
    #expect(refusal("[1.23456789]", limits: limits) == nil)
    let error = refusal("[1.234567890]", limits: limits)
    #expect(error?.code == .jsonNumber)
    #expect(
      error?.message == "line 1, column 2: expected a number of at most 10 bytes, found 11")
  }

  @Test func longestDefaultNumberIsRead() throws {
    let text = "0." + String(repeating: "3", count: 1022)
    #expect(try StrictJSON.parse(text) == .number(1.0 / 3.0))
    #expect(refusal(text + "3")?.code == .jsonNumber)
  }

  @Test func manyTinyTensorsAreRefusedByTheirCount() {
    var text: [UInt8] = [UInt8(ascii: "{")]
    for index in 0..<400_000 {
      text += #""\#(index)":{"d":"F","s":[0],"o":[0,0]},"#.utf8
    }
    text += #""end":{}}"#.utf8
    #expect(refusal(text)?.code == .jsonTooManyObjects)
  }

  @Test func megabytesOfWhiteSpaceAreRead() throws {
    let space = [UInt8](repeating: 0x20, count: 8 << 20)
    #expect(try StrictJSON.parse(space + Array("{}".utf8) + space) == [:])
  }

  @Test func megabytesOfStringAndKeyAreRead() throws {
    let text = String(repeating: "tensor é ", count: 100_000)
    let value = try StrictJSON.parse("{\"\(text)\":\"\(text)\"}")
    #expect(value == .object(JSONObject([(text, .string(text))])))
  }
}
