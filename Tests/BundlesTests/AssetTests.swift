import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLATensors
import Testing

/// Files that travel with the tensors.
struct AssetTests {
  static let assets = [
    TestAsset("depth-anything-v2", "preprocessor_config.json", .preprocessor, count: 400),
    TestAsset("paligemma", "preprocessor_config.json", .preprocessor, count: 400, seed: 2),
    TestAsset("paligemma", "tokenizer.json", .tokenizer, count: 262_144, seed: 3),
    TestAsset("paligemma", "tokenizer.model", .tokenizer, count: 600_001, seed: 4),
    TestAsset("pi0", "norm_stats.json", .statistics, [0x7B]),
  ]

  static func tensors() throws -> [TestTensor] {
    [try TestTensor("a", .bf16, [100, 3]), try TestTensor("b", .i8, [70])]
  }

  @Test(arguments: RoundTripTests.packings) func everyAssetComesBackTheSame(
    packing: BundlePacking
  ) throws {
    let folder = try TemporaryFolder()
    let tensors = try Self.tensors()
    let root = try writeBundle(tensors, assets: Self.assets, to: folder("a"), packing: packing)
    let bundle = try WeightBundle(path: folder("a"))
    #expect(bundle.root == root)
    #expect(bundle.assets.count == Self.assets.count)
    for (asset, expected) in zip(bundle.assets, Self.assets) {
      #expect(asset.name == expected.plan.name)
      #expect(asset.family == expected.plan.family)
      #expect(asset.fileName == expected.plan.fileName)
      #expect(asset.role == expected.plan.role)
      #expect(asset.source == expected.plan.source)
      #expect(asset.byteCount == expected.bytes.count)
      #expect(asset.sha256 == SHA256.hash(expected.bytes))
      #expect(try bundle.bytes(of: asset) == expected.bytes)
    }
    #expect(bundle.assets(.tokenizer).map(\.fileName) == ["tokenizer.json", "tokenizer.model"])
    #expect(bundle.assets(.statistics).map(\.family) == ["pi0"])
    #expect(bundle.assets(.tokenizerConfiguration).isEmpty)

    // They are no tensors.
    #expect(bundle.tensors == tensors.map(\.info))
    #expect(bundle.tensor("__asset.pi0.norm_stats.json") == nil)
    for tensor in tensors { #expect(try bundle.bytes(of: tensor.info.name) == tensor.bytes) }

    let verification = try bundle.verify(threads: 2)
    #expect(verification.isIntact)
    #expect(verification.tensorCount == 2)
    #expect(verification.assetCount == 5)
    #expect(verification.chunkCount == 2 + 7)
    #expect(verification.tensorByteCount == 670)
    #expect(verification.assetByteCount == Self.assets.reduce(0) { $0 + $1.bytes.count })
  }

  @Test func theyStandBeforeTheTensorsAndAreCoded() throws {
    let folder = try TemporaryFolder()
    try writeBundle(Self.tensors(), assets: Self.assets, to: folder("a"))
    try writeBundle(Self.tensors(), to: folder("without"))
    let bundle = try WeightBundle(path: folder("a"))
    let without = try WeightBundle(path: folder("without"))
    #expect(bundle.root != without.root)
    // Twelve letters take 4 bits of each byte.
    let taken = bundle.byteCount - without.byteCount
    let given = Self.assets.reduce(0) { $0 + $1.bytes.count }
    #expect(taken < given * 6 / 10)
    let first = try #require(bundle.tensor("a"))
    #expect(first.storedRange.lowerBound > taken / 2)
  }

  @Test func anotherAssetIsAnotherBundle() throws {
    let folder = try TemporaryFolder()
    func root(_ asset: TestAsset) throws -> Digest {
      try writeBundle(Self.tensors(), assets: [asset], to: folder("a"))
    }
    let bytes = Array("{}".utf8)
    let roots = [
      try root(TestAsset("f", "x", .statistics, bytes)),
      try root(TestAsset("f", "x", .statistics, Array("[]".utf8))),
      try root(TestAsset("f", "x", .preprocessor, bytes)),
      try root(TestAsset("f", "y", .statistics, bytes)),
      try root(TestAsset("g", "x", .statistics, bytes)),
    ]
    #expect(Set(roots).count == roots.count)
    #expect(try root(TestAsset("f", "x", .statistics, bytes)) == roots[0])
  }

  @Test func holdsAsManyAsTheLimitAndNoMore() throws {
    let folder = try TemporaryFolder()
    let many = (0..<65).map { index in
      TestAsset("f", "n\(index + 100)", .tokenizer, [UInt8(index)])
    }
    try writeBundle([], assets: Array(many.dropLast()), to: folder("a"))
    let bundle = try WeightBundle(path: folder("a"))
    #expect(bundle.assets.count == 64)
    #expect(try bundle.assets.map { try bundle.bytes(of: $0)[0] } == (0..<64).map { UInt8($0) })
    #expect(throws: WeightsError(.bundleAssetCount, .malformed, "")) {
      try writeBundle([], assets: many, to: folder("b"))
    }
  }

