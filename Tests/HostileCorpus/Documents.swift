import DVLATestSupport

extension HostileCase {
  /// What is wrong with a text that should be JSON, whatever document it is.
  private static let unreadable: [(what: String, code: String, text: String)] = [
    ("nothing", "json.truncated", ""), ("half of itself", "json.truncated", #"{"schema": 1,"#),
    ("1000 brackets", "json.depth", String(repeating: "[", count: 1000)),
    ("with a key twice", "json.duplicate-key", #"{"schema": 1, "schema": 1}"#),
    ("with a comment", "json.comment", "{/* */}"),
    ("with a comma too many", "json.trailing-comma", "{\"a\": 1,}"),
    ("two documents", "json.trailing", "{}{}"), ("NaN", "json.non-finite", "NaN"),
    ("UTF-8 with a mark", "json.byte-order-mark", "\u{FEFF}{}"),
    ("a key with a NUL", "json.nul", #"{"a\u0000b": 1}"#),
  ]

  static func document(_ door: Door, root: String? = "json.type") -> CaseList {
    var list = CaseList(door)
    for (what, code, text) in unreadable {
      list.add("F0", "a document that is \(what)", code, text: text)
    }
    list.add(
      "F0", "a document that is no UTF-8", "json.utf8",
      Array("{\"".utf8) + [0xFF] + Array("\": 1}".utf8))
    if let root {
      list.add("F0", "an array as the document", root, text: "[]")
      list.add("F0", "null as the document", root, text: "null")
    }
    return list
  }

  /// F: `config.json` of a DINOv2 with four layers of width 22.
  static let configurations: [HostileCase] = {
    var list = document(.config, root: nil)
    func add(_ group: String, _ what: String, _ code: String?, _ old: String, _ new: String) {
      list.add(
        group, what, code,
        text: String(
          decoding: try FixtureFolder.bytes("checkpoints/dinov2/hf/config.json"), as: UTF8.self
        ).replacing(old, with: new))
    }
    add("F0", "the configuration as it is", nil, "", "")
    for (what, value) in [
      ("0", "0"), ("1", "1"), ("3", "3"), ("5", "5"), ("a thousand million", "1000000000"),
      ("2^63 - 1", "9223372036854775807"),
    ] {
      add(
        "F4", "\(what) layers for four", "remap.contradiction", #""num_hidden_layers": 4"#,
        #""num_hidden_layers": \#(value)"#)
    }
    for (what, value) in [
      ("minus four", "-4"), ("four and a half", "4.5"), ("text", "\"4\""),
      ("2^64", "18446744073709551615"),
    ] {
      add(
        "F4", "a number of layers that is \(what)", "remap.contradiction",
        #""num_hidden_layers": 4"#, #""num_hidden_layers": \#(value)"#)
    }
    add(
      "F4", "a width of another variant", "remap.contradiction", #""hidden_size": 22"#,
      #""hidden_size": 768"#)
    add(
      "F4", "heads that do not divide the width", "remap.configuration",
      #""num_attention_heads": 2"#, #""num_attention_heads": 5"#)
    add(
      "F4", "no heads", "manifest.arithmetic", #""num_attention_heads": 2"#,
      #""num_attention_heads": 0"#)
    add(
      "F4", "another model", "remap.contradiction", #""model_type": "dinov2""#,
      #""model_type": "paligemma""#)
    add(
      "F4", "another feed-forward", "remap.contradiction", #""use_swiglu_ffn": false"#,
      #""use_swiglu_ffn": true"#)
    for (method, rest) in [
      ("\"bitsandbytes\"", "\"load_in_8bit\": true"), ("\"compressed-tensors\"", "\"ignore\": []"),
      ("null", "\"bits\": 4"),
    ] {
      add(
        "F12", "floats said to be quantized by \(method)",
        // Whose names are known, those are refused by name.
        method.contains("bitsandbytes") ? "remap.refused" : "quantization.scheme",
        #""num_hidden_layers": 4"#,
        "\"quantization_config\": {\"quant_method\": \(method), \(rest)}, \"num_hidden_layers\": 4")
    }
    add("F4", "an epsilon of text", "remap.configuration", "1e-06", "\"1e-06\"")
    return list.cases
  }()

  /// F: a naming manifest of a user's own.
  static let manifests: [HostileCase] = {
    var list = document(.manifest)
    @Sendable func manifest(
      _ rules: String, _ more: String = "", naming: String = "mine", family: String = "dinov2"
    ) -> String {
      #"{"schema": 1, "family": "\#(family)", "naming": "\#(naming)", "about": "a"\#(more), "rules": [\#(rules)]}"#
    }
    let whole = #"{"from": "enc.**", "to": "dinov2.**"}"#
    let syntax = "manifest.syntax"
    let conflict = "manifest.conflict"
    for (group, what, code, text) in [
      ("F0", "a sound manifest", nil, manifest(whole)),
      (
        "F9", "a schema of the future", "json.type", manifest(whole).replacing(": 1,", with: ": 2,")
      ),
      (
        "F9", "a key that is not known", "json.unknown-key",
        manifest(whole, #", "run": "rm -rf /""#)
      ),
      ("F9", "a family that is not known", syntax, manifest(whole, family: "dino")),
      ("F9", "a naming that is there already", conflict, manifest(whole, naming: "hub")),
      ("F9", "a rule without a target", "json.type", manifest(#"{"from": "a"}"#)),
      (
        "F9", "a rule with a member that is not known", "json.unknown-key",
        manifest(#"{"from": "a", "to": "dinov2.x", "eval": "x"}"#)
      ),
      (
        "F9", "a target that no layout has", syntax,
        manifest(#"{"from": "a", "to": "dinov2.head.weight"}"#)
      ),
      ("F9", "a star inside a word", syntax, manifest(#"{"from": "a*", "to": "dinov2.**"}"#)),
      (
        "F9", "stars in the middle, which would have to search", syntax,
        manifest(#"{"from": "**.**.**.a", "to": "dinov2.**"}"#)
      ),
      ("F9", "a regular expression", syntax, manifest(#"{"from": "(a+)+$", "to": "dinov2.(**"}"#)),
      (
        "F9", "a variable on one side", syntax,
        manifest(#"{"from": "b.{i}.**", "to": "dinov2.encoder.layer.{j}.**"}"#)
      ),
      (
        "F9", "two rules of one source", conflict,
        manifest(whole + #", {"from": "enc.layernorm.weight", "drop": "x"}"#)
      ),
      (
        "F9", "two sources of one target", conflict,
        manifest(whole + #", {"from": "n.**", "to": "dinov2.layernorm.**"}"#)
      ),
      (
        "F9", "an inclusion of nothing", syntax,
        manifest(whole, #", "include": [{"manifest": "dinov2/none"}]"#)
      ),
      (
        "F9", "an inclusion by a path", syntax,
        manifest(whole, #", "include": [{"manifest": "../../etc/passwd"}]"#)
      ),
      (
        "F9", "an inclusion of itself", syntax,
        manifest(whole, #", "include": [{"manifest": "dinov2/mine"}]"#)
      ),
      (
        "F9", "metadata that are no text", "json.type",
        manifest(whole, #", "metadata": {"format": 1}"#)
      ),
      ("F9", "a name of no letters", syntax, manifest(#"{"from": "", "to": "dinov2.**"}"#)),
      ("F9", "a name with empty parts", syntax, manifest(#"{"from": "a..b", "to": "dinov2.**"}"#)),
    ] as [(String, String, String?, String)] {
      list.add(group, what, code, text: text)
    }
    return list.cases
  }()

  /// F: a recipe.
  static let recipes: [HostileCase] = {
    var list = document(.recipe)
    @Sendable func recipe(_ rule: String) -> String { #"{"schema": 1, "rules": [\#(rule)]}"# }
    let precision = "recipe.precision"
    let pattern = "recipe.pattern"
    list.add("F0", "a sound recipe", nil, text: recipe(#"{"match": "**", "precision": "bf16"}"#))
    for (what, code, text) in [
      ("no schema", "json.missing-key", #"{"rules": []}"#),
      ("a schema of the future", "json.type", #"{"schema": 2, "rules": []}"#),
      ("a schema of text", "json.type", #"{"schema": "1", "rules": []}"#),
      ("rules that are no list", "json.type", #"{"schema": 1, "rules": {}}"#),
      (
        "a key that is not known", "json.unknown-key",
        #"{"schema": 1, "rules": [], "default": "f32"}"#
      ),
      ("no precision", "json.missing-key", recipe(#"{"match": "**"}"#)),
      ("no pattern", "json.missing-key", recipe(#"{"precision": "f32"}"#)),
      ("a rule that is text", "json.type", recipe("\"int8\"")),
      (
        "a precision that is not known", precision, recipe(#"{"match": "**", "precision": "int4"}"#)
      ),
      ("a precision of a number", "json.type", recipe(#"{"match": "**", "precision": 8}"#)),
      (
        "a scale that is not known", precision,
        recipe(#"{"match": "**", "precision": "int8", "scale": "mse"}"#)
      ),
      (
        "a group without INT8", precision,
        recipe(#"{"match": "**", "precision": "bf16", "group": 64}"#)
      ),
      ("a negative rank", "json.type", recipe(#"{"match": "**", "rank": -1, "precision": "f32"}"#)),
      (
        "a rank of 2^63", "json.type",
        recipe(#"{"match": "**", "rank": 9223372036854775808, "precision": "f32"}"#)
      ),
      ("stars in the middle", pattern, recipe(#"{"match": "a.**.b", "precision": "f32"}"#)),
      ("an empty part", pattern, recipe(#"{"match": "a..b", "precision": "f32"}"#)),
      ("an empty pattern", pattern, recipe(#"{"match": "", "precision": "f32"}"#)),
      ("a regular expression", pattern, recipe(#"{"match": "(a*)*", "precision": "f32"}"#)),
    ] {
      list.add("F9", what, code, text: text)
    }
    for group in ["0", "-32", "1", "48", "33", "256", "9223372036854775807"] {
      list.add(
        "E21", "groups of \(group)", precision,
        text: recipe(#"{"match": "**", "precision": "int8", "group": \#(group)}"#))
    }
    return list.cases
  }()

  /// F: tolerances, which must not be such that anything passes.
  static let tolerances: [HostileCase] = {
    var list = document(.tolerances)
    @Sendable func tolerances(_ rule: String, _ image: String = "") -> String {
      #"{"schema": 1, "classes": {"f32": [\#(rule)], "bf16": [], "int8": []}, "preprocessing": [\#(image)]}"#
    }
    @Sendable func rule(
      _ maximum: String, _ rms: String = "1e-4", why: String = "measured", family: String = "*",
      stage: String = "**"
    ) -> String {
      #"{"family": "\#(family)", "stage": "\#(stage)", "of_maximum": \#(maximum), "relative_rms": \#(rms), "why": "\#(why)"}"#
    }
    list.add("F0", "sound tolerances", nil, text: tolerances(rule("1e-3")))
    for limit in ["0", "1", "2", "-1e-3", "1e300"] {
      list.add("F13", "a limit of \(limit)", "tolerance", text: tolerances(rule(limit)))
      list.add(
        "F13", "a limit of \(limit) for the rest", "tolerance",
        text: tolerances(rule("1e-3", limit)))
    }
    list.add("F13", "a limit of null", "json.type", text: tolerances(rule("null")))
    list.add("F13", "a limit of text", "json.type", text: tolerances(rule("\"1e-3\"")))
    list.add("F13", "a limit of infinity", "json.number-range", text: tolerances(rule("1e999")))
    list.add("F13", "no reason", "tolerance", text: tolerances(rule("1e-3", why: "")))
    list.add(
      "F13", "a family that is not known", "tolerance",
      text: tolerances(rule("1e-3", family: "dino"))
    )
    list.add(
      "F13", "stars in the middle", "tolerance", text: tolerances(rule("1e-3", stage: "a.**.b")))
    list.add(
      "F13", "a class that is missing", "json.missing-key",
      text: #"{"schema": 1, "classes": {"f32": [], "bf16": []}, "preprocessing": []}"#)
    list.add(
      "F13", "a class that is not known", "json.unknown-key",
      text:
        #"{"schema": 1, "classes": {"f32": [], "bf16": [], "int8": [], "int4": []}, "preprocessing": []}"#
    )
    return list.cases
  }()

  /// F: a golden.
  static let goldens: [HostileCase] = {
    var list = CaseList(.golden)
    func add(
      _ group: String, _ what: String, _ code: String?, _ members: String..., data: Int,
      metadata: String = #"{"family":"dinov2"}"#
    ) {
      list.add(
        group, what, code,
        safetensors(
          #"{"__metadata__":\#(metadata),"# + members.joined(separator: ",") + "}", data: data))
    }
    let stage = member("f64.a", "F64", "[1]", "[0,8]")
    add("F0", "a golden of one stage", nil, stage, data: 8)
    list.add("A1", "no byte", "safetensors.too-short", [])
    list.add(
      "A8", "a pickle", "safetensors.other-format",
      [0x80, 4, 0x95] + [UInt8](repeating: 0x4B, count: 20))
    for (what, name, dtype, size) in [
      ("inputs of eight bits", "in.x", "F8_E4M3", 1), ("inputs of U64", "in.x", "U64", 8),
      ("a stage of F32 said to be float64", "f64.a", "F32", 4),
      ("a stage of integers", "f64.a", "I64", 8), ("an upstream run of F64", "f32.a", "F64", 8),
      ("an input without a name", "in.", "F32", 4),
      ("a stage without a name", "f64.", "F64", 8), ("an input of other letters", "in.é", "F32", 4),
      ("a stage with a space", "f64.a b", "F64", 8),
      ("a complex input", "in.x", "C64", 8),
    ] {
      add("F13", what, "golden.tensor", member(name, dtype, "[1]", "[0,\(size)]"), data: size)
    }
    add(
      "F13", "two runs of other shapes, which would stretch", "golden.tensor",
      member("f32.a", "F32", "[2]", "[0,8]"), member("f64.a", "F64", "[1]", "[8,16]"), data: 16)
    add(
      "F13", "a stage without elements", "golden.empty", member("f64.a", "F64", "[3,0]", "[0,0]"),
      data: 0)
    add(
      "F13", "a mask that is misspelt", "golden.tensor", stage, data: 8,
      metadata: #"{"mask":"blok"}"#)
    add(
      "F13", "a depth switch that is no word", "golden.tensor", stage, data: 8,
      metadata: #"{"depth":"yes"}"#)
    add(
      "C13", "a hole before a stage", "safetensors.hole", member("f64.a", "F64", "[1]", "[8,16]"),
      data: 16)
    add(
      "C6", "a stage whose size wraps", "safetensors.size-overflow",
      member("f64.a", "F64", "[2305843009213693953,8]", "[0,64]"), data: 64)
    return list.cases
  }()
}
