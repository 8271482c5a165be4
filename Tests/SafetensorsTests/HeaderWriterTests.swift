import DVLADiagnostics
import DVLAFiles
import DVLASafetensors
import DVLATensors
import DVLATestSupport
import Foundation
import Testing

@Suite struct HeaderWriterTests {
  static func info(_ name: String, _ dtype: DType, _ shape: Shape) throws -> TensorInfo {
    try #require(TensorInfo(name: TensorName(name), dtype: dtype, shape: shape))
  }

  /// What Python's safetensors 0.8.0 writes (`safetensors.serialize`) for one tensor of every dtype
  /// it takes, given in the order of its enumeration, and three float32 tensors `b`, `a` and the
  /// one with the odd name.
  @Test func writesTheBytesOfTheLibrary() throws {
    let expected =
      #"{"__metadata__":{"k\t\n\r\b\f":"quote\" backslash\\ slash/ bell\u0007 del"# + "\u{7F}"
      + #" é 𝄞"},"t.uint64":{"dtype":"U64","shape":[3],"data_offsets":[0,24]},"#
      + #""t.int64":{"dtype":"I64","shape":[3],"data_offsets":[24,48]},"#
      + #""t.float64":{"dtype":"F64","shape":[3],"data_offsets":[48,72]},"#
      + #""t.complex64":{"dtype":"C64","shape":[3],"data_offsets":[72,96]},"#
      + #""a":{"dtype":"F32","shape":[2,0,5],"data_offsets":[96,96]},"#
      + #""b":{"dtype":"F32","shape":[],"data_offsets":[96,100]},"#
      + #""t.float32":{"dtype":"F32","shape":[3],"data_offsets":[100,112]},"#
      + #""é \"q\" \\ /":{"dtype":"F32","shape":[1,2],"data_offsets":[112,120]},"#
      + #""t.uint32":{"dtype":"U32","shape":[3],"data_offsets":[120,132]},"#
      + #""t.int32":{"dtype":"I32","shape":[3],"data_offsets":[132,144]},"#
      + #""t.bfloat16":{"dtype":"BF16","shape":[3],"data_offsets":[144,150]},"#
      + #""t.float16":{"dtype":"F16","shape":[3],"data_offsets":[150,156]},"#
      + #""t.uint16":{"dtype":"U16","shape":[3],"data_offsets":[156,162]},"#
      + #""t.int16":{"dtype":"I16","shape":[3],"data_offsets":[162,168]},"#
      + #""t.float8_e5m2fnuz":{"dtype":"F8_E5M2FNUZ","shape":[3],"data_offsets":[168,171]},"#
      + #""t.float8_e4m3fnuz":{"dtype":"F8_E4M3FNUZ","shape":[3],"data_offsets":[171,174]},"#
      + #""t.float8_e8m0fnu":{"dtype":"F8_E8M0","shape":[3],"data_offsets":[174,177]},"#
      + #""t.float8_e4m3fn":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[177,180]},"#
      + #""t.float8_e5m2":{"dtype":"F8_E5M2","shape":[3],"data_offsets":[180,183]},"#
      + #""t.int8":{"dtype":"I8","shape":[3],"data_offsets":[183,186]},"#
      + #""t.uint8":{"dtype":"U8","shape":[3],"data_offsets":[186,189]},"#
      + #""t.float4_e2m1fn_x2":{"dtype":"F4","shape":[6],"data_offsets":[189,192]},"#
      + #""t.bool":{"dtype":"BOOL","shape":[3],"data_offsets":[192,195]}}"#
    let names: [(String, DType)] = [
      ("bool", .bool), ("uint8", .u8), ("int8", .i8), ("float8_e5m2", .f8E5M2),
      ("float8_e4m3fn", .f8E4M3), ("float8_e8m0fnu", .f8E8M0), ("float8_e4m3fnuz", .f8E4M3FNUZ),
      ("float8_e5m2fnuz", .f8E5M2FNUZ), ("int16", .i16), ("uint16", .u16), ("float16", .f16),
      ("bfloat16", .bf16), ("int32", .i32), ("uint32", .u32), ("float32", .f32),
      ("complex64", .c64), ("float64", .f64), ("int64", .i64), ("uint64", .u64),
    ]
    var tensors = try names.map { try Self.info("t.\($0)", $1, [3]) }
    tensors += [
      try Self.info("t.float4_e2m1fn_x2", .f4, [6]), try Self.info("b", .f32, []),
      try Self.info("a", .f32, [2, 0, 5]), try Self.info("é \"q\" \\ /", .f32, [1, 2]),
    ]
    let layout = try SafetensorsLayout(
      tensors: tensors,
      metadata: [("k\t\n\r\u{8}\u{C}", "quote\" backslash\\ slash/ bell\u{7} del\u{7F} é 𝄞")])
    let text = String(decoding: layout.headerBytes.dropFirst(8), as: UTF8.self)
    #expect(text.trimmingCharacters(in: .whitespaces) == expected)
    #expect(layout.headerBytes.count % 8 == 0)
    #expect(text.utf8.count - expected.utf8.count < 8)
    #expect(layout.byteCount == layout.dataStart + 195)
    #expect(layout.fileOffset(of: "b") == layout.dataStart + 96)
    #expect(layout.fileOffset(of: "c") == nil)
  }

  @Test func writesAnEmptyFileAsTheLibraryDoes() throws {
    let layout = try SafetensorsLayout(tensors: [])
    #expect(layout.headerBytes == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
    #expect(layout.byteCount == 16)
  }

