import DVLATestSupport

extension HostileCase {
  /// F: statistics of a policy.
  static let statistics: [HostileCase] = {
    var list = CaseList(.statistics)
    let feature = #"{"mean": [0.5, 1], "std": [1, 2]}"#
    @Sendable func openpi(_ state: String) -> String {
      #"{"norm_stats": {"state": \#(state), "actions": \#(feature)}}"#
    }
    for (group, what, code, text) in [
      ("F0", "sound statistics of openpi", nil, openpi(feature)),
      ("F0", "sound statistics of lerobot", nil, #"{"action": \#(feature)}"#),
      ("F0", "nothing", "json.truncated", ""), ("F0", "an empty object", "statistics.format", "{}"),
      ("F0", "a list", "json.type", "[1, 2]"),
      ("F0", "features of nobody", "statistics.format", #"{"state": \#(feature)}"#),
      ("F0", "a list for the features", "json.type", #"{"norm_stats": []}"#),
      ("F0", "100 000 brackets", "json.depth", #"{"x": "# + String(repeating: "[", count: 100_000)),
      (
        "F0", "a key twice", "json.duplicate-key",
        openpi(#"{"mean": [0, 1], "mean": [0, 2], "std": [1, 2]}"#)
      ),
      ("F10", "NaN", "json.non-finite", openpi(#"{"mean": [NaN, 1], "std": [1, 2]}"#)),
      ("F10", "Infinity", "json.non-finite", openpi(#"{"mean": [0, 1], "std": [1, Infinity]}"#)),
      ("F10", "1e999", "json.number-range", openpi(#"{"mean": [0, 1e999], "std": [1, 2]}"#)),
      ("F10", "true", "json.type", openpi(#"{"mean": [true, 1], "std": [1, 2]}"#)),
      ("F10", "a number as text", "json.type", openpi(#"{"mean": ["0", 1], "std": [1, 2]}"#)),
      ("F10", "null among the values", "json.type", openpi(#"{"mean": [null, 1], "std": [1, 2]}"#)),
      ("F10", "a list of lists", "json.type", openpi(#"{"mean": [[0, 1]], "std": [1, 2]}"#)),
      ("F10", "one number for all", "json.type", openpi(#"{"mean": 0.5, "std": [1, 2]}"#)),
      (
        "F10", "an integer that no double holds", "json.type",
        openpi(#"{"mean": [9007199254740993, 1], "std": [1, 2]}"#)
      ),
      ("F10", "no values", "statistics.empty", openpi(#"{"mean": [], "std": []}"#)),
      ("F10", "no fields", "statistics.missing", openpi("{}")),
      (
        "F10", "fields of two widths", "statistics.width",
        openpi(#"{"mean": [0, 1], "std": [1, 2, 3]}"#)
      ),
      (
        "F10", "a quantile of another width", "statistics.width",
        openpi(#"{"mean": [0, 1], "std": [1, 2], "q99": [1]}"#)
      ),
      (
        "F10", "600 000 values", "json.too-many-values",
        openpi(#"{"mean": [\#(String(repeating: "1,", count: 600_000))1]}"#)
      ),
    ] as [(String, String, String?, String)] {
      list.add(group, what, code, text: text)
    }
    list.add("F10", "17 MB", "statistics.format", [UInt8](repeating: 0x20, count: 16 << 20 | 1))
    let mean = "action.mean"
    list.add(
      "F10", "tensors of another type", "statistics.tensor",
      safetensors(members: member(mean, "I64", "[1]", "[0,8]"), data: 8))
    list.add(
      "F10", "tensors of two axes", "statistics.tensor",
      safetensors(members: member(mean, "F32", "[1,2]", "[0,8]"), data: 8))
    list.add(
      "F10", "tensors without elements", "statistics.empty",
      safetensors(members: member(mean, "F32", "[0]", "[0,0]"), data: 0))
    list.add(
      "F10", "tensors of nobody", "statistics.format",
      safetensors(members: member("mean", "F32", "[1]", "[0,4]"), data: 4))
    list.add(
      "F10", "a tensor of NaN", "statistics.not-finite",
      safetensors("{" + member(mean, "F32", "[1]", "[0,4]") + "}") + [0, 0, 0xC0, 0x7F])
    list.add(
      "C13", "tensors that share bytes", "safetensors.overlap",
      safetensors(
        members: member(mean, "F32", "[1]", "[0,4]"), member("action.std", "F32", "[1]", "[0,4]"),
        data: 4))
    return list.cases
  }()

  /// F: an array of NumPy, as states and noise come in.
  static let arrays: [HostileCase] = {
    var list = CaseList(.npy)
    @Sendable func file(_ header: String, version: UInt8 = 1, length: Int? = nil, data: Int = 12)
      -> [UInt8]
    {
      let count = length ?? header.utf8.count
      let size = (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
      var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8)
      bytes += [version, 0] + size
      bytes += Array(header.utf8)
      return bytes + [UInt8](repeating: 0, count: data)
    }
    @Sendable func header(
      descr: String = "'<f4'", fortran: String = "False", shape: String = "(3,)", more: String = ""
    ) -> String {
      "{'descr': \(descr), 'fortran_order': \(fortran), 'shape': \(shape)\(more), }\n"
    }
    list.add("F0", "a sound array", nil, file(header()))
    list.add("A1", "no byte", "npy.format", [])
    list.add("A8", "a pickle", "npy.format", [0x80, 4, 0x95, 0, 0, 0, 0, 0, 0, 0])
    list.add("A8", "an array of pickled objects", "npy.dtype", file(header(descr: "'|O'")))
    for version in [0, 4, 255] as [UInt8] {
      list.add("E2", "version \(version)", "npy.format", file(header(), version: version))
    }
    list.add("A3", "a header that ends behind the file", "npy.header", file(header(), length: 5000))
    list.add(
      "A3", "a header of 2^32 - 1 bytes", "npy.header",
      file(header(), version: 2, length: 0xFFFF_FFFF))
    list.add(
      "A5", "a header of 11 000 bytes", "npy.header",
      file(String(repeating: " ", count: 11_000) + header(), version: 2))
    for type in ["'>f4'", "'<f2'", "'<i4'", "'<c8'", "'f4'", "''", "'<U8'"] {
      list.add("C1", "elements of \(type)", "npy.dtype", file(header(descr: type)))
    }
    list.add("C1", "elements of a record", "npy.dtype", file(header(descr: "[('a', '<f4')]")))
    list.add(
      "F9", "a call in place of a value", "npy.header",
      file(header(descr: "__import__('os').system('true')")))
    for shape in [
      "3", "[3]", "(3.0,)", "(-3,)", "(03,)", "(99999999999999999999,)", "(3", "((3,),)",
    ] { list.add("C3", "a shape of \(shape)", "npy.header", file(header(shape: shape))) }
    list.add(
      "C5", "a product that wraps", "npy.shape", file(header(shape: "(4294967296, 4294967296)")))
    list.add(
      "C9", "66 axes", "npy.header",
      file(header(shape: "(" + String(repeating: "1,", count: 66) + ")")))
    for shape in ["(2,)", "(4,)", "(0,)", "()", "(1000000000000,)"] {
      list.add("C14", "a shape of \(shape) for 12 bytes", "npy.size", file(header(shape: shape)))
    }
    list.add("F9", "the other order", "npy.order", file(header(fortran: "True")))
    list.add("B12", "a key twice", "npy.header", file(header(more: ", 'descr': '<f8'")))
    list.add(
      "B15", "a key that is not known", "npy.header", file(header(more: ", 'allow_pickle': True")))
    list.add("A10", "bytes behind the array", "npy.size", file(header(), data: 13))
    return list.cases
  }()

  /// F: tokenizers, in both forms.
  static let tokenizers: [HostileCase] = {
    var json = CaseList(.tokenizerJSON)
    var model = CaseList(.tokenizerModel)
    @Sendable func patched(_ old: String, _ new: String) throws -> [UInt8] {
      let text = String(
        decoding: try FixtureFolder.bytes("tokenizers/tiny/tokenizer.json"), as: UTF8.self)
      return Array(text.replacing(old, with: new).utf8)
    }
    let malformed = "tokenizer.malformed"
    let unsupported = "tokenizer.unsupported"
    json.add("F0", "the tokenizer as it is", nil, building: { try patched("", "") })
    for (what, code, old, new) in [
      ("a model of another kind", unsupported, #""type":"BPE""#, #""type":"Unigram""#),
      ("a version of the future", unsupported, #""version":"1.0""#, #""version":"2.0""#),
      (
        "a pre-tokenizer of bytes", unsupported,
        #"{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious","invert":false}"#,
        #"{"type":"ByteLevel"}"#
      ),
      (
        "a pattern that is a regular expression", unsupported,
        #""pattern":{"String":" "},"content":"▁"},"pre"#,
        #""pattern":{"Regex":"(a+)+$"},"content":"▁"},"pre"#
      ),
      (
        "an unknown piece that is none", malformed, #""unk_token":"<unk>""#,
        #""unk_token":"<none>""#
      ), ("an id of 999 999 999", malformed, #"{"id":133"#, #"{"id":999999999"#),
      ("an id left out", unsupported, #"{"id":133"#, #"{"id":135"#),
      ("an id twice", malformed, #""he":8"#, #""he":9"#),
      ("an id of -1", malformed, #""he":8"#, #""he":-1"#),
      ("an id of 2^63", malformed, #""he":8"#, #""he":9223372036854775808"#),
      ("an id with a fraction", malformed, #""he":8"#, #""he":8.0"#),
      ("an id as text", malformed, #""he":8"#, #""he":"8""#),
      ("a merge of a piece that is none", malformed, #""he":8"#, #""hj":8"#),
      ("a merge of one piece", malformed, #"["h","e"]"#, #"["h"]"#),
      ("a merge of three pieces", malformed, #"["h","e"]"#, #"["h","e","r"]"#),
      ("a merge of numbers", malformed, #"["h","e"]"#, "[1,2]"),
      ("a merge twice", unsupported, #"["i","nd"]"#, #"["i","nd"],["i","nd"]"#),
      ("a piece twice", "json.duplicate-key", #""vocab":{"#, #""vocab":{"he":9,"#),
      ("a key that is not known", "json.unknown-key", #""dropout":null"#, #""rate":null"#),
      ("dropout", unsupported, #""dropout":null"#, #""dropout":0.1"#),
    ] {
      json.add("F9", what, code, building: { try patched(old, new) })
    }
    json.add("A1", "no byte", "json.truncated", [])
    json.add(
      "B18", "a piece of a megabyte", malformed,
      building: {
        try patched(#""vocab":{"#, #""vocab":{"\#(String(repeating: "a", count: 1 << 20))":134,"#)
      })
    json.add(
      "B18", "an unknown piece of a megabyte", malformed,
      building: {
        try patched(
          #""unk_token":"<unk>""#, #""unk_token":"\#(String(repeating: "a", count: 1 << 20))""#)
      })

    @Sendable func appended(_ bytes: [UInt8]) throws -> [UInt8] {
      try FixtureFolder.bytes("tokenizers/tiny/tokenizer.model") + bytes
    }
    @Sendable func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
      [number << 3 | 2, UInt8(content.count & 0x7F | 0x80), UInt8(content.count >> 7)] + content
    }
    @Sendable func piece(_ text: String, kind: UInt8 = 1, score: [UInt8] = [0, 0, 0, 0]) -> [UInt8]
    {
      field(1, field(1, Array(text.utf8)) + [2 << 3 | 5] + score + [3 << 3, kind])
    }
    model.add("F0", "the model as it is", nil, building: { try appended([]) })
    for (group, what, code, bytes) in [
      ("B18", "a piece of 513 bytes", malformed, piece(String(repeating: "x", count: 513))),
      ("F9", "a piece twice", malformed, piece("he")),
      ("F9", "an empty piece", malformed, piece("")),
      ("F9", "a second unknown piece", malformed, piece("<unk2>", kind: 2)),
      ("F9", "a piece of a kind that is not known", malformed, piece("x1", kind: 9)),
      ("F10", "a score of NaN", malformed, piece("x1", score: [0, 0, 0xC0, 0x7F])),
      ("F10", "a score of infinity", malformed, piece("x1", score: [0, 0, 0x80, 0x7F])),
      ("B1", "a piece that is no UTF-8", malformed, field(1, field(1, [0xC3, 0x28]))),
      ("B16", "a piece with a NUL", malformed, piece("a\0b", kind: 4)),
      ("E4", "a field of 2^35 bytes", malformed, [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
      (
        "E4", "a field of 2^63 bytes", malformed,
        [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
      ),
      ("E4", "a varint that does not end", malformed, [0x0A] + [UInt8](repeating: 0xFF, count: 20)),
      ("E4", "a group of old", malformed, [0x0B]),
      ("E4", "a field without a number", malformed, [0x02, 0]),
      ("E4", "a field that ends behind the file", malformed, [0x0A, 5, 1]),
    ] {
      model.add(group, what, code, building: { try appended(bytes) })
    }
    model.add("A1", "no byte", malformed, [])
    model.add("A8", "a pickle", malformed, [0x80, 4, 0x95, 0, 0, 0])
    model.add(
      "A7", "a tokenizer of the other form", malformed, Array("{\"version\": \"1.0\"}".utf8))
    return json.cases + model.cases
  }()
}
