import DVLAHashing
import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// What the command writes, read by other people's programs.
struct OtherProgramsTests {
  static let python = ProcessInfo.processInfo.environment["DEPTHVLA_PYTHON"]
  static let hasPython =
    python.flatMap { try? program([$0, "-c", "import numpy, zstandard, safetensors"]) }?.status == 0
  static let hasTransformers =
    python.flatMap { try? program([$0, "-c", "import torch, transformers"]) }?.status == 0
  static let hasProcessors =
    hasTransformers && (try? program([python ?? "", "-c", "import PIL"]))?.status == 0
  static let reader = FixtureFolder.path("../Tests/python/read_bundle.py")
  static let checker = FixtureFolder.path("../Tests/python/check_exports.py")

  static let cases: [(fixture: String, packing: [String])] = [
    ("paligemma/hf-hub-bf16", []), ("paligemma/hf-hub-f16", ["--smallest"]),
    ("dinov2-with-registers/hf", ["--store"]), ("depth-anything-v2/hf", []),
    ("pi0/transformers-5.23-fresh-save", ["--precision", "int8"]),
    ("depthvla/plain", ["--precision", "int8", "--smallest"]),
    ("dinov2-swiglu/hf", ["--precision", "bf16", "--store"]),
  ]

  @Test(
    .enabled(if: hasPython, "DEPTHVLA_PYTHON has no numpy, zstandard and safetensors"),
    arguments: cases)
  func thePythonReaderReproducesEveryTensor(fixture: String, packing: [String]) throws {
    let scratch = try ScratchFolder()
    let source = FixtureCheckpoint(fixture)
    let converted = try depthvla(
      ["convert", source.option, source.path, "-o", scratch("b"), "--json"] + packing)
    #expect(converted.status == 0, "\(converted.error)")
    try scratch.makeFolder("dump")
    let read = try program([
      Self.python ?? "", Self.reader, scratch("b"), "--dump", scratch("dump"),
    ])
    #expect(read.status == 0, "\(read.error)")
    let lines = read.output.split(separator: "\n").map(String.init)
    #expect(lines.last == "root " + (converted.json?["bundle"]?.object?["root"]?.string ?? ""))

    // Every tensor as the conversion lists it; where nothing was converted, the source's bytes.
    let tensors = converted.json?["tensors"]?.array ?? []
    #expect(lines.count == tensors.count + 1)
    let sourceDigests = Set(
      try PlainCheckpoint(fixture: fixture).tensors.values.map { Self.sha256($0.bytes) })
    for (line, tensor) in zip(lines, tensors) {
      let words = line.split(separator: " ").map(String.init)
      #expect(words.last == tensor.object?["name"]?.string)
      #expect(words[1] == tensor.object?["dtype"]?.string)
      if !packing.contains("--precision") {
        #expect(sourceDigests.contains(words[0]), "\(line)")
      }
    }
  }

  static func sha256(_ bytes: [UInt8]) -> String { unsafe SHA256.hash(bytes.span.bytes).hex }

  static let hasCompressedTensors =
    hasTransformers
    && (try? program([python ?? "", "-c", "import compressed_tensors"]))?.status == 0

  /// Loaded in transformers, an INT8 export holds the numbers that the bundle stands for, in
  /// weights and logits, bit for bit.
  @Test(
    .enabled(if: hasCompressedTensors, "DEPTHVLA_PYTHON has no compressed_tensors"),
    arguments: [
      ("checkpoints/paligemma/hf-hub", "hub", nil),
      ("checkpoints/paligemma/hf-hub", "save-5.6", nil),
      ("quantized/full-precision", "save-5.6", 32), ("quantized/full-precision", "hub", 32),
      ("quantized/w8a16-channel", "hub", nil), ("quantized/w8a16-group-32", "save-5.6", nil),
      ("quantized/w8a8-channel", "hub", nil),
    ] as [(String, String, Int?)])
  func transformersComputesWithAnINT8ExportWhatItStandsFor(
    source: String, naming: String, group: Int?
  ) throws {
    let scratch = try ScratchFolder()
    // Groups here, rows elsewhere: the library reads one kind, the others are floats.
    try scratch.write(
      #"{"schema": 1, "rules": [{"match": "vlm.layers.{i}.mlp.*.weight", "precision": "int8", "group": 32}, "#
        + #"{"match": "vlm.vision_tower.embeddings.**", "precision": "bf16"}, "#
        + #"{"match": "**", "rank": 2, "precision": "int8"}, {"match": "**", "precision": "bf16"}]}"#,
      to: "groups.json")
    let converted = try depthvla(
      ["convert", "--paligemma", FixtureFolder.path(source), "-o", scratch("b")]
        + (group == nil ? ["--precision", "int8"] : ["--recipe", scratch("groups.json")]))
    #expect(converted.status == 0, "\(converted.error)")
    let exported = try depthvla("export", scratch("b"), "--naming", naming, "-o", scratch("int8"))
    #expect(exported.status == 0, "\(exported.error)")
    let floats = try depthvla(
      "export", scratch("b"), "--naming", naming, "--dequantize", "--dtype", "f32", "-o",
      scratch("floats"))
    #expect(floats.status == 0, "\(floats.error)")
    let checked = try program([
      Self.python ?? "", FixtureFolder.path("../Tests/python/check_int8_export.py"),
      scratch("int8"), scratch("floats"),
    ])
    #expect(checked.status == 0, "\(checked.error)")
  }

  @Test(
    .enabled(if: hasTransformers, "DEPTHVLA_PYTHON has no torch and transformers"),
    arguments: [
      ("paligemma/state-dict-4.52-to-5.5", "hub", "paligemma"),
      ("paligemma/hf-hub", "save-5.6", "paligemma"),
      ("paligemma/hf-hub-f16", "hub", "paligemma-f16"),
      ("dinov2/original", "hub", "dinov2"), ("dinov2-swiglu/timm", "hub", "dinov2-swiglu"),
      ("dinov2-with-registers/original", "hub", "dinov2-with-registers"),
      ("depth-anything-v2/original", "hub", "depth-anything-v2"),
      ("depth-anything-v2-metric/original", "hub", "depth-anything-v2-metric"),
    ])
  func transformersLoadsAnExportAndComputesTheRecordedOutputs(
    fixture: String, naming: String, model: String
  ) throws {
    let scratch = try ScratchFolder()
    let source = FixtureCheckpoint(fixture)
    let converted = try depthvla(
      ["convert", source.option, source.path, "-o", scratch("b")] + PipelineTests.settings(source))
    #expect(converted.status == 0, "\(converted.error)")
    let exported = try depthvla("export", scratch("b"), "--naming", naming, "-o", scratch("out"))
    #expect(exported.status == 0, "\(exported.error)")
    let checked = try program([Self.python ?? "", Self.checker, scratch("out"), model])
    #expect(checked.status == 0, "\(checked.error)")
  }
}
