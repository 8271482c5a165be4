extension HostileCase {
  /// B: the header as JSON.
  static let headerTexts: [HostileCase] = {
    var list = CaseList(.safetensors)
    func add(
      _ group: String, _ what: String, _ code: String?, _ header: String, data: Int = 0,
      upstreamTakesIt: Bool? = nil
    ) {
      list.add(group, what, code, upstreamTakesIt: upstreamTakesIt, safetensors(header, data: data))
    }
    func add(_ group: String, _ what: String, _ code: String?, _ header: [UInt8], data: Int = 0) {
      list.add(group, what, code, safetensors(header, data: data))
    }
    @Sendable func named(_ name: [UInt8]) -> [UInt8] {
      Array(#"{""#.utf8) + name + Array("\":\(oneByte)}".utf8)
    }
    let text = "{\"a\":\(oneByte)}"

    add("B1", "a byte that no UTF-8 has", "json.utf8", named([0xFF]), data: 1)
    add("B1", "a continuation byte alone", "json.utf8", named([0x80]), data: 1)
    add("B1", "a scalar cut short", "json.utf8", named([0xE4, 0xB8]), data: 1)
    add("B1", "a scalar above U+10FFFF", "json.utf8", named([0xF4, 0x90, 0x80, 0x80]), data: 1)
    add("B1", "an overlong slash", "json.utf8-overlong", named([0xC0, 0xAF]), data: 1)
    add("B1", "an overlong NUL", "json.utf8-overlong", named([0xE0, 0x80, 0x80]), data: 1)
    add("B1", "a surrogate as UTF-8", "json.utf8-surrogate", named([0xED, 0xA0, 0x80]), data: 1)
    add(
      "B1", "half a pair of escapes, the first", "json.surrogate-escape",
      #"{"\ud800":\#(oneByte)}"#, data: 1)
    add(
      "B1", "half a pair of escapes, the second", "json.surrogate-escape",
      #"{"\udc00":\#(oneByte)}"#, data: 1)
    add(
      "B1", "a pair of escapes in the wrong order", "json.surrogate-escape",
      #"{"\udc00\ud800":\#(oneByte)}"#, data: 1)
    add("B2", "the byte order mark of UTF-8", "json.byte-order-mark", "\u{FEFF}" + text, data: 1)
    add(
      "B2", "UTF-16, little-endian", "json.byte-order-mark",
      [0xFF, 0xFE] + text.utf8.flatMap { [$0, 0] }, data: 1)
    add(
      "B2", "UTF-16, big-endian", "json.byte-order-mark",
      [0xFE, 0xFF] + text.utf8.flatMap { [0, $0] }, data: 1)
    add("B2", "UTF-16 without a mark", "json.nul-byte", text.utf8.flatMap { [$0, 0] }, data: 1)
    add("B2", "NUL bytes behind the text", "json.nul-byte", text + "\u{0}\u{0}", data: 1)
    add(
      "B3", "white space before and behind", nil, " \n\t" + text + "  \r\n", data: 1)
    add("B3", "white space behind, as upstream pads", nil, text + "       ", data: 1)
    list.add(
      "B4", "two megabytes of white space", nil,
      safetensors([UInt8](text.utf8) + [UInt8](repeating: 0x20, count: 2_000_000), data: 1))
    for (what, code, header) in [
      ("a comma before the brace", "json.trailing-comma", "{\"a\":\(oneByte),}"),
      (
        "a comma before the bracket", "json.trailing-comma",
        #"{"a":{"dtype":"U8","shape":[1,],"data_offsets":[0,1]}}"#
      ),
      ("a comma alone", "json.syntax", "{,}"),
      ("no comma", "json.syntax", #"{"a":\#(oneByte) "b":\#(oneByte)}"#),
      ("no colon", "json.syntax", #"{"a" \#(oneByte)}"#),
      ("a comment to the end of the line", "json.comment", "{\"a\":\(oneByte) // one\n}"),
      ("a comment between marks", "json.comment", "{/* one */\"a\":\(oneByte)}"),
      ("single quotes", "json.single-quote", "{'a':\(oneByte)}"),
      ("a key without quotes", "json.syntax", "{a:\(oneByte)}"),
      ("NaN", "json.non-finite", "{\"a\":NaN}"),
      ("Infinity", "json.non-finite", "{\"a\":Infinity}"),
      ("minus Infinity", "json.non-finite", "{\"a\":-Infinity}"),
      ("a plus sign", "json.number", "{\"a\":+1}"),
      ("a leading zero", "json.number", "{\"a\":01}"),
      ("a number that ends with its point", "json.number", "{\"a\":1.}"),
      ("a number that starts with its point", "json.number", "{\"a\":.5}"),
      ("a hexadecimal number", "json.number", "{\"a\":0x10}"),
      ("an exponent without digits", "json.number", "{\"a\":1e}"),
      ("a word in capitals", "json.syntax", "{\"a\":True}"),
      ("a newline in a string", "json.control-character", "{\"a\nb\":\(oneByte)}"),
      ("an escape that JSON does not have", "json.escape", #"{"\x41":\#(oneByte)}"#),
      ("a number beyond the largest double", "json.number-range", "{\"a\":1e999}"),
      ("an integer beyond 64 bits", "json.integer-range", "{\"a\":18446744073709551616}"),
      ("two texts", "json.trailing", "{\"a\":\(oneByte)}{}"),
      ("a bracket that closes a brace", "json.syntax", "{\"a\":\(oneByte)]"),
      ("no end", "json.truncated", "{\"a\":\(oneByte)"),
    ] {
      add("B5", what, code, header, data: 1)
    }
    for depth in [4, 128, 200_000] {
      add("B6", "\(depth) brackets", "json.depth", String(repeating: "[", count: depth))
    }
    add("B6", "1000 objects in each other", "json.depth", String(repeating: #"{"a":"#, count: 1000))
    for (what, header) in [
      ("an array", "[]"), ("null", "null"), ("a string", "\"{}\""), ("a number", "12"),
      ("true", "true"),
    ] {
      add("B7", "\(what) as the header", "safetensors.header-type", header)
    }
    add("B8", "no tensor", nil, "{}")
    add("B8", "metadata and no tensor", nil, #"{"__metadata__":{"format":"pt"}}"#)

    let twice = "json.duplicate-key"
    add(
      "B9", "a tensor twice, the same", twice, "{\"a\":\(oneByte),\"a\":\(oneByte)}", data: 1,
      upstreamTakesIt: true)
    add(
      "B9", "a tensor twice, with other bytes", twice,
      "{\(member("a", "U8", "[1]", "[0,1]")),\(member("a", "U8", "[2]", "[0,2]"))}", data: 2,
      upstreamTakesIt: true)
    add(
      "B10", "a tensor twice, once behind an escape", twice,
      #"{"t":\#(oneByte),"\u0074":\#(oneByte)}"#, data: 1, upstreamTakesIt: true)
    add(
      "B11", "two names that Unicode calls equal", nil,
      "{\(member("\u{E9}", "U8", "[1]", "[0,1]")),\(member("e\u{301}", "U8", "[1]", "[1,2]"))}",
      data: 2)
    add(
      "B12", "dtype twice", twice,
      #"{"a":{"dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1]}}"#, data: 1)
    add(
      "B12", "shape twice", twice,
      #"{"a":{"dtype":"U8","shape":[9],"shape":[],"data_offsets":[0,1]}}"#, data: 1)
    add(
      "B12", "data_offsets twice", twice,
      #"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,9],"data_offsets":[0,1]}}"#, data: 1)
    add("B12", "metadata twice", twice, #"{"__metadata__":{},"__metadata__":{}}"#)
    add(
      "B13", "a key of the metadata twice", twice, #"{"__metadata__":{"k":"1","k":"2"}}"#,
      upstreamTakesIt: true)
    add(
      "B13", "a key of the metadata twice, once behind an escape", twice,
      #"{"__metadata__":{"k":"1","\u006b":"2"}}"#, upstreamTakesIt: true)
    add(
      "B14", "null as the metadata", "safetensors.metadata-type", #"{"__metadata__":null}"#,
      upstreamTakesIt: true)
    add("B14", "an array as the metadata", "safetensors.metadata-type", #"{"__metadata__":[]}"#)
    add("B14", "a string as the metadata", "safetensors.metadata-type", #"{"__metadata__":"pt"}"#)
    for (what, value) in [
      ("a number", "1"), ("true", "true"), ("null", "null"), ("an object", "{}"),
      ("an array", "[]"),
    ] {
      add(
        "B14", "\(what) in the metadata", "safetensors.metadata-value",
        #"{"__metadata__":{"k":\#(value)}}"#)
    }
    add(
      "B14", "a tensor as the metadata", "safetensors.metadata-value",
      #"{"__metadata__":\#(oneByte)}"#, data: 1)
    add(
      "B15", "a field that is not known", "safetensors.field-unknown",
      #"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"strides":[1]}}"#, data: 1,
      upstreamTakesIt: true)
    add(
      "B15", "a field that is not known, 100 deep", "json.depth",
      #"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":"#
        + String(repeating: "[", count: 100) + String(repeating: "]", count: 100) + "}}", data: 1,
      upstreamTakesIt: true)
    add(
      "B15", "no dtype", "safetensors.field-missing", #"{"a":{"shape":[],"data_offsets":[0,1]}}"#,
      data: 1)
    add(
      "B15", "no shape", "safetensors.field-missing", #"{"a":{"dtype":"U8","data_offsets":[0,1]}}"#,
      data: 1)
    add(
      "B15", "no data_offsets", "safetensors.field-missing", #"{"a":{"dtype":"U8","shape":[]}}"#,
      data: 1)
    for (what, value) in [
      ("null", "null"), ("a number", "1"), ("a string", "\"U8\""), ("an array", "[]"),
    ] {
      add("B15", "\(what) in place of a tensor", "safetensors.entry-type", "{\"a\":\(value)}")
    }
    return list.cases
  }()
}
