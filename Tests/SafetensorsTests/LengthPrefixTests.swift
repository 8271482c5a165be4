import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLASafetensors
import DVLATestSupport
import Foundation
import Testing

/// Group A: the length prefix and the file as a whole.
@Suite struct LengthPrefixTests {
  let folder: ScratchFolder
  init() throws { folder = try ScratchFolder() }
  static let header = "{" + member("a", "[2]", "[0,8]") + "}"

  struct Case: CustomTestStringConvertible, Sendable {
    let rule: String
    let bytes: [UInt8]
    let code: WeightsError.Code
    let message: String
    var testDescription: String { rule }
  }

  static let cases: [Case] = [
    Case(
      rule: "rejectsEmptyFile", bytes: [], code: .safetensorsTooShort,
      message: "0 bytes, expected at least the 8 of the header length"),
    Case(
      rule: "rejectsOneByte", bytes: [8], code: .safetensorsTooShort,
      message: "1 bytes, expected at least the 8 of the header length"),
    Case(
      rule: "rejectsSevenBytes", bytes: [UInt8](repeating: 0, count: 7),
      code: .safetensorsTooShort,
      message: "7 bytes, expected at least the 8 of the header length"),
    Case(
      rule: "rejectsLengthZero", bytes: [UInt8](repeating: 0, count: 8),
      code: .safetensorsHeaderEmpty, message: "header length is 0, expected at least 2"),
    Case(
      rule: "rejectsLengthOneMoreThanTheFile",
      bytes: fileBytes(header, data: 8, length: UInt64(header.utf8.count + 8 + 1)),
      code: .safetensorsHeaderPastEnd,
      message:
        "is not a safetensors file or is cut off: its header length is 63, but only 62 bytes "
        + "follow"),
    Case(
      rule: "rejectsLengthThatIsNegativeAsInt", bytes: fileBytes(header, length: 1 << 63),
      code: .safetensorsHeaderPastEnd,
      message: "is not a safetensors file or is cut off: its header length is 9223372036854775808, "
        + "but only 54 bytes follow"),
    Case(
      rule: "rejectsLengthThatWrapsWithThePrefix", bytes: fileBytes(header, length: .max),
      code: .safetensorsHeaderPastEnd,
      message:
        "is not a safetensors file or is cut off: its header length is 18446744073709551615, "
        + "but only 54 bytes follow"),
    Case(
      rule: "rejectsLengthInsideTheJSON", bytes: fileBytes(header, data: 8, length: 20),
      code: .jsonTruncated,
      message:
        "header, line 1, column 21: expected a key in double quotes, found the end of the text"),
    Case(
      rule: "rejectsLengthThatReachesIntoTheData",
      bytes: fileBytes(header, data: 8, length: UInt64(header.utf8.count + 1)),
      code: .jsonNULByte, message: "header, line 1, column 55: expected JSON text, found a NUL byte"
    ),
    Case(
      rule: "rejectsTrailingByte", bytes: fileBytes(header, data: 9),
      code: .safetensorsTrailingBytes,
      message: "1 byte after the last tensor, expected the file to end with it"),
    Case(
      rule: "rejectsTrailingZip", bytes: fileBytes(header, data: 8) + Array("PK\u{3}\u{4}".utf8),
      code: .safetensorsTrailingBytes,
      message: "4 bytes after the last tensor, expected the file to end with it"),
    Case(
      rule: "rejectsFileOneByteShort", bytes: fileBytes(header, data: 7),
      code: .safetensorsTruncated,
      message: "tensor \"a\": the file is cut off: 1 byte missing at its end; the tensor needs the "
        + "range 0..<8 of a data section that has 7 bytes; 1 of 1 tensors are incomplete; download "
        + "or copy the file again"),
  ]

  @Test(arguments: cases)
  func rejects(_ row: Case) throws {
    try folder.write(row.bytes, to: "model.safetensors")
    expectError(row.code, "model.safetensors: " + row.message, in: folder.path) {
      () throws(WeightsError) in
      _ = try SafetensorsFile(path: folder("model.safetensors"))
    }
  }

  @Test func rejectsEveryTruncation() throws {
    let bytes = fileBytes(Self.header, data: 8)
    for count in 0..<bytes.count {
      let path = try folder.write(Array(bytes[..<count]), to: "cut")
      #expect(throws: WeightsError.self, "cut at \(count)") { try SafetensorsFile(path: path) }
    }
    _ = try SafetensorsFile(path: folder.write(bytes, to: "whole"))
  }

  @Test func rejectsHeaderOverTheLimitBeforeReadingIt() throws {
    // A sparse file of 200 MB: the limit is looked at before memory is taken.
    let path = try folder.write(fileBytes("{}", length: 150_000_000), to: "big")
    #expect(unsafe truncate(path, 200_000_000) == 0)
    expectError(
      .safetensorsHeaderTooLarge,
      "big: header of 150000000 bytes, expected at most 100000000", in: folder.path
    ) { () throws(WeightsError) in _ = try SafetensorsFile(path: path) }
  }

  @Test func acceptsHeaderAtTheLimit() throws {
    let path = try folder.write(fileBytes(Self.header, data: 8), to: "data")
    var limits = SafetensorsLimits()
    limits.headerByteCount = Self.header.utf8.count
    _ = try SafetensorsFile(path: path, limits: limits)
    limits.headerByteCount -= 1
    expectError(
      .safetensorsHeaderTooLarge, "data: header of 54 bytes, expected at most 53", in: folder.path
    ) { () throws(WeightsError) in _ = try SafetensorsFile(path: path, limits: limits) }
  }

  @Test func passesOnWhatOpeningFinds() {
    let path = folder("pipe")
    #expect(unsafe mkfifo(path, 0o600) == 0)
    expectError(
      .fileNotRegular, "pipe: expected a regular file, found a pipe", in: folder.path
    ) { () throws(WeightsError) in _ = try SafetensorsFile(path: path) }
  }
}
