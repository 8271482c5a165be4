import DVLAJSON
import DVLAKernels
import DVLATestSupport
import Testing

/// `parity` on the tiny models.
struct ParityCommandTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  static let dinov2 = FixtureFolder.path("checkpoints/dinov2/hf")
  static func golden(_ name: String) -> String {
    FixtureFolder.path("goldens/\(name).safetensors")
  }

  /// Models with every golden that was recorded from them.
  static let models: [(checkpoint: String, option: String, goldens: [String])] = [
    ("paligemma/hf-hub", "--paligemma", ["paligemma_nopad", "paligemma_pad"]),
    ("paligemma/hf-hub-bf16", "--paligemma", ["paligemma_bf16_nopad"]),
    ("paligemma/hf-hub-f16", "--paligemma", ["paligemma_f16_nopad"]),
    ("dinov2/hf", "--dinov2", ["dinov2_70x70", "dinov2_28x70"]),
    (
      "dinov2-with-registers/hf", "--dinov2",
      ["dinov2-with-registers_56x56", "dinov2-with-registers_28x70"]
    ),
    ("dinov2-swiglu/hf", "--dinov2", ["dinov2-swiglu_42x42", "dinov2-swiglu_28x70"]),
    (
      "depth-anything-v2/hf", "--depth-anything",
      ["depth-anything-v2_56x56", "depth-anything-v2_28x70"]
    ),
    (
      "depth-anything-v2-metric/hf", "--depth-anything",
      ["depth-anything-v2-metric_42x42", "depth-anything-v2-metric_28x70"]
    ),
  ]

  /// Upstream's float32 run may stray as ours may, so a failure against it alone is no proof; the
  /// limits are those of a golden with float64 all the same.
  @Test func aGoldenWithFloat32AloneSaysWhatItCannotTell() throws {
    let words = "the golden has no float64 stages"
    try scratch.makeFolder("golden")
    try scratch.write(
      FixtureFolder.bytes("goldens/dinov2_28x70.safetensors"), to: "golden/model.safetensors")
    let whole = try PlainCheckpoint(folder: scratch("golden"))
    for (prefix, isTold) in [("f64.", true), ("f32.", false)] {
      var golden = whole
      golden.tensors = golden.tensors.filter { !$0.key.hasPrefix(prefix) }
      let path = scratch(prefix + "safetensors")
      try scratch.write(golden.fileBytes, to: prefix + "safetensors")
      let sound = try depthvla("parity", Self.dinov2, "--golden", path)
      #expect(sound.status == 0 && !sound.output.contains(words), "\(sound.output)\(sound.error)")
      // The last byte of a little-endian float is its sign and exponent.
      let stage = (isTold ? "f32." : "f64.") + "final_norm"
      let count = try #require(golden.tensors[stage]?.bytes.count)
      golden.tensors[stage]?.bytes[count - 1] ^= 0x80
      try scratch.write(golden.fileBytes, to: prefix + "wrong.safetensors")
      let wrong = try depthvla(
        "parity", Self.dinov2, "--golden", scratch(prefix + "wrong.safetensors"))
      #expect(wrong.status == 1 && wrong.output.contains(words) == isTold, "\(wrong.output)")
    }
  }

  @Test(arguments: models)
  func everyModelPassesItsGoldensInEveryPrecision(
    checkpoint: String, option: String, goldens: [String]
  ) throws {
    let path = FixtureFolder.path("checkpoints/" + checkpoint)
    func expectPass(_ subject: String, _ precisions: [String], products: String? = nil) throws {
      let result = try depthvla(
        ["parity", subject, "--json"] + (products.map { ["--products", $0] } ?? []) + ["--golden"]
          + goldens.map(Self.golden))
      #expect(result.status == 0 && result.error == "", "\(result.output.suffix(500))")
      let document = try #require(result.json)
      #expect(document["passed"] == true)
      #expect(document["goldens"]?.array?.count == goldens.count)
      let precision = try #require(document["precision_class"]?.string)
      #expect(precisions.contains(precision))
      let used = try #require(document["products"]?.object)
      if precision == "f32" { #expect(used["bf16"] == "exact" && used["int8"] == "exact") }
      if let products, precision != "f32" {
        #expect(used["bf16"]?.string == products)
        #expect(used["int8"]?.string == (precision == "int8" ? products : "exact"))
      }
    }
    try expectPass(path, ["f32"])
    for precision in ["bf16", "int8"] {
      let conversion = try depthvla(
        "convert", option, path, "--precision", precision, "-o", scratch(precision))
      #expect(conversion.status == 0, "\(conversion.error)")
      // What is BF16 already loses nothing in BF16.
      try expectPass(
        scratch(precision), checkpoint.hasSuffix("bf16") ? ["f32", "int8"] : [precision])
      // What lost nothing is held to what native products do not reach.
      guard !(checkpoint.hasSuffix("bf16") && precision == "bf16") else { continue }
      for products in ["exact", "native"] {
        try expectPass(scratch(precision), [precision], products: products)
      }
    }
  }

  /// A DINOv2 with one tensor changed.
  func spoiled(_ change: (inout PlainCheckpoint) -> Void) throws -> String {
    var checkpoint = try PlainCheckpoint(folder: Self.dinov2)
    change(&checkpoint)
    return try checkpoint.write(to: scratch, as: "spoiled")
  }

  @Test func theFirstStageOutOfToleranceIsNamedInWordsAndInJSON() throws {
    let path = try spoiled { checkpoint in
      let layer = "encoder.layer.2.attention.attention."
      let query = checkpoint.tensors[layer + "query.weight"]
      checkpoint.tensors[layer + "query.weight"] = checkpoint.tensors[layer + "value.weight"]
      checkpoint.tensors[layer + "value.weight"] = query
    }
    let arguments = ["parity", path, "--golden", Self.golden("dinov2_70x70")]
    let result = try depthvla(arguments)
    #expect(result.status == 1 && result.error == "")
    #expect(result.output.contains("first out of tolerance: layer.2.attention\n"))
    #expect(result.output.contains("FAIL: 7 of 14 stages out of tolerance of class f32\n"))
    let golden = try depthvla(arguments + ["--json"]).json?["goldens"]?.array?.first?.object
    #expect(golden?["first_failure"]?.string == "layer.2.attention")
    let outcomes = (golden?["stages"]?.array ?? []).compactMap { $0.object?["outcome"]?.string }
    #expect(
      outcomes == Array(repeating: "within", count: 7) + Array(repeating: "exceeded", count: 7))
  }

  @Test func tablesFitATerminalAndQuietLeavesThemOut() throws {
    let arguments = [
      "parity", FixtureFolder.path("checkpoints/depth-anything-v2/hf"), "--golden",
      "depth-anything-v2_56x56.safetensors",
    ]
    let result = try depthvla(arguments, in: FixtureFolder.path("goldens"))
    #expect(result.output.split(separator: "\n").count > 40)
    // Rows start with one space; what is listed below them with two.
    let rows = result.output.split(separator: "\n").filter {
      $0.hasPrefix(" ") && !$0.hasPrefix("  ")
    }
    #expect(rows.count == 33)
    for row in rows { #expect(row.count <= 80, "\(row)") }
    #expect(result.output.contains("parity cannot check these 17 tensors"))
    let quiet = try depthvla(arguments + ["--quiet"], in: FixtureFolder.path("goldens"))
    #expect(quiet.output.split(separator: "\n").count == 3)
    #expect(quiet.output.hasSuffix("\n      products exact\n"))
    #expect(
      quiet.output.hasPrefix("PASS: 32 stages of 1 golden within the tolerances of class f32"))
  }

  @Test func thePageEscapesWhatItShows() throws {
    let golden = try FixtureFolder.bytes("goldens/dinov2_28x70.safetensors")
    try scratch.write(golden, to: "<script>alert(1)<-script>.safetensors")
    let arguments = [
      "parity", Self.dinov2, "--golden", "<script>alert(1)<-script>.safetensors", "--report",
      "out.html",
    ]
    let result = try depthvla(arguments, in: scratch.path)
    #expect(result.status == 0, "\(result.error)")
    let page = String(decoding: try scratch.bytes(of: "out.html"), as: UTF8.self)
    #expect(page.contains("&lt;script&gt;alert(1)&lt;-script&gt;"))
    #expect(!page.contains("<script"))
    #expect(page.contains("<td>layer.3.mlp</td>"))
    // It replaces nothing unasked, and no input ever.
    #expect(try depthvla(arguments, in: scratch.path).status == 73)
    #expect(try depthvla(arguments + ["--force"], in: scratch.path).status == 0)
    let onInput = try depthvla(
      "parity", Self.dinov2, "--golden", arguments[3], "--report", arguments[3], "--force",
      in: scratch.path)
    #expect(onInput.status == 73 && onInput.error.contains("is the input"))
    #expect(try scratch.bytes(of: arguments[3]) == golden)
  }

  /// Bundle by its root, golden by what `sha256sum` says of it.
  @Test func thePageAndTheDocumentSayWhatWasComparedWhere() throws {
    let hash = "7c068885dc85cb4029864838621da97898a302137839720d82f74d07c00b7505"
    let result = try depthvla(
      "parity", Self.dinov2, "--golden", Self.golden("dinov2_28x70"), "--report",
      scratch("out.html"), "--json")
    #expect(result.status == 0, "\(result.error)")
    let golden = result.json?["goldens"]?.array?.first?.object
    #expect(golden?["sha256"] == .string(hash))
    let processor = try #require(result.json?["processor"]?.string)
    #expect(InstructionSet.available.contains { processor.hasSuffix($0.rawValue) })
    let page = String(decoding: try scratch.bytes(of: "out.html"), as: UTF8.self)
    #expect(page.contains("<code>\(hash)</code>"))
    #expect(page.contains("<dt>Computed on</dt><dd>\(processor)</dd>"))
  }

  @Test func thePageIsWrittenWhereStagesFailToo() throws {
    let path = try spoiled { $0.tensors["layernorm.bias"]?.bytes[3] ^= 0x80 }
    let result = try depthvla(
      "parity", path, "--golden", Self.golden("dinov2_70x70"), "--report", scratch("out.html"))
    #expect(result.status == 1)
    let page = String(decoding: try scratch.bytes(of: "out.html"), as: UTF8.self)
    #expect(page.contains("First out of tolerance: final_norm"))
  }

  @Test func aQuantizedBundleIsHeldAgainstItsParent() throws {
    for precision in ["source", "int8"] {
      let conversion = try depthvla(
        "convert", "--dinov2", Self.dinov2, "--precision", precision, "-o", scratch(precision))
      #expect(conversion.status == 0)
    }
    let recording = try depthvla(
      "parity", scratch("source"), "--golden", Self.golden("dinov2_28x70"), "--record",
      scratch("golden"), "--json")
    #expect(recording.status == 0, "\(recording.error)")
    #expect(recording.json?["stages"]?.array?.count == 14)
    let own = try depthvla("parity", scratch("source"), "--golden", scratch("golden"), "--json")
    let stages = own.json?["goldens"]?.array?.first?.object?["stages"]?.array ?? []
    #expect(stages.count == 14)
    #expect(stages.allSatisfy { $0.object?["max_abs"]?.number == 0 }, "the very same numbers")
    let quantized = try depthvla("parity", scratch("int8"), "--golden", scratch("golden"), "--json")
    #expect(quantized.status == 0)
    #expect(quantized.json?["precision_class"]?.string == "int8")
    let strict = try depthvla(
      "parity", scratch("int8"), "--golden", scratch("golden"), "--precision-class", "f32")
    #expect(strict.status == 1)
    #expect(strict.output.contains("first out of tolerance: embeddings\n"))
  }

  @Test func preprocessingIsComparedWithoutWeights() throws {
    let result = try depthvla(
      "parity", FixtureFolder.path("checkpoints/paligemma/hf-hub"), "--golden",
      Self.golden("preprocess_scene"), "--json")
    #expect(result.status == 0, "\(result.error)")
    let golden = result.json?["goldens"]?.array?.first?.object
    #expect(golden?["kind"]?.string == "preprocessing")
    let stages = golden?["stages"]?.array ?? []
    #expect(
      stages.compactMap { $0.object?["name"]?.string } == [
        "siglip_28.pil", "siglip_28.torchvision", "siglip_42.pil",
      ])
  }

  @Test func refusalsHaveTheirStatus() throws {
    let golden = Self.golden("dinov2_28x70")
    try scratch.write("{\"schema\": 1}", to: "tolerances.json")
    let cases: [(Int32, [String], String)] = [
      (64, ["parity", Self.dinov2], "--golden"),
      (64, ["parity", Self.dinov2, "--golden", golden, "--stages", "a"], "--record"),
      (
        64,
        ["parity", Self.dinov2, "--golden", golden, "--record", "o", "--report", "r"], "--record"
      ),
      (64, ["parity", Self.dinov2, "--golden", golden, "--precision-class", "f64"], "f64"),
      (
        64, ["parity", Self.dinov2, "--golden", golden, "--record", "o", "--stages", "a.**.b"],
        "--stages"
      ),
      (66, ["parity", "absent", "--golden", golden], "absent: "),
      (66, ["parity", Self.dinov2, "--golden", "absent"], "absent: "),
      (66, ["parity", Self.dinov2, "--golden", golden, "--tolerances", "absent"], "absent: "),
      (
        65, ["parity", Self.dinov2, "--golden", golden, "--tolerances", "tolerances.json"],
        "tolerances.json: $: the key \"classes\" is missing"
      ),
      (65, ["parity", Self.dinov2, "--golden", Self.golden("paligemma_pad")], "paligemma"),
      (65, ["parity", Self.dinov2, "--golden", Self.dinov2 + "/model.safetensors"], "in."),
      (
        65,
        ["parity", Self.dinov2, "--golden", FixtureFolder.path("checkpoints/paligemma/hf-hub")],
        "none of the goldens in this folder"
      ),
    ]
    for (status, arguments, words) in cases {
      let result = try depthvla(arguments, in: scratch.path)
      #expect(result.status == status, "\(arguments): \(result.error)")
      #expect(result.error.contains(words), "\(arguments): \(result.error)")
      #expect(result.output == "", "\(arguments)")
    }
    #expect(try scratch.entries == ["tolerances.json"])
  }
}
