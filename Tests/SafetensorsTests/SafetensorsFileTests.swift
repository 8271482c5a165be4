import DVLADiagnostics
import DVLAFiles
import DVLASafetensors
import DVLATensors
import DVLATestSupport
import Foundation
import Testing

@Suite struct SafetensorsFileTests {
  let folder: ScratchFolder
  init() throws { folder = try ScratchFolder() }

  func open() throws -> SafetensorsFile {
    let header =
      "{\(member("b", "U8", "[2,3]", "[4,10]")),\(member("a", "F32", "[1]", "[0,4]")),"
      + "\(member("e", "F32", "[0]", "[10,10]"))}"
    return try SafetensorsFile(path: folder.write(fileBytes(header, data: 10), to: "data"))
  }

  @Test func listsAndReadsTensors() throws {
    let file = try open()
    #expect(file.tensors.map(\.name) == ["a", "b", "e"])
    #expect(file.info(of: "b")?.shape == [2, 3])
    #expect(file.info(of: "c") == nil)
    #expect(file.fileOffset(of: "b") == file.header.dataStart + 4)
    #expect(try file.bytes(of: "a") == [0, 1, 2, 3])
    #expect(try file.bytes(of: "b") == [4, 5, 6, 7, 8, 9])
    #expect(try file.bytes(of: "e") == [])
    var part: [UInt8] = [0, 0]
    var span = part.mutableSpan
    var raw = unsafe span.mutableBytes
    try file.read("b", at: 3, into: &raw)
    #expect(part == [7, 8])
  }

  @Test(arguments: [(0, 7), (6, 1), (7, 0), (-1, 1), (.max, 1)])
  func rejectsRangesOutsideATensor(offset: Int, count: Int) throws {
    let file = try open()
    expectError(
      .tensorRange,
      "data: tensor \"b\": cannot read \(count) bytes at offset \(offset) of a tensor of 6 bytes",
      in: folder.path
    ) { () throws(WeightsError) in
      var bytes = [UInt8](repeating: 0, count: count)
      var span = bytes.mutableSpan
      var raw = unsafe span.mutableBytes
      try file.read("b", at: offset, into: &raw)
    }
  }

  @Test func rejectsUnknownTensor() throws {
    let file = try open()
    expectError(.unknownTensor, "data: tensor \"x\": no such tensor", in: folder.path) {
      () throws(WeightsError) in
      var bytes: [UInt8] = []
      var span = bytes.mutableSpan
      var raw = unsafe span.mutableBytes
      try file.read("x", at: 0, into: &raw)
    }
  }

  @Test func namesTheTensorWhenTheFileShrinks() throws {
    let file = try open()
    let start = file.header.dataStart
    #expect(unsafe truncate(folder("data"), start + 6) == 0)
    #expect(try file.bytes(of: "a") == [0, 1, 2, 3])
    expectError(
      .fileShrank,
      "data: tensor \"b\": ends at byte \(start + 6), but had \(start + 10) bytes when it was opened",
      kind: .inputOutput, in: folder.path
    ) { () throws(WeightsError) in _ = try file.bytes(of: "b") }
  }
}