  @Test func theWriterRefusesWhatTheReaderWould() throws {
    let folder = try TemporaryFolder()
    func code(_ assets: [TestAsset]) -> WeightsError.Code? {
      #expect(throws: WeightsError.self) { try writeBundle([], assets: assets, to: folder("a")) }?
        .code
    }
    let asset = TestAsset("f", "x", .tokenizer, [1])
    #expect(code([asset, asset]) == .bundleAssetOrder)
    #expect(code([asset, TestAsset("e", "x", .tokenizer, [1])]) == .bundleAssetOrder)
    for name in ["x/y", "x\u{85}", "x\u{202E}y", "x\u{2028}"] {
      #expect(code([TestAsset("f", name, .tokenizer, [1])]) == .bundleAssetName)
    }
    #expect(code([TestAsset("f", "x", .tokenizer, [])]) == .bundleAssetSize)
    #expect(try folder.entries.isEmpty)
  }

  @Test(arguments: [1, 3]) func damageIsNamedByAssetChunkAndBytes(threads: Int) throws {
    let folder = try TemporaryFolder()
    try writeBundle(
      Self.tensors(), assets: [TestAsset("f", "x", .tokenizer, count: 600_000)], to: folder("a"),
      packing: .store)
    var bytes = try folder.bytes(of: "a")
    let start = try #require(try WeightBundle(path: folder("a")).tensor("a")).storedRange.lowerBound
    let place = start - 600_000
    bytes[place + 300_000] ^= 1
    let bundle = try WeightBundle(path: folder.write(bytes, to: "b"))
    let found = try bundle.verify(threads: threads)
    #expect(found.damageCount == 1)
    let damage = try #require(found.damages.first)
    #expect(damage.tensor == nil)
    #expect(damage.asset == "f.x")
    #expect(damage.chunk == 1)
    #expect(damage.byteRange == 262_144..<524_288)
    #expect(damage.fileRange == place + 262_144..<place + 524_288)
    #expect(damage.error.code == .bundleChunkHash)
    let text =
      "\(folder("b")): asset \"f.x\": chunk 1 of 3 (asset bytes 262144..<524288, file bytes "
      + "\(place + 262_144)..<\(place + 524_288))"
    #expect(damage.description.hasPrefix(text), "\(damage.description)")
    let strict = try WeightBundle(path: folder("b"), check: .digest)
    let error = #expect(throws: WeightsError.self) { try strict.bytes(of: strict.assets[0]) }
    #expect(error?.description == damage.description)
    #expect(throws: WeightsError(.bundleChunkChecksum, .malformed, "")) {
      try bundle.bytes(of: bundle.assets[0])
    }
    // The tensors are sound all the same.
    #expect(try bundle.bytes(of: "a") == Self.tensors()[0].bytes)
  }

  @Test func anAssetOfAnotherBundleIsUnknown() throws {
    let folder = try TemporaryFolder()
    try writeBundle([], assets: [TestAsset("f", "x", .tokenizer, [1])], to: folder("a"))
    try writeBundle([], assets: [TestAsset("f", "x", .tokenizer, [2])], to: folder("b"))
    let asset = try WeightBundle(path: folder("a")).assets[0]
    let error = #expect(throws: WeightsError.self) {
      try WeightBundle(path: folder("b")).bytes(of: asset)
    }
    #expect(error?.code == .bundleAssetUnknown)
  }
}
