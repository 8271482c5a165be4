extension HostileCase {
  /// D: a checkpoint in several files.
  static let folders: [HostileCase] = {
    let one = safetensors("{" + member("a", "U8", "[1]", "[0,1]") + "}", data: 1)
    let two = safetensors("{" + member("b", "U8", "[2]", "[0,2]") + "}", data: 2)
    let (first, second) = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    let sound = ["a": first, "b": second]
    @Sendable func index(_ map: [String: String]) -> String {
      let members = map.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }
      return "{\"metadata\":{\"total_size\":3},\"weight_map\":{\(members.joined(separator: ","))}}"
    }
    var cases: [HostileCase] = []
    func add(_ group: String, _ what: String, _ code: String?, _ entries: [String: Entry]) {
      cases.append(HostileCase(group, .folder, what, code, .folder(entries)))
    }
    func add(
      _ group: String, _ what: String, _ code: String?, index text: String,
      _ changes: [String: Entry] = [:], without absent: [String] = []
    ) {
      var entries: [String: Entry] = [
        "model.safetensors.index.json": .file(Array(text.utf8)), first: .file(one),
        second: .file(two),
      ]
      for name in absent { entries[name] = nil }
      entries.merge(changes) { $1 }
      add(group, what, code, entries)
    }
    add("D0", "two shards and their index, all sound", nil, index: index(sound))
    for name in [
      "../x.safetensors", "a/../../x.safetensors", "/etc/x.safetensors", #"C:\\x.safetensors"#,
      #"..\\x.safetensors"#, "%2e%2e%2fx.safetensors", "", ".", "..", ".hidden.safetensors",
      "x.safetensors/",
      #"x\u0000.safetensors"#, #"x\n.safetensors"#, "x.bin", "x", "é.safetensors",
      "model.safetensors ",
      String(repeating: "n", count: 255) + ".safetensors", "file:///x.safetensors",
      "https://x/y.safetensors",
    ] {
      add(
        "D1", "a shard called \(name.prefix(40))", "checkpoint.shard-name",
        index: index(["a": first, "b": name]))
    }
    add(
      "D2", "a shard that is a link", "file.link", index: index(sound), [second: .link(to: first)])
    add(
      "D2", "a shard that is a link out of the folder", "file.link", index: index(sound),
      [second: .link(to: "/etc/passwd")])
    add(
      "D2", "a shard that is a link to itself", "file.link", index: index(sound),
      [second: .link(to: second)])
    add(
      "D2", "a shard that is a link to nothing", "file.link", index: index(sound),
      [second: .link(to: "nothing")])
    add("D2", "a shard that is a pipe", "file.not-regular", index: index(sound), [second: .pipe])
    add(
      "D2", "a shard that is a folder", "file.not-regular", index: index(sound), [second: .folder])
    add(
      "D2", "an index that is a pipe", "file.not-regular", index: "",
      ["model.safetensors.index.json": .pipe])
    add(
      "D2", "an index that is a link", "file.link", index: "",
      ["model.safetensors.index.json": .link(to: "/etc/passwd")])
    add(
      "D2", "a configuration that is a link", "file.link", index: index(sound),
      ["config.json": .link(to: "/etc/passwd")])
    add(
      "D3", "a shard that is not there", "checkpoint.shard-missing", index: index(sound),
      without: [second])
    add(
      "D3", "a tensor that no shard has", "checkpoint.tensor-missing",
      index: index(["a": first, "b": second, "c": second]))
    add(
      "D4", "a tensor that the index does not have", "checkpoint.tensor-unknown",
      index: index(sound),
      [
        second: .file(
          safetensors(
            members: member("b", "U8", "[2]", "[0,2]"), member("c", "U8", "[1]", "[2,3]"),
            data: 3))
      ])
    add(
      "D4", "a shard that the index does not have", "checkpoint.shard-unknown", index: index(sound),
      ["model-00003-of-00003.safetensors": .file(one)])
    add(
      "D5", "a tensor in two shards, the same", "checkpoint.tensor-twice",
      index: index(["a": first, "b": second]),
      [
        second: .file(
          safetensors(
            "{\(member("a", "U8", "[1]", "[0,1]")),\(member("b", "U8", "[1]", "[1,2]"))}", data: 2))
      ])
    add(
      "D6", "tensors in each other's shards", "checkpoint.tensor-misplaced",
      index: index(["a": second, "b": first]))
    for (what, names) in [
      (
        "a number left out",
        ["model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors"]
      ),
      ("two counts", ["model-00001-of-00002.safetensors", "model-00002-of-00003.safetensors"]),
      ("two stems", ["model-00001-of-00002.safetensors", "other-00002-of-00002.safetensors"]),
      ("a number of 0", ["model-00000-of-00002.safetensors", "model-00001-of-00002.safetensors"]),
      ("a number twice", ["model-1-of-00002.safetensors", "model-00001-of-00002.safetensors"]),
      ("one that is no shard", ["model-00001-of-00002.safetensors", "model.safetensors"]),
    ] {
      add(
        "D7", "shards with \(what)", "checkpoint.shard-set",
        index: index(["a": names[0], "b": names[1]]),
        [names[0]: .file(one), names[1]: .file(two)], without: [first, second])
    }
    add("D7", "a total that is wrong", nil, index: index(sound).replacing(":3}", with: ":4}"))
    add(
      "D7", "a total that is negative", "checkpoint.index",
      index: index(sound).replacing(":3}", with: ":-1}"))
    add(
      "D7", "a total that is text", "checkpoint.index",
      index: index(sound).replacing(":3}", with: ":\"3\"}"))
    add(
      "D7", "a total of 1e300", "checkpoint.index",
      index: index(sound).replacing(":3}", with: ":1e300}"))
    for (what, code, text) in [
      ("an array", "checkpoint.index", "[]"), ("null", "checkpoint.index", "null"),
      ("no map", "checkpoint.index", #"{"metadata":{}}"#),
      ("an empty map", "checkpoint.index", #"{"weight_map":{}}"#),
      ("an array as its map", "checkpoint.index", #"{"weight_map":[]}"#),
      ("a number in its map", "checkpoint.index", #"{"weight_map":{"a":1}}"#),
      ("an array in its map", "checkpoint.index", #"{"weight_map":{"a":["x.safetensors"]}}"#),
      (
        "an array as its metadata", "checkpoint.index",
        index(sound).replacing(#"{"total_size":3}"#, with: "[]")
      ),
      (
        "a key that is not known", "checkpoint.index",
        #"{"weight_map":{"a":"\#(first)"},"url":"x"}"#
      ),
      (
        "a tensor twice", "json.duplicate-key",
        #"{"weight_map":{"a":"\#(first)","a":"\#(second)"}}"#
      ),
      (
        "two maps", "json.duplicate-key",
        #"{"weight_map":{"a":"\#(first)"},"weight_map":{"b":"\#(second)"}}"#
      ),
      ("1000 brackets", "json.depth", String(repeating: "[", count: 1000)),
      ("half of itself", "json.truncated", #"{"weight_map":{"a":"#),
      ("nothing", "json.truncated", ""),
      ("an empty name", "safetensors.name-empty", #"{"weight_map":{"":"\#(first)"}}"#),
      (
        "a name with an escape sequence", "safetensors.name-control",
        #"{"weight_map":{"\u001b[2J":"\#(first)"}}"#
      ),
    ] {
      add("D8", "an index that is or has \(what)", code, index: text)
    }
    add(
      "D8", "an index of 200 000 tensors", "json.too-many-values",
      index: "{\"weight_map\":{"
        + (0..<200_000).map { "\"t\($0)\":\"x.safetensors\"" }.joined(separator: ",") + "}}")
    add(
      "D8", "an index with a million empty objects", "json.too-many-objects",
      index: "{\"metadata\":["
        + Array(repeating: "{}", count: 1_000_000).joined(separator: ",") + "]}")
    add(
      "D10", "one file and shards", "checkpoint.ambiguous", index: index(sound),
      ["model.safetensors": .file(one)])
    add(
      "D10", "two files and no index", "checkpoint.ambiguous",
      ["a.safetensors": .file(one), "b.safetensors": .file(two)])
    add(
      "D10", "two indexes", "checkpoint.ambiguous",
      ["a.safetensors.index.json": .file([]), "b.safetensors.index.json": .file([])])
    add(
      "D10", "shards and no index", "checkpoint.index-missing",
      [first: .file(one), second: .file(two)])
    add("D10", "nothing", "checkpoint.empty", [:])
    add("D10", "a pickle alone", "checkpoint.empty", ["pytorch_model.bin": .file([0x80, 2])])
    add("D10", "one hidden file", "checkpoint.empty", [".model.safetensors": .file(one)])
    let step = "checkpoints/000100/pretrained_model/model.safetensors"
    let other = "checkpoints/000200/pretrained_model/model.safetensors"
    add("D11", "a training run with one step", nil, [step: .file(one)])
    add(
      "D11", "a training run with a last step", nil,
      [step: .file(one), other: .file(two), "checkpoints/last": .link(to: "000200")])
    add(
      "D11", "a training run with two steps and no last", "checkpoint.steps",
      [step: .file(one), other: .file(two)])
    for target in ["/", "../..", "000100/pretrained_model", "000300", "last"] {
      add(
        "D11", "a training run whose last step is a link to \(target)", "file.link",
        [step: .file(one), "checkpoints/last": .link(to: target)])
    }
    add(
      "D11", "a training run whose model is a link", "checkpoint.empty",
      ["checkpoints/000100/pretrained_model": .link(to: "/etc")])
    add(
      "D11", "a training run in a training run, again and again", "checkpoint.empty",
      [
        "checkpoints/checkpoints/checkpoints/checkpoints/pretrained_model/model.safetensors": .file(
          one)
      ])
    add(
      "D11", "folders of transformers' Trainer", "checkpoint.steps",
      ["checkpoint-100": .folder, "checkpoint-200": .folder])
    add(
      "D11", "an adapter beside the weights", "checkpoint.adapter",
      ["model.safetensors": .file(one), "adapter_config.json": .file(Array("{}".utf8))])
    return cases
  }()
}