  /// Every checkpoint of the fixtures was written by the Python library.
  @Test func rewritesTheHeaderOfEveryFixture() throws {
    let root = FixtureFolder.path("checkpoints")
    let names = try #require(FileManager.default.enumerator(atPath: root))
      .compactMap { $0 as? String }.filter { $0.hasSuffix(".safetensors") }
    #expect(names.count >= 37)
    for name in names {
      let file = try SafetensorsFile(path: root + "/" + name)
      let layout = try SafetensorsLayout(
        tensors: file.tensors.shuffled(), metadata: file.header.metadata)
      let written = try file.file.bytes(at: 0, count: file.header.dataStart)
      #expect(layout.headerBytes == written, "\(name)")
      #expect(layout.entries == file.header.entries, "\(name)")
      #expect(layout.byteCount == file.file.byteCount, "\(name)")
    }
  }

  @Test func opensEveryFixtureFolder() throws {
    let root = FixtureFolder.path("checkpoints")
    for model in FixtureFolder.names(in: "checkpoints") {
      for naming in FixtureFolder.names(in: "checkpoints/\(model)") {
        let checkpoint = try Checkpoint(path: "\(root)/\(model)/\(naming)")
        #expect(!checkpoint.tensors.isEmpty)
        #expect(checkpoint.remarks.isEmpty, "\(model)/\(naming)")
      }
    }
  }

  @Test(arguments: [1, 8, 64, 4096])
  func alignsTheData(alignment: Int) throws {
    for length in 1...70 {
      let name = String(repeating: "n", count: length)
      let (bytes, offsets) = try SafetensorsHeaderWriter.headerBytes(
        entries: [(TensorName(name), .u8, [5]), ("x y", .f32, [2])], metadata: nil,
        alignment: alignment)
      #expect(bytes.count % alignment == 0)
      #expect(offsets == [0..<5, 5..<13])
      let json = Array(bytes.dropFirst(8))
      let header = try unsafe SafetensorsHeader.parse(
        json.span.bytes, fileByteCount: bytes.count + 13)
      #expect(header.dataStart == bytes.count)
      #expect(header.entries.map(\.info.name.string) == [name, "x y"])
    }
  }

  @Test func keepsTheGivenOrderOnRequest() throws {
    let tensors = try [Self.info("z", .u8, [1]), Self.info("a", .f32, [1])]
    let given = try SafetensorsLayout(tensors: tensors, order: .given)
    #expect(given.entries.map(\.info.name) == ["z", "a"])
    #expect(given.entries.map(\.range) == [0..<1, 1..<5])
    let library = try SafetensorsLayout(tensors: tensors)
    #expect(library.entries.map(\.info.name) == ["a", "z"])
  }

  @Test func refusesWhatWouldNotBeRead() throws {
    typealias Entry = (name: TensorName, dtype: DType, shape: Shape)
    let huge = Shape([1 << 40])
    let cases: [([Entry], WeightsError.Code, String)] = [
      (
        [("a", .u8, [1]), ("a", .u8, [1])], .safetensorsNameDuplicate,
        "tensor \"a\": two tensors have this name"
      ),
      ([("", .u8, [1])], .safetensorsNameEmpty, "tensor \"\": a tensor has an empty name"),
      (
        [("a\nb", .u8, [1])], .safetensorsNameControl,
        "tensor \"a\\u{a}b\": name contains the invisible character U+A"
      ),
      (
        [("__metadata__", .u8, [1])], .safetensorsNameReserved,
        "tensor \"__metadata__\": this name is reserved for the metadata of the file"
      ),
      (
        [("a", .u8, [1, 1, 1, 1, 1, 1, 1, 1, 1])], .safetensorsRank,
        "tensor \"a\": 9 dimensions, expected at most 8"
      ),
      (
        [("a", .f4, [3])], .safetensorsPartialByte,
        "tensor \"a\": F4 [3] has 3 elements of 4 bits, which do not fill whole bytes"
      ),
      (
        [("a", .f64, Shape([1 << 58]))], .safetensorsSizeOverflow,
        "tensor \"a\": F64 [288230376151711744] has more than 2^63 - 1 bits"
      ),
      (
        (0..<9).map { (TensorName("t\($0)"), DType.u8, Shape([1 << 60 - 1])) } + [("z", .u8, huge)],
        .safetensorsSizeOverflow, "tensor \"t8\": with it the tensors have more than 2^63 - 1 bytes"
      ),
    ]
    for (entries, code, line) in cases {
      expectError(code, line) { () throws(WeightsError) in
        _ = try SafetensorsHeaderWriter.headerBytes(entries: entries, metadata: nil)
      }
    }
  }

  @Test func refusesMetadataThatWouldNotBeRead() {
    expectError(
      .safetensorsMetadataNUL, "\"__metadata__\": key \"a\\u{0}\" contains a NUL"
    ) { () throws(WeightsError) in
      _ = try SafetensorsHeaderWriter.headerBytes(entries: [], metadata: [("a\0", "")])
    }
    expectError(
      .safetensorsNameDuplicate, "\"__metadata__\": key \"a\" occurs twice"
    ) { () throws(WeightsError) in
      _ = try SafetensorsHeaderWriter.headerBytes(entries: [], metadata: [("a", ""), ("a", "")])
    }
    var limits = SafetensorsLimits()
    limits.headerByteCount = 23
    expectError(
      .safetensorsHeaderTooLarge, "header of 24 bytes, expected at most 23"
    ) { () throws(WeightsError) in
      _ = try SafetensorsHeaderWriter.headerBytes(entries: [], metadata: [], limits: limits)
    }
  }
}
