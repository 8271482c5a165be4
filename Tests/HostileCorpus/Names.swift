extension HostileCase {
  /// B: names, and how many and how long things are.
  static let names: [HostileCase] = {
    var list = CaseList(.safetensors)
    func add(
      _ group: String, _ what: String, _ code: String?, name: String, upstreamTakesIt: Bool? = nil
    ) {
      list.add(
        group, what, code, upstreamTakesIt: upstreamTakesIt,
        safetensors("{\"\(name)\":\(oneByte)}", data: 1))
    }
    add("B16", "an empty name", "safetensors.name-empty", name: "", upstreamTakesIt: true)
    add(
      "B16", "a name of 1025 bytes", "safetensors.name-too-long",
      name: String(repeating: "n", count: 1025), upstreamTakesIt: true)
    add(
      "B16", "a name of a megabyte", "safetensors.name-too-long",
      name: String(repeating: "n", count: 1 << 20), upstreamTakesIt: true)
    add("B16", "a NUL in a name", "json.nul", name: #"a\u0000b"#, upstreamTakesIt: true)
    for (what, name) in [
      ("a newline", #"a\nb"#), ("a tab", #"a\tb"#),
      ("an escape sequence of terminals", #"\u001b[2J"#),
      ("DEL", "a\u{7F}"), ("a control of C1", "a\u{9B}31m"),
      ("an override of direction", "a\u{202E}b"),
      ("a joiner of no width", "a\u{200D}b"), ("a separator of lines", "a\u{2028}b"),
      ("a soft hyphen", "a\u{AD}b"), ("a byte order mark", "a\u{FEFF}b"),
    ] {
      add("B16", "\(what) in a name", "safetensors.name-control", name: name, upstreamTakesIt: true)
    }
    for (what, name) in [
      ("a name that climbs", "../../etc/passwd"), ("a name that is a path", "/etc/passwd"),
      ("a name with backslashes", #"..\\x"#), ("a name like that of the metadata", "__metadata"),
      ("a name of a space", " "), ("a name of another script", "名前"),
    ] {
      add("B16", what, nil, name: name)
    }
    list.add(
      "B17", "100 001 tensors without elements", "safetensors.tensor-count", upstreamTakesIt: true,
      safetensors(
        "{" + (0...100_000).map { member("t\($0)", "U8", "[0]", "[0,0]") }.joined(separator: ",")
          + "}"))
    let objects = Array(repeating: "{}", count: 1_000_000).joined(separator: ",")
    list.add(
      "B17", "a million empty objects", "safetensors.tensor-count",
      safetensors("{\"a\":[" + objects + "]}"))
    list.add(
      "B18", "a key of the metadata of 1025 bytes", "safetensors.metadata-too-long",
      upstreamTakesIt: true,
      safetensors(#"{"__metadata__":{"\#(String(repeating: "k", count: 1025))":""}}"#))
    list.add(
      "B18", "10 001 keys in the metadata", "safetensors.metadata-count", upstreamTakesIt: true,
      safetensors(
        #"{"__metadata__":{"# + (0...10_000).map { "\"k\($0)\":\"\"" }.joined(separator: ",") + "}}"
      ))
    return list.cases
  }()
}
