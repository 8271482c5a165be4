import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLAQuantization
import DVLARemapping
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// Checkpoints whose names are wrapped, or that lack what no output depends on: into a bundle and
/// back.
struct WrappedSourceTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  /// A fixture under other names, in a folder of the test.
  private func wrapped(
    _ fixture: String, as name: String, _ change: (String) -> String
  ) throws -> PlainCheckpoint {
    let plain = try PlainCheckpoint(fixture: fixture)
    var result = PlainCheckpoint()
    for (own, tensor) in plain.tensors { result.tensors[change(own)] = tensor }
    result.config = plain.config
    try result.write(to: scratch, as: name)
    return result
  }

  private func settings(_ fixture: String) -> [(key: String, value: JSONValue)] {
    FixtureCheckpoint(fixture).jsonSettings
  }

  @Test(arguments: [
    "dinov2/hf", "dinov2/original", "dinov2-with-registers/timm", "depth-anything-v2/original",
    "paligemma/hf-hub-bf16", "pi0/openpi", "pi0/lerobot-2025-02-mixed",
    "pi0/lerobot-save-transformers-5.6-on",
  ])
  func aPrefixComesBackBitForBit(fixture: String) throws {
    let source = try wrapped(fixture, as: "in") { "module._orig_mod." + $0 }
    let bundle = try convert([scratch("in")], to: scratch("b"), settings: settings(fixture))
    #expect(try compare(bundle, against: [scratch("in")]).isEqual)
    #expect(try compare(bundle, against: [scratch("in")]).recordDifferences.isEmpty)
    try export(bundle, naming: "source", to: scratch("out"))
    #expect(try PlainCheckpoint(folder: scratch("out")).differences(from: source) == [])
    // The tensors are those of the model without its wrapper.
    let plain = try convert(FixtureCheckpoint(fixture), to: scratch("plain"))
    #expect(bundle.tensors == plain.tensors)
    for tensor in plain.tensors {
      #expect(try bundle.array(tensor.name.string) == plain.array(tensor.name.string))
    }
  }

  @Test func whatStandsInsideNamesComesBack() throws {
    let source = try wrapped("paligemma/hf-hub", as: "in") {
      $0.replacing("vision_tower.", with: "vision_tower._orig_mod.")
    }
    let bundle = try convert([scratch("in")], to: scratch("b"))
    try export(bundle, naming: "source", to: scratch("out"))
    #expect(try PlainCheckpoint(folder: scratch("out")).differences(from: source) == [])
    // Another naming has none of it.
    try export(bundle, naming: "hub", to: scratch("hub"))
    let hub = try PlainCheckpoint(fixture: "paligemma/hf-hub")
    #expect(try PlainCheckpoint(folder: scratch("hub")).differences(from: hub) == [])
  }

  @Test func chunksComeBack() throws {
    let source = try wrapped("dinov2/original", as: "in") { name in
      let parts = name.split(separator: ".", maxSplits: 2)
      guard parts[0] == "blocks", let layer = Int(parts[1]) else {
        return "teacher.backbone." + name
      }
      return "teacher.backbone.blocks.\(layer / 2).\(layer).\(parts[2])"
    }
    let bundle = try convert(
      [scratch("in")], to: scratch("b"), settings: settings("dinov2/original"))
    try export(bundle, naming: "source", to: scratch("out"))
    #expect(try PlainCheckpoint(folder: scratch("out")).differences(from: source) == [])
    try export(bundle, naming: "original", to: scratch("original"))
    let original = try PlainCheckpoint(fixture: "dinov2/original")
    #expect(try PlainCheckpoint(folder: scratch("original")).differences(from: original) == [])
  }

  /// Shards with an index, all names wrapped.
  @Test func aShardedFolderComesBack() throws {
    let plain = try PlainCheckpoint(fixture: "paligemma/hf-hub-bf16")
    let names = plain.tensors.keys.sorted()
    try scratch.makeFolder("in")
    var map: [(String, JSONValue)] = []
    for part in 0..<2 {
      let file = "model-0000\(part + 1)-of-00002.safetensors"
      var shard = PlainCheckpoint()
      for name in names[(part * names.count / 2)..<((part + 1) * names.count / 2)] {
        shard.tensors["module." + name] = plain.tensors[name]
        map.append(("module." + name, .string(file)))
      }
      try scratch.write(shard.fileBytes, to: "in/" + file)
    }
    let index: JSONValue = .object(
      JSONObject([("metadata", [:]), ("weight_map", .object(JSONObject(map)))]))
    try scratch.write(index.encoded(), to: "in/model.safetensors.index.json")
    try scratch.write(plain.config?.encoded() ?? "", to: "in/config.json")
    let bundle = try convert([scratch("in")], to: scratch("b"))
    try export(bundle, naming: "source", to: scratch("out"))
    let source = try PlainCheckpoint(folder: scratch("in"))
    let back = try PlainCheckpoint(folder: scratch("out"))
    #expect(back.differences(from: source) == [])
    #expect(back.metadata.keys.sorted() == source.metadata.keys.sorted())
  }

  /// Of two copies the one that is chosen is converted, and found again for a comparison.
  @Test func theChosenCopyIsTaken() throws {
    var source = try wrapped("dinov2/hf", as: "plain") { "module." + $0 }
    for (name, tensor) in source.tensors {
      var other = tensor
      other.bytes = other.bytes.map { $0 ^ 1 }
      source.tensors["ema." + name.dropFirst("module.".count)] = other
    }
    try source.write(to: scratch, as: "in")
    let library = try Library.get()
    #expect(throws: WeightsError(.remapAmbiguous, "")) {
      try ImportedSource(path: scratch("in"), library: library)
    }
    let chosen = try ImportedSource(path: scratch("in"), library: library, prefix: "ema.")
    var options = ConversionOptions(recipe: .preset(.source))
    options.keepsUnused = true
    _ = try Conversion(sources: [chosen], options: options, library: library)
      .write(to: scratch("b"))
    let bundle = try WeightBundle(path: scratch("b"))
    let weight = "encoder.layer.0.norm1.weight"
    #expect(try bundle.array("dinov2." + weight) == source.tensors["ema." + weight]?.bytes)
    let found = try BundleComparison.sources(at: [scratch("in")], of: bundle, library: library)
    let comparison = try BundleComparison.compare(
      bundle, against: found, library: library, threads: 1)
    #expect(comparison.isEqual)
    #expect(comparison.recordDifferences.isEmpty)
    try export(bundle, naming: "source", to: scratch("out"))
    let back = try PlainCheckpoint(folder: scratch("out"))
    #expect(back.tensors.count == source.tensors.count / 2)
    #expect(back.tensors.allSatisfy { source.tensors[$0.key] == $0.value })
  }

  static let absences: [(fixture: String, part: String, count: Int)] = [
    ("dinov2/hf", "mask_token", 1), ("dinov2-swiglu/original", "mask_token", 1),
    ("depth-anything-v2/hf", "fusion_stage.layers.0.residual_layer1", 4),
    ("depth-anything-v2-metric/original", "mask_token", 1),
    ("paligemma/hf-hub", "self_attn.k_proj.bias", 2),
  ]

  /// What no output depends on may be absent; it does not come back, and zeros stand for it where
  /// another naming has it.
  @Test(arguments: absences)
  func anUnusedTensorMayBeAbsent(fixture: String, part: String, count: Int) throws {
    var source = try PlainCheckpoint(fixture: fixture)
    let whole = source.tensors
    let absent = whole.keys.filter { $0.contains(part) }
    #expect(absent.count == count)
    for name in absent { source.tensors[name] = nil }
    try source.write(to: scratch, as: "in")
    let bundle = try convert([scratch("in")], to: scratch("b"), settings: settings(fixture))
    let zeros = bundle.bundleTensors.filter {
      $0.source?.object?["reason"]?.string?.hasPrefix("absent from the source, and ") == true
    }
    #expect(zeros.count == count)
    for tensor in zeros {
      #expect(try bundle.array(tensor.name.string).allSatisfy { $0 == 0 })
    }
    #expect(try compare(bundle, against: [scratch("in")]).isEqual)
    try export(bundle, naming: "source", to: scratch("out"))
    #expect(try PlainCheckpoint(folder: scratch("out")).differences(from: source) == [])
    let naming = FixtureCheckpoint(fixture).naming
    try export(bundle, naming: naming, to: scratch("named"))
    let named = try PlainCheckpoint(folder: scratch("named"))
    #expect(Set(named.tensors.keys) == Set(whole.keys))
    for name in absent {
      #expect(named.tensors[name]?.shape == whole[name]?.shape)
      #expect(named.tensors[name]?.bytes.allSatisfy { $0 == 0 } == true)
    }
    // A checkpoint runs without a bundle too.
    let opened = try RemappedCheckpoint(
      try ImportedSource(path: scratch("in"), library: Library.get()), library: Library.get(),
      given: Configuration(settings: settings(fixture)))
    #expect(opened.tensors.count == bundle.bundleTensors.count)
  }

  /// A tensor that an output depends on may not.
  @Test func aTensorThatIsReadMayNotBeAbsent() throws {
    var source = try PlainCheckpoint(fixture: "depth-anything-v2/hf")
    source.tensors = source.tensors.filter {
      !$0.key.contains("fusion_stage.layers.1.residual_layer1")
    }
    try source.write(to: scratch, as: "in")
    #expect(throws: WeightsError(.remapCoverage, "")) {
      try convert([scratch("in")], to: scratch("b"))
    }
  }
}
