import DVLADiagnostics
import DVLAJSON
import DVLASafetensors
import DVLATestSupport
import Testing

/// Files that are taken for safetensors. The bytes are the beginnings of files that the programs
/// themselves wrote: torch 2.15, NumPy 2.4, Python 3.11's zipfile, pickle, gzip, lzma, bz2 and
/// tarfile, zstd and lz4.
@Suite struct FileKindTests {
  let folder: ScratchFolder
  init() throws { folder = try ScratchFolder() }

  struct Case: CustomTestStringConvertible, Sendable {
    let kind: FileKind
    let bytes: [UInt8]
    var testDescription: String { "\(kind)" }

    init(_ kind: FileKind, _ text: String) {
      self.kind = kind
      bytes = Array(text.utf8)
    }

    init(_ kind: FileKind, hex: String, zeros: Int = 0) {
      self.kind = kind
      let digits = Array(hex.utf8)
      bytes =
        stride(from: 0, to: digits.count, by: 2).map {
          UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) ?? 0
        } + [UInt8](repeating: 0, count: zeros)
    }

    init(_ kind: FileKind, _ bytes: [UInt8]) {
      self.kind = kind
      self.bytes = bytes
    }
  }

  static let cases: [Case] = [
    Case(
      .gitLFSPointer,
      "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
    Case(.html, "<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"),
    Case(.html, "\n  <HTML lang=\"en\"><body>404</body></HTML>"),
    Case(.xml, "\u{FEFF}<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"),
    Case(.json, "{\"metadata\": {\"total_size\": 5}, \"weight_map\": {}}"),
    Case(.json, "{\"error\":\"Repository not found\"}"),
    Case(
      .pyTorchZip,
      hex: "504b03040000080800000000000000000000000000000000000010001200617263686976652f646174612e"
        + "706b6c46420e005a5a5a5a5a5a5a5a5a5a5a5a5a5a80027d7100580100000077710163746f"),
    Case(
      .numPyZip,
      hex: "504b03042d0000000000000021006e99b228ffffffffffffffff05001400772e6e707901001000900000000"
        + "0000000900000000000000093"),
    Case(
      .zip,
      hex: "504b0304140000000000049a765dc3fec26e0900000009000000110000006d6f64656c2e736166657465"
        + "6e736f7273787878787878787878"),
    Case(.zip, hex: "504b0506000000000000000000000000000000000000"),
    Case(
      .pickle, hex: "80028a0a6cfc9c46f9206aa850192e80024de9032e80027d71002858100000"),
    Case(.pickle, hex: "80027d710058010000007771015d710228473ff0000000000000"),
    Case(.pickle, hex: "80049590030000000000007d948c0177945d9428473ff0000000000000"),
    Case(.pickle, hex: "80059590030000000000007d948c0177945d9428473ff0000000000000"),
    Case(.numPy, hex: "934e554d5059010076007b276465736372273a20273c6638272c"),
    Case(
      .tar, Array("m.safetensors".utf8) + [UInt8](repeating: 0, count: 244) + Array("ustar".utf8)),
    Case(.gguf, hex: "4747554603000000" + "23010000000000001900000000000000"),
    Case(.ggml, hex: "746a676703000000" + "007d0000"),
    Case(.hdf5, hex: "894844460d0a1a0a" + "0000000000080800"),
    Case(.messagePack, hex: "81a6706172616d7382a7456e636f646572"),
    Case(.onnx, hex: "080812077079746f7263681a05322e302e31"),
    Case(.tfLite, hex: "1c00000054464c33140020001c001800"),
    Case(.gzip, hex: "1f8b0800783f036b02ffaba8a03d00008f5d0e5e64000000"),
    // Written without a time, so that the length it spells is small.
    Case(.gzip, hex: "1f8b0800000000000203aba8a03d00008f5d0e5e64000000"),
    Case(.zstd, hex: "28b52ffd045849000078787878787878"),
    Case(.xz, hex: "fd377a585a000004e6d6b4460200210116000000"),
    Case(.bzip2, hex: "425a6839314159265359d184ad7b000002018040"),
    Case(.lz4, hex: "04224d186440a7090000807878787878"),
    Case(.png, hex: "89504e470d0a1a0a0000000d494844520000000a0000000a08020000"),
    Case(.jpeg, hex: "ffd8ffe000104a46494600010100000100010000ffdb0043"),
    Case(.zeros, hex: "", zeros: 4096),
  ]

  @Test(arguments: cases)
  func saysWhatItIsAndWhatToDo(_ row: Case) throws {
    try folder.write(row.bytes, to: "model.safetensors")
    expectError(
      .safetensorsOtherFormat,
      "model.safetensors: not a safetensors file: it is \(row.kind.noun); \(row.kind.advice)",
      in: folder.path
    ) { () throws(WeightsError) in _ = try SafetensorsFile(path: folder("model.safetensors")) }
  }

  @Test func knowsACaseForEveryKind() {
    #expect(Set(Self.cases.map(\.kind)) == Set(FileKind.allCases))
  }

  @Test func wordsTheCommonCase() throws {
    try folder.write(Self.cases[0].bytes, to: "model.safetensors")
    expectError(
      .safetensorsOtherFormat,
      "model.safetensors: not a safetensors file: it is a Git LFS pointer; run git lfs pull, or "
        + "download the file itself", in: folder.path
    ) { () throws(WeightsError) in _ = try SafetensorsFile(path: folder("model.safetensors")) }
  }

  // A header of 123 bytes begins with the length byte "{", one of 384 with a pickle's 80 01.
  @Test(arguments: [0x7B, 0x180, 0x12_0708])
  func leavesBrokenSafetensorsToTheirOwnError(length: Int) throws {
    let header = "{" + String(repeating: " ", count: length - 2) + "]"
    let path = try folder.write(fileBytes(header), to: "model.safetensors")
    #expect(throws: WeightsError(.jsonSyntax, "")) { try SafetensorsFile(path: path) }
    let cut = try folder.write(Array(fileBytes(header)[..<100]), to: "cut.safetensors")
    #expect(throws: WeightsError(.safetensorsHeaderPastEnd, "")) { try SafetensorsFile(path: cut) }
  }
}
