import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLAHostileCorpus
import DVLAJSON
import DVLATensors
import Testing

/// Headers whose assets are wrong in one way each and carry the right root hash all the same.
struct HostileAssetTests {
  static let packings: [BundlePacking] = [.packed(smallest: false), .store]

  /// Two assets of equal size, and a tensor.
  static func sound(_ packing: BundlePacking = .packed(smallest: false)) throws -> OpenedBundle {
    try OpenedBundle(
      [try TestTensor("t", .bf16, [6, 4])],
      assets: [
        TestAsset("a", "x.json", .statistics, count: 40, seed: 1),
        TestAsset("b", "x.json", .tokenizer, count: 40, seed: 2),
      ], packing)
  }

  func expect(
    _ code: WeightsError.Code, _ packing: BundlePacking = .packed(smallest: false),
    at location: SourceLocation = #_sourceLocation, _ change: (inout OpenedBundle) -> Void
  ) throws {
    var bundle = try Self.sound(packing)
    change(&bundle)
    let folder = try TemporaryFolder()
    let path = try folder.write(bundle.bytes(), to: "hostile")
    let error = #expect(throws: WeightsError.self, sourceLocation: location) {
      try WeightBundle(path: path)
    }
    #expect(error?.code == code, "\(error?.description ?? "")", sourceLocation: location)
    #expect(error?.kind == .malformed, sourceLocation: location)
    #expect(error?.file == path, sourceLocation: location)
  }

  @Test(arguments: packings) func puttingItTogetherAgainUnchangedIsSound(
    packing: BundlePacking
  ) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(try Self.sound(packing).bytes(), to: "sound")
    #expect(try WeightBundle(path: path).verify(threads: 1).isIntact)
  }

  @Test func refusesAssetsOfAnotherForm() throws {
    try expect(.jsonUnknownKey) { $0.setAsset("mode", "0644") }
    for key in ["family", "file", "role", "bytes", "sha256", "source"] {
      try expect(.jsonMissingKey) { $0.setAsset(key, nil) }
      try expect(.jsonType) { $0.setAsset(key, [1]) }
    }
    try expect(.jsonType) { $0.setAsset("bytes", 40.0) }
    try expect(.jsonType) {
      $0.assets = []
      $0.setMetadata("assets", "{}")
    }
    for role in ["weights", "Tokenizer", "", "tokenizerConfiguration"] {
      try expect(.bundleAssetRole) { $0.setAsset("role", .string(role)) }
    }
    let digits = String(repeating: "0", count: 64)
    for text in ["", digits + "0", String(digits.dropLast()), digits.replacing("0", with: "A")] {
      try expect(.bundleHashForm) { $0.setAsset("sha256", .string(text)) }
    }
  }

  @Test func refusesNamesThatCouldLeadElsewhere() throws {
    for name in [
      "", ".", "..", "../x", "/etc/x", "x/y", "x\u{0}", "x\ny", "x\u{1B}[2J", "x\u{7F}",
      String(repeating: "n", count: 121),
    ] {
      try expect(.bundleAssetName) { $0.setAsset("file", .string(name)) }
      try expect(.bundleAssetName) { $0.setAsset("family", .string(name)) }
    }
  }

  @Test func refusesAssetsOutOfOrderOrTwice() throws {
    try expect(.bundleAssetOrder) { $0.assets.swapAt(0, 1) }
    try expect(.bundleAssetOrder) { $0.setAsset("family", "a", 1) }
    // Another cut of the same name.
    try expect(.bundleAssetOrder) {
      $0.setAsset("family", "a.x", 1)
      $0.setAsset("file", "json", 1)
    }
  }

  @Test func refusesSizesBeyondTheLimit() throws {
    for size: Int64 in [0, -1, 268_435_457, .max, .min] {
      try expect(.bundleAssetSize) { $0.setAsset("bytes", .integer(size)) }
    }
  }

  /// The largest asset there may be, of a few stored bytes: it opens, and its chunks are found
  /// wanting when it is read.
  @Test func takesTheLargestAssetByItsHeader() throws {
    var bundle = try OpenedBundle([], assets: [TestAsset("a", "x", .tokenizer, count: 1)])
    let size = JSONValue.integer(268_435_456)
    bundle.setAsset("bytes", size)
    bundle.set("shape", [size])
    bundle.set("stored", .array([JSONValue](repeating: 1, count: 1024)))
    bundle.set("sha256", .string(String(repeating: "0", count: 64 * 1024)))
    bundle.set("xxh3", .string(String(repeating: "0", count: 16 * 1024)))
    bundle.body = [UInt8](repeating: 0, count: 1024)
    bundle.entries[0].1 = ["dtype": "U8", "shape": [1024], "data_offsets": [0, 1024]]
    let folder = try TemporaryFolder()
    let opened = try WeightBundle(path: folder.write(bundle.bytes(), to: "largest"))
    #expect(opened.assets.map(\.byteCount) == [268_435_456])
    #expect(try opened.verify(threads: 1).damageCount == 1000 + 24)
  }

  @Test func refusesAssetsAndRowsThatDisagree() throws {
    try expect(.bundleAssetRow) { $0.setAsset("bytes", 41) }
    try expect(.bundleAssetRow) { $0.setAsset("file", "w.json") }
    try expect(.bundleAssetRow) { $0.assets.removeFirst() }
    try expect(.bundleReservedName) { $0.assets.removeLast() }
    try expect(.bundleReservedName) {
      $0.assets = []
      $0.setMetadata("assets", "[]")
    }
    try expect(.bundleAssetRow) { $0.rows.swapAt(0, 1) }
    // A tensor comes first.
    try expect(.bundleAssetRow) { $0.rows.swapAt(1, 2) }
    try expect(.bundleAssetRow) { $0.set("name", "a.x.json") }
    try expect(.bundleAssetRow) { $0.set("dtype", "I8") }
    try expect(.bundleAssetRow) { $0.set("shape", [8, 5]) }
    try expect(.bundleAssetRow) { $0.set("source", "somewhere") }
    try expect(.bundleAssetRow) { $0.set("quantization", [:]) }
    // More assets than rows.
    try expect(.bundleAssetRow) { $0.rows.removeLast(2) }
    try expect(.bundleUnlisted) {
      $0.assets.removeLast()
      $0.rows.remove(at: 1)
      $0.rows.removeLast()
    }
  }

  /// Every chunk is what the table says, and the whole is another file than the header states.
  @Test(arguments: packings) func noticesAnAssetThatIsNotTheOneStated(
    packing: BundlePacking
  ) throws {
    var bundle = try Self.sound(packing)
    bundle.setAsset("sha256", .string(SHA256.hash([1]).hex), 1)
    let folder = try TemporaryFolder()
    let opened = try WeightBundle(path: folder.write(bundle.bytes(), to: "b"))
    let error = #expect(throws: WeightsError.self) { try opened.bytes(of: opened.assets[1]) }
    #expect(error?.code == .bundleAssetHash)
    #expect(error?.description.contains("asset \"b.x.json\"") == true)
    _ = try opened.bytes(of: opened.assets[0])
    let found = try opened.verify(threads: 1)
    #expect(found.damages.map(\.asset) == ["b.x.json"])
    #expect(found.damages.map(\.error.code) == [.bundleAssetHash])
    #expect(found.damages.map(\.byteRange) == [0..<40])
  }

  /// Assets of equal size cannot change places unnoticed.
  @Test func noticesAssetsThatChangedPlaces() throws {
    var bundle = try Self.sound(.store)
    for key in ["stored", "sha256", "xxh3"] {
      let (first, second) = (bundle.rows[0], bundle.rows[1])
      bundle.set(key, second.first { $0.0 == key }?.1, row: 0)
      bundle.set(key, first.first { $0.0 == key }?.1, row: 1)
    }
    let half = 64
    bundle.body = Array(
      bundle.body[half..<2 * half] + bundle.body[0..<half] + bundle.body[(2 * half)...])
    let folder = try TemporaryFolder()
    let opened = try WeightBundle(path: folder.write(bundle.bytes(), to: "b"))
    let found = try opened.verify(threads: 2)
    #expect(found.damages.map(\.asset) == ["a.x.json", "b.x.json"])
    #expect(found.damages.allSatisfy { $0.error.code == .bundleAssetHash })
  }
}
