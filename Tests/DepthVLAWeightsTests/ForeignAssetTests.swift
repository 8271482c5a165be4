import DVLABundles
import DVLADiagnostics
import DVLARemapping
import DVLATensors
import DVLATestSupport
import DepthVLAWeights
import Testing

/// Bundles whose assets `convert` would not have written.
struct ForeignAssetTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  /// A copy of the fixture's bundle with these files and no others.
  func bundle(
    _ name: String, _ assets: [(file: String, role: BundleAsset.Role, text: String)]
  ) throws -> WeightBundle {
    let source = try convert(FixtureCheckpoint("dinov2/hf"), to: scratch(name + "-source"))
    let ordered = assets.sorted { $0.file.utf8.lexicographicallyPrecedes($1.file.utf8) }
    let writer = try BundleWriter(
      path: scratch(name), overwrite: false, documents: source.documents,
      assets: ordered.map {
        BundleAssetPlan(
          family: "dinov2", fileName: $0.file, role: $0.role, byteCount: $0.text.utf8.count,
          source: $0.file)
      },
      plans: source.bundleTensors.map {
        BundleTensorPlan($0.info, source: $0.source, quantizationPlaceholder: $0.quantization)
      }, packing: .store)
    for asset in ordered { try writer.append(asset: Array(asset.text.utf8)) }
    var packer = try ChunkPacker()
    for (index, tensor) in source.bundleTensors.enumerated() {
      let bytes = try source.array(tensor.name.string)
      let chunk = unsafe try packer.pack(
        bytes.span.bytes, dtype: tensor.info.dtype, packing: .store)
      try writer.append([chunk], toTensor: index)
    }
    _ = try writer.finish()
    return try WeightBundle(path: scratch(name))
  }

  @Test func onlyNamesThatAreKnownForTheRoleAreWritten() throws {
    let hostile = [
      "config.json", "Config.JSON", "model.safetensors", "model.safetensors.index.json",
      "MODEL.safetensors", "pytorch_model.bin", "adapter_config.json", "__init__.py",
      "generation_config.json", ".git", "Preprocessor_Config.json", "tokenizer.model",
    ]
    let foreign = try bundle(
      "b",
      hostile.map { ($0, .preprocessor, "{}") } + [
        ("preprocessor_config.json", .preprocessor, "{}")
      ])
    let result = try export(foreign, naming: "hub", to: scratch("out"))
    #expect(result.assets.map(\.name) == ["preprocessor_config.json"])
    for name in hostile { #expect(result.notes.contains { $0.contains("dinov2.\(name),") }) }
    #expect(
      try ScratchFolder.names(in: scratch("out")) == [
        "config.json", "model.safetensors", "preprocessor_config.json",
      ])
    #expect(try scratch.bytes(of: "out/config.json").count > 2)
  }

  @Test func aRobotThatIsNoneIsTheProblemOfABundle() throws {
    func problem(_ name: String) throws -> WeightsError? {
      let inspection = try Inspection.inspect(
        scratch(name), library: Library.get(), settings: Configuration())
      #expect(inspection.robot == nil)
      return inspection.problem
    }
    _ = try bundle("a", [("robot.json", .robot, "{\"version\": 1, \"arms\": 3}")])
    let found = try problem("a")
    #expect(found?.code.rawValue == "json.unknown-key")
    #expect(found?.message.contains("asset dinov2.robot.json: ") == true)
    _ = try bundle("b", [("robot.json", .robot, "{}"), ("second.json", .robot, "{}")])
    let several = try problem("b")
    #expect(several?.code.rawValue == "policy.assets")
    #expect(several?.message.contains("\"dinov2.robot.json\", \"dinov2.second.json\"") == true)
  }

  @Test func diffComparesRolesToo() throws {
    _ = try bundle("a", [("preprocessor_config.json", .preprocessor, "{}")])
    _ = try bundle("b", [("preprocessor_config.json", .statistics, "{}")])
    let difference = try Difference.compare(
      scratch("a"), scratch("b"), library: Library.get(), settings: Configuration(), threads: 1)
    #expect(difference.differingAssets.map(\.outcome) == [.otherRole])
  }

  @Test func diffReadsTheAssets() throws {
    let marker = "{\"a rather long text\": \"that stands once\"}"
    _ = try bundle("a", [("preprocessor_config.json", .preprocessor, marker)])
    var bytes = try scratch.bytes(of: "a")
    let place = try #require(bytes.indices.last { bytes[$0...].starts(with: marker.utf8) })
    bytes[place + 5] ^= 1
    try scratch.write(bytes, to: "b")
    let error = #expect(throws: WeightsError.self) {
      _ = try Difference.compare(
        scratch("a"), scratch("b"), library: Library.get(), settings: Configuration(), threads: 1)
    }
    #expect(error?.kind == .malformed)
    #expect(error?.code.rawValue == "bundle.chunk-checksum")
  }

  @Test func diffComparesWhatLiesBesideCheckpoints() throws {
    try scratch.copy("dinov2/hf", to: "x")
    try scratch.addAssets("dinov2", to: "x")
    try scratch.copy("dinov2/hf", to: "y")
    let bundle = try convert([scratch("x")], to: scratch("b"))
    #expect(bundle.assets.count == 1)
    func outcomes(_ a: String, _ b: String) throws -> [Difference.AssetOutcome]? {
      try Difference.compare(
        scratch(a), scratch(b), library: Library.get(), settings: Configuration(), threads: 1
      ).assets?.map(\.outcome)
    }
    #expect(try outcomes("x", "b") == [.equal])
    #expect(try outcomes("b", "y") == [.onlyInFirst])
    try scratch.write("{}", to: "y/preprocessor_config.json")
    #expect(try outcomes("x", "y") == [.otherBytes])
  }

  @Test func verificationSaysWhatTheBundleLacks() throws {
    try scratch.copy("dinov2/hf", to: "x")
    let bundle = try convert([scratch("x")], to: scratch("b"))
    try scratch.addAssets("dinov2", to: "x")
    let comparison = try compare(bundle, against: [scratch("x")])
    #expect(comparison.isEqual)
    #expect(
      comparison.lackingAssets.map { "\($0.name) \($0.source)" }
        == ["dinov2.preprocessor_config.json preprocessor_config.json"])
  }
}
