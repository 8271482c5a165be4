extension HostileCase {
  /// A: the length prefix, and the file as a whole.
  static let wholeFiles: [HostileCase] = {
    var list = CaseList(.safetensors)
    let header = "{" + member("a", "F32", "[2]", "[0,8]") + "}"
    let count = UInt64(header.utf8.count)
    let short = "safetensors.too-short"
    let past = "safetensors.header-past-end"

    list.add("A1", "no byte", short, [])
    list.add("A1", "one byte", short, [8])
    list.add("A1", "seven bytes", short, [UInt8](repeating: 0, count: 7))
    list.add("A2", "a length of 0 and no more", "safetensors.header-empty", safetensors(""))
    list.add(
      "A2", "a length of 0 before data", "safetensors.header-empty", safetensors("", data: 9))
    list.add("A2", "a length of 2 and no more", past, safetensors("", length: 2))
    list.add(
      "A3", "the length of the whole file", past, safetensors(header, data: 8, length: count + 16))
    list.add(
      "A3", "a length that ends one byte behind the file", past,
      safetensors(header, data: 8, length: count + 9))
    for (what, length) in [
      ("2^32", 1 << 32), ("2^63 - 1", (1 << 63) - 1), ("2^63", 1 << 63), ("2^64 - 8", .max - 7),
      ("2^64 - 1", .max),
    ] as [(String, UInt64)] {
      list.add("A4", "a length of \(what)", past, safetensors(header, data: 8, length: length))
    }
    list.add("A5", "a header of 100 000 001 bytes", "safetensors.header-too-large", tooLong())
    list.add(
      "A6", "a length that cuts the header short", "json.truncated",
      safetensors(header, data: 8, length: 20))
    list.add(
      "A6", "a length that reaches into the data", "json.nul-byte",
      safetensors(header, data: 8, length: count + 1))
    for (what, bytes) in otherFormats {
      list.add(
        what.contains("pickle") ? "A8" : "A7", what + " under the name of safetensors",
        "safetensors.other-format", bytes)
    }
    let whole = safetensors(header, data: 8)
    for cut in [8, 9, 20, whole.count - 9] {
      list.add("A9", "cut to \(cut) bytes", past, Array(whole.prefix(cut)))
    }
    for cut in [whole.count - 8, whole.count - 7, whole.count - 1] {
      list.add("A9", "cut to \(cut) bytes", "safetensors.truncated", Array(whole.prefix(cut)))
    }
    let trailing = "safetensors.trailing-bytes"
    list.add("A10", "a byte behind the data", trailing, whole + [0])
    list.add("A10", "a zip archive behind the data", trailing, whole + Array("PK\u{3}\u{4}".utf8))
    list.add("A10", "a second file behind the data", trailing, whole + whole)
    return list.cases
  }()

  /// White space alone, which no limit on what is in it would stop.
  private static func tooLong() -> [UInt8] {
    let count = 100_000_001
    return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
      + [UInt8](repeating: 0x20, count: count)
  }

  private static let otherFormats: [(String, [UInt8])] = [
    (
      "a Git LFS pointer",
      Array("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n".utf8)
    ),
    ("a page of HTML", Array("<!DOCTYPE html><html><head>404</head></html>".utf8)),
    ("a page of XML", Array("<?xml version=\"1.0\"?><Error>AccessDenied</Error>".utf8)),
    ("a zip archive", Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 20, count: 60)),
    ("an empty zip archive", Array("PK\u{5}\u{6}".utf8) + [UInt8](repeating: 0, count: 18)),
    (
      "a checkpoint of PyTorch (a pickle in a zip archive)",
      Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 26) + Array("archive/data.pkl".utf8)
        + [UInt8](repeating: 80, count: 40)
    ),
    ("an old pickle of PyTorch", [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20]),
    (
      "a pickle that would run a command",
      [0x80, 0x04] + Array("cposix\nsystem\n(S'true'\ntR.".utf8)
    ),
    ("a GGUF file", Array("GGUF".utf8) + [3, 0, 0, 0] + [UInt8](repeating: 1, count: 40)),
    ("a GGML file", Array("lmgg".utf8) + [UInt8](repeating: 1, count: 40)),
    (
      "a NumPy archive",
      Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 26) + Array("weights.npy".utf8)
        + [UInt8](repeating: 7, count: 30)
    ),
    ("a NumPy array", [0x93] + Array("NUMPY".utf8) + [1, 0] + [UInt8](repeating: 0x20, count: 60)),
    (
      "a tar archive",
      [UInt8](repeating: 0x61, count: 257) + Array("ustar".utf8) + [UInt8](repeating: 0, count: 250)
    ),
    ("an HDF5 file", [0x89] + Array("HDF\r\n\u{1A}\n".utf8) + [UInt8](repeating: 0, count: 40)),
    (
      "a checkpoint of Flax",
      [0x81, 0xA6] + Array("params".utf8) + [UInt8](repeating: 0x81, count: 20)
    ),
    (
      "an ONNX model",
      [0x08, 0x08, 0x12, 0x07] + Array("pytorch".utf8) + [UInt8](repeating: 0x3A, count: 20)
    ),
    (
      "a TensorFlow Lite model",
      [0x1C, 0, 0, 0] + Array("TFL3".utf8) + [UInt8](repeating: 20, count: 30)
    ),
    ("gzip data", [0x1F, 0x8B, 8, 0] + [UInt8](repeating: 9, count: 30)),
    ("zstd data", [0x28, 0xB5, 0x2F, 0xFD, 0x24] + [UInt8](repeating: 9, count: 30)),
    ("xz data", [0xFD] + Array("7zXZ\u{0}".utf8) + [UInt8](repeating: 9, count: 30)),
    ("bzip2 data", Array("BZh91AY&SY".utf8) + [UInt8](repeating: 9, count: 30)),
    ("lz4 data", [0x04, 0x22, 0x4D, 0x18] + [UInt8](repeating: 0x64, count: 30)),
    ("JSON without a length", Array(#"{"weight_map": {}, "metadata": {}}"#.utf8)),
    ("zeros of an unfinished download", [UInt8](repeating: 0, count: 4096)),
  ]
}
