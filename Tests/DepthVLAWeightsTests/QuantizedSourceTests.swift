import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLAQuantization
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// Checkpoints that are INT8 already. `Fixtures/quantized` is by llm-compressor 0.14.0.1, what they
/// stand for by transformers 5.24.0 with compressed-tensors 0.20.1
/// (`Fixtures/generate/compressed_tensors_int8.py`).
struct QuantizedSourceTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  static let folder = FixtureFolder.path("quantized") + "/"
  static let names = ["w8a16-channel", "w8a16-group-32", "w8a8-channel"]

  /// SHA-256 of every weight that transformers holds after loading in float32.
  static func expected(_ name: String) throws -> [String: String] {
    let document = try StrictJSON.parse(
      try FixtureFolder.bytes("quantized/expected.json"))
    let weights = document.object?["weights"]?.object?[name]?.object?.members ?? []
    return Dictionary(uniqueKeysWithValues: weights.map { ($0.key, $0.value.string ?? "") })
  }

  static func digests(_ folder: String) throws -> [String: String] {
    try PlainCheckpoint(folder: folder).tensors.mapValues { tensor in
      unsafe SHA256.hash(tensor.bytes.span.bytes).hex
    }
  }

  /// The layout's name of a tensor of `Fixtures/quantized`.
  static func layoutName(_ name: String) -> String {
    "vlm."
      + (name.hasPrefix("language_model.model.")
        ? String(name.dropFirst("language_model.model.".count)) : name)
  }

  @Test(arguments: names, [Precision.source, .int8])
  func valuesAndScalesStayWhatTheyAre(name: String, precision: Precision) throws {
    let source = try PlainCheckpoint(folder: Self.folder + name)
    let bundle = try convert([Self.folder + name], to: scratch("b"), precision: precision)
    var count = 0
    for (tensorName, tensor) in source.tensors where tensor.dtype == "I8" {
      let target = Self.layoutName(tensorName)
      let scales = try #require(source.tensors[tensorName + "_scale"])
      #expect(try bundle.array(target) == tensor.bytes)
      let info = try #require(bundle.info(of: TensorName(target + "_scale")))
      // Half precision becomes float32; all other scales are the same bytes.
      if scales.dtype == "F16" {
        #expect(info.dtype == .f32)
        #expect(try bundle.array(target + "_scale") == Self.widened(scales.bytes))
      } else {
        #expect(info.dtype.rawValue == scales.dtype)
        #expect(try bundle.array(target + "_scale") == scales.bytes)
      }
      let record = bundle.tensor(TensorName(target))?.quantization?.object
      #expect(record?["scheme"]?.object?["scale"] == "given")
      #expect(record?["error"] == nil)
      count += 1
    }
    #expect(count == (name == "w8a16-channel" ? 14 : name == "w8a8-channel" ? 13 : 8))
    #expect(source.tensors.values.contains { $0.bytes.contains(0x80) })
    let comparison = try compare(bundle, against: [Self.folder + name])
    #expect(comparison.isEqual && comparison.recordDifferences.isEmpty)
  }

  static func widened(_ halves: [UInt8]) -> [UInt8] {
    stride(from: 0, to: halves.count, by: 2).flatMap { at -> [UInt8] in
      let half = Float16(bitPattern: UInt16(halves[at]) | UInt16(halves[at + 1]) << 8)
      let bits = Float(half).bitPattern
      return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    }
  }

  /// As floats they are what transformers makes of them: products in the type of the scale.
  @Test(arguments: names)
  func floatsAreThoseOfTransformers(name: String) throws {
    let bundle = try convert([Self.folder + name], to: scratch("b"), precision: .f32)
    #expect(bundle.tensors.allSatisfy { $0.dtype == .f32 })
    try export(bundle, naming: "state-dict-5.6", to: scratch("out"))
    let found = try Self.digests(scratch("out"))
    let expected = try Self.expected(name)
    #expect(!expected.isEmpty)
    for (tensor, digest) in expected { #expect(found[tensor] == digest, "\(tensor)") }
  }

  /// With float32 scales the bundle in INT8 stands for the same numbers.
  @Test func float32ScalesStandForTransformersNumbers() throws {
    let bundle = try convert([Self.folder + "w8a16-channel"], to: scratch("b"))
    try export(bundle, naming: "state-dict-5.6", to: scratch("out")) {
      $0.dequantizes = true
      $0.dtype = .f32
    }
    let found = try Self.digests(scratch("out"))
    for (tensor, digest) in try Self.expected("w8a16-channel") {
      #expect(found[tensor] == digest, "\(tensor)")
    }
  }

  @Test(arguments: names)
  func aSourceGoesBackToItsBytes(name: String) throws {
    let source = try PlainCheckpoint(folder: Self.folder + name)
    let bundle = try convert([Self.folder + name], to: scratch("b"))
    try export(bundle, naming: "source", to: scratch("out"))
    let written = try PlainCheckpoint(folder: scratch("out"))
    #expect(written.differences(from: source) == [])
    #expect(written.config == source.config)
  }

  /// Bundle, export, bundle: the same tensors under the same recipe.
  @Test(arguments: ["hub", "save-5.6"])
  func ourOwnExportComesBackWhole(naming: String) throws {
    let first = try convert(
      FixtureCheckpoint("paligemma/hf-hub"), to: scratch("a"), precision: .int8)
    try export(first, naming: naming, to: scratch("out"))
    let second = try convert([scratch("out")], to: scratch("b"), precision: .int8)
    #expect(second.documents.recipe == first.documents.recipe)
    #expect(second.documents.configuration == first.documents.configuration)
    #expect(second.tensors == first.tensors)
    for tensor in first.tensors {
      #expect(try second.array(tensor.name.string) == first.array(tensor.name.string))
    }
    #expect(first.tensors.contains { $0.dtype == .i8 && $0.name.string.contains("embed_tokens") })
  }

  /// Rows that a naming joins are cut with their scales, and joined again.
  @Test func fusedRowsAreCutWithTheirScales() throws {
    let fixture = FixtureCheckpoint("dinov2/original")
    var checkpoint = try PlainCheckpoint(fixture: fixture.name)
    let name = "blocks.1.attn.qkv.weight"
    let floats = try #require(checkpoint.tensors[name])
    let (rows, columns) = (floats.shape[0], floats.shape[1])
    let values = (0..<rows * columns).map { UInt8(truncatingIfNeeded: $0 * 41 + $0 / 7) }
    let scales = (0..<rows).flatMap { Self.bytes(Float($0 + 1) * 0.000_123_4) }
    checkpoint.tensors[name] = PlainTensor("I8", floats.shape, values)
    checkpoint.tensors[name + "_scale"] = PlainTensor("F32", [rows, 1], scales)
    let path = try checkpoint.write(to: scratch, as: "in")
    let bundle = try convert([path], to: scratch("b"), settings: fixture.jsonSettings)
    for (index, part) in ["query", "key", "value"].enumerated() {
      let target = "dinov2.encoder.layer.1.attention.attention.\(part).weight"
      let count = rows / 3
      #expect(
        try bundle.array(target)
          == Array(values[index * count * columns..<(index + 1) * count * columns]))
      #expect(
        try bundle.array(target + "_scale")
          == Array(scales[index * count * 4..<(index + 1) * count * 4]))
    }
    try export(bundle, naming: "source", to: scratch("out"))
    #expect(try PlainCheckpoint(folder: scratch("out")).differences(from: checkpoint) == [])
  }

  static func bytes(_ value: Float) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
  }

  /// Nobody measured what was lost; where the weights before quantization are at hand, that is
  /// done.
  @Test func lossesAreMeasuredAgainstFullPrecision() throws {
    let bundle = try convert([Self.folder + "w8a16-group-32"], to: scratch("b"))
    let comparison = try compare(bundle, against: [Self.folder + "full-precision"])
    #expect(comparison.isEqual)
    let rows = comparison.rows.filter { $0.name.string.hasSuffix("mlp.up_proj.weight") }
    let error = try #require(rows.first?.error)
    #expect(rows.first?.outcome == .measured)
    let source = try PlainCheckpoint(folder: Self.folder + "full-precision")
    let name = "language_model.model.layers.0.mlp.up_proj.weight"
    let exact = try #require(source.tensors[name]).bytes
    let layout = Self.layoutName(name)
    let values = try bundle.array(layout)
    let scales = try bundle.array(layout + "_scale")
    var (largest, squares): (Double, Double) = (0, 0)
    for index in values.indices {
      let x = Float(
        bitPattern: (0..<4).reduce(0) { $0 | UInt32(exact[4 * index + $1]) << (8 * $1) })
      let at = index / 32 * 2
      let scale = Float(bitPattern: UInt32(scales[at]) << 16 | UInt32(scales[at + 1]) << 24)
      let lost = Double(x) - Double(Int8(bitPattern: values[index])) * Double(scale)
      largest = max(largest, lost.magnitude)
      squares += lost * lost
    }
    #expect(abs(error.maximumAbsoluteError - largest) < 1e-7)
    #expect(abs(error.rootMeanSquareError - (squares / Double(values.count)).squareRoot()) < 1e-9)
  }

  /// Members of `quantization_config` that change numbers, and values of them that are computed.
  static let schemes: [(path: [String], value: JSONValue, isTaken: Bool)] = {
    let group = ["config_groups", "group_0"]
    let weights = group + ["weights"]
    return [
      (["quant_method"], "gptq", false), (["quant_method"], .null, false),
      (["format"], "pack-quantized", false), (["format"], "naive-quantized", false),
      (["format"], .null, true), (["quantization_status"], "frozen", true),
      (["kv_cache_scheme"], ["num_bits": 8], false), (["kv_cache_scheme"], .null, true),
      (["sparsity_config"], ["format": "sparse-24"], false),
      (["transform_config"], ["config_groups": 1], false),
      (["run_compressed"], false, true), (["dequantize"], true, true), (["rotation"], 1, false),
      (group + ["format"], "float-quantized", false), (group + ["format"], .null, true),
      (group + ["output_activations"], ["num_bits": 8], false), (group + ["smooth"], 0.5, false),
      (group + ["input_activations"], ["dynamic": true, "num_bits": 8], true),
      (group + ["input_activations"], ["dynamic": false, "num_bits": 8], false),
      (group + ["targets"], ["re:.*"], true),
      (weights + ["num_bits"], 4, false), (weights + ["type"], "float", false),
      (weights + ["symmetric"], false, false), (weights + ["dynamic"], true, false),
      (weights + ["strategy"], "tensor", false), (weights + ["strategy"], "block", false),
      (weights + ["actorder"], "group", false), (weights + ["actorder"], .null, true),
      (weights + ["group_size"], 32, false), (weights + ["group_size"], -1, true),
      (weights + ["block_structure"], [128, 128], false), (weights + ["observer"], "mse", true),
      (weights + ["zp_scale"], 1, false),
    ]
  }()

  @Test(arguments: schemes)
  func whatWouldGiveOtherNumbersIsRefusedByName(
    path: [String], value: JSONValue, isTaken: Bool
  ) throws {
    var checkpoint = try PlainCheckpoint(folder: Self.folder + "w8a16-channel")
    checkpoint.config = checkpoint.config?.setting(["quantization_config"] + path, to: value)
    let folder = try checkpoint.write(to: scratch, as: "in")
    if isTaken {
      let bundle = try convert([folder], to: scratch("b"))
      #expect(bundle.tensors.count { $0.dtype == .i8 } == 14)
      return
    }
    let error = #expect(throws: WeightsError.self) { try convert([folder], to: scratch("b")) }
    #expect(error?.code.rawValue == "quantization.scheme")
    #expect(error?.message.contains(path[path.count - 1]) == true, "\(error?.message ?? "")")
    #expect(error?.file?.hasSuffix("config.json") == true)
    #expect(try scratch.entries == ["in"])
  }

  /// Scales for groups where the document says rows: the message names both.
  @Test func scalesMustBeThoseOfTheDocument() throws {
    var checkpoint = try PlainCheckpoint(folder: Self.folder + "w8a16-group-32")
    let weights = ["quantization_config", "config_groups", "group_0", "weights"]
    checkpoint.config = checkpoint.config?.setting(weights + ["group_size"], to: 64)
    let folder = try checkpoint.write(to: scratch, as: "in")
    let error = #expect(throws: WeightsError.self) { try convert([folder], to: scratch("b")) }
    #expect(error?.code.rawValue == "quantization.scheme")
    #expect(error?.message.contains("groups of 32") == true)
    #expect(error?.message.contains("groups of 64") == true)
  }

  @Test func aRecipeMayNotAskForOtherGroups() throws {
    let recipe = try Recipe(
      json: [
        "schema": 1,
        "rules": [["match": "vlm.layers.**", "rank": 2, "precision": "int8", "group": 64]],
      ])
    let error = #expect(throws: WeightsError.self) {
      try convert([Self.folder + "w8a16-group-32"], to: scratch("b")) { $0.recipe = recipe }
    }
    #expect(error?.code.rawValue == "recipe.precision")
    #expect(try scratch.entries == [])
  }

  /// A head with other scales is another head, though its values be the same.
  @Test func copiesOfATiedTensorNeedTheSameScales() throws {
    var checkpoint = try PlainCheckpoint(fixture: "paligemma/state-dict-5.6-to-5.23")
    let rows = try #require(checkpoint.tensors["lm_head.weight"]).shape[0]
    for (name, scale) in [("lm_head", Float(0.01)), ("model.language_model.embed_tokens", 0.02)] {
      let shape = try #require(checkpoint.tensors[name + ".weight"]).shape
      checkpoint.tensors[name + ".weight"] = PlainTensor(
        "I8", shape, (0..<shape[0] * shape[1]).map { UInt8($0 % 100) })
      checkpoint.tensors[name + ".weight_scale"] = PlainTensor(
        "F32", [rows, 1], (0..<rows).flatMap { _ in Self.bytes(scale) })
    }
    let path = try checkpoint.write(to: scratch, as: "in")
    let settings = FixtureCheckpoint("paligemma/state-dict-5.6-to-5.23").jsonSettings
    let error = #expect(throws: WeightsError.self) {
      try convert([path], to: scratch("b"), settings: settings)
    }
    #expect(error?.code.rawValue == "remap.tie")
    checkpoint.tensors["lm_head.weight_scale"] =
      checkpoint.tensors["model.language_model.embed_tokens.weight_scale"]
    let same = try checkpoint.write(to: scratch, as: "same")
    let bundle = try convert([same], to: scratch("b"), settings: settings)
    try export(bundle, naming: "source", to: scratch("out"))
    #expect(try PlainCheckpoint(folder: scratch("out")).differences(from: checkpoint) == [])
  }
}

extension JSONValue {
  /// The value with a member of nested objects replaced or added.
  fileprivate func setting(_ path: [String], to value: JSONValue) -> JSONValue {
    guard let key = path.first else { return value }
    var members = object?.members.map { ($0.key, $0.value) } ?? []
    let rest = Array(path.dropFirst())
    if let index = members.firstIndex(where: { $0.0 == key }) {
      members[index].1 = members[index].1.setting(rest, to: value)
    } else {
      members.append((key, JSONValue.object(JSONObject()).setting(rest, to: value)))
    }
    return .object(JSONObject(members))
  }
}
