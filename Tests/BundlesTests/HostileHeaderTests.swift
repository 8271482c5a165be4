import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLAHostileCorpus
import DVLAJSON
import DVLATensors
import Testing

/// Headers that are wrong in one way each and carry the right root hash all the same.
struct HostileHeaderTests {
  /// Two tensors of equal type and shape, and one of another.
  static func sound(_ packing: BundlePacking = .packed(smallest: false)) throws -> OpenedBundle {
    try OpenedBundle(
      [
        try TestTensor("a", .bf16, [6, 4], seed: 1), try TestTensor("b", .bf16, [6, 4], seed: 2),
        try TestTensor("c", .i8, [9], seed: 3),
      ], packing)
  }

  func expect(
    _ code: WeightsError.Code, _ packing: BundlePacking = .packed(smallest: false),
    root: String? = nil, at location: SourceLocation = #_sourceLocation,
    _ change: (inout OpenedBundle) -> Void
  ) throws {
    var bundle = try Self.sound(packing)
    change(&bundle)
    let folder = try TemporaryFolder()
    let path = try folder.write(bundle.bytes(root: root), to: "hostile")
    let error = #expect(throws: WeightsError.self, sourceLocation: location) {
      try WeightBundle(path: path)
    }
    #expect(error?.code == code, "\(error?.description ?? "")", sourceLocation: location)
    #expect(error?.file == path, sourceLocation: location)
  }

  @Test(arguments: [BundlePacking.packed(smallest: false), .store])
  func puttingItTogetherAgainUnchangedIsSound(packing: BundlePacking) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(try Self.sound(packing).bytes(), to: "sound")
    #expect(try WeightBundle(path: path).verify(threads: 1).isIntact)
  }

  @Test func refusesWhatIsNoBundle() throws {
    try expect(.bundleFormat) { $0.setMetadata("format", "pt") }
    try expect(.bundleFormat) { $0.setMetadata("format", nil) }
    try expect(.bundleFormat) {
      $0.metadata = []
      $0.rows = []
    }
  }

  @Test func refusesOtherVersionsAndNamesBoth() throws {
    for version in ["2", "1.0", "01", "", "1 "] {
      try expect(.bundleVersion) { $0.setMetadata("format_version", .string(version)) }
    }
    try expect(.bundleVersion) { $0.setMetadata("format_version", nil) }
    var bundle = try Self.sound()
    bundle.setMetadata("format_version", "2")
    let folder = try TemporaryFolder()
    let path = try folder.write(bundle.bytes(), to: "new")
    let error = #expect(throws: WeightsError.self) { try WeightBundle(path: path) }
    #expect(error?.message.contains("version 1,") == true)
    #expect(error?.message.contains("version \"2\"") == true)
  }

  @Test func refusesOtherMetadataKeys() throws {
    try expect(.bundleMetadata) { $0.setMetadata("signature", "x") }
    for key in ["family", "configuration", "recipe", "provenance", "ledger", "assets"] {
      try expect(.bundleMetadata) { $0.setMetadata(key, nil) }
    }
    try expect(.bundleMetadata) { $0.metadata.swapAt(2, 3) }
  }

  @Test func refusesDocumentsThatAreNoJSON() throws {
    for key in ["configuration", "recipe", "provenance", "ledger", "assets"] {
      try expect(.jsonTrailingComma) { $0.setMetadata(key, "[1,]") }
    }
    try expect(.jsonDuplicateKey) { $0.setMetadata("recipe", #"{"a":1,"a":2}"#) }
  }

  @Test func refusesRootHashesThatAreWrongOrNoHash() throws {
    try expect(.bundleRoot, root: String(repeating: "0", count: 64)) { _ in }
    try expect(.bundleRootForm, root: String(repeating: "A", count: 64)) { _ in }
    try expect(.bundleRootForm, root: String(repeating: "g", count: 64)) { _ in }
    try expect(.bundleRootForm) { $0.setMetadata("root", nil) }
  }

  /// The hash binds names to bytes: equal shapes do not make tensors exchangeable.
  @Test func noticesTensorsOfEqualShapeThatChangedPlaces() throws {
    let folder = try TemporaryFolder()
    var bundle = try Self.sound()
    let root = try WeightBundle(path: folder.write(bundle.bytes(), to: "a")).root.hex
    bundle.set("name", "b", row: 0)
    bundle.set("name", "a", row: 1)
    (bundle.entries[0].0, bundle.entries[1].0) = ("b", "a")
    let path = try folder.write(bundle.bytes(root: root), to: "b")
    let error = #expect(throws: WeightsError.self) { try WeightBundle(path: path) }
    #expect(error?.code == .bundleRoot)
  }

  @Test func refusesDataThatAreNotAligned() throws {
    for padding in [1, 8, 32, 63] { try expect(.bundleAlignment) { $0.extraPadding = padding } }
  }

  @Test func refusesRowsOfAnotherForm() throws {
    try expect(.jsonUnknownKey) { $0.set("codec", "lz4") }
    for key in ["name", "dtype", "shape", "encoding", "planes", "stored", "sha256", "xxh3"] {
      try expect(.jsonMissingKey) { $0.set(key, nil) }
      try expect(.jsonType) { $0.set(key, 1) }
    }
    try expect(.jsonType) { $0.set("shape", [-6, 4]) }
    try expect(.jsonType) { $0.set("shape", [6.0, 4]) }
    try expect(.bundleDType) { $0.set("dtype", "bf16") }
    try expect(.bundleEncoding) { $0.set("encoding", "lz4") }
    try expect(.bundleReservedName) { $0.set("name", "__pad.0") }
    try expect(.bundleDuplicateTensor) { bundle in bundle.rows.append(bundle.rows[0]) }
  }

  @Test func refusesPlanesThatDoNotFitTheType() throws {
    try expect(.bundlePlanes) { $0.set("planes", "rotl1-planes4") }
    try expect(.bundlePlanes) { $0.set("planes", "rotl1-planes3") }
    try expect(.bundlePlanes) { $0.set("planes", "rotl1-planes2", row: 2) }
    try expect(.bundlePlanes) { $0.set("planes", "window6-planes4") }
    try expect(.bundlePlanes) { $0.set("planes", "window6-planes2", row: 2) }
    try expect(.bundlePlanes, .store) { $0.set("planes", "window6-planes2") }
    try expect(.bundlePlanes, .store) { $0.set("planes", "rotl1-planes2") }
  }

  @Test func refusesShapesThatOverflowOrDoNotFit() throws {
    try expect(.bundleShape) { $0.set("shape", [4_294_967_296, 4_294_967_296]) }
    try expect(.bundleShape) { $0.set("shape", [.integer(.max)]) }
    try expect(.bundleShape) { $0.set("shape", [1, 1, 1, 1, 1, 1, 1, 6, 4]) }
    try expect(.bundleShape) {
      $0.set("dtype", "F4", row: 2)
      $0.set("shape", [9], row: 2)
    }
  }

  /// A huge tensor of little stored data: refused before anything its size is taken.
  @Test func refusesChunkCountsThatDoNotFitTheShape() throws {
    try expect(.bundleChunkCount) { $0.set("shape", [1_099_511_627_776]) }
    try expect(.bundleChunkCount) { $0.set("stored", []) }
    try expect(.bundleChunkCount) { $0.set("stored", [10, 10]) }
    try expect(.bundleChunkCount) { $0.set("shape", [0]) }
  }

  @Test func refusesStoredSizesThatCannotBe() throws {
    for size: Int64 in [0, -1, 48 + 65, .max] {
      try expect(.bundleChunkSize) { $0.set("stored", [.integer(size)]) }
    }
    try expect(.bundleChunkSize) { $0.set("stored", ["48"]) }
    try expect(.bundleChunkSize) { $0.set("stored", [48.0]) }
    try expect(.bundleChunkSize, .store) { $0.set("stored", [47]) }
    try expect(.bundleChunkSize) { $0.set("encoding", "plain", row: 2) }
  }

  @Test func refusesHashesOfAnotherForm() throws {
    let digits = String(repeating: "0", count: 64)
    for text in ["", String(digits.dropLast()), digits + "0", digits + digits] {
      try expect(.bundleHashForm) { $0.set("sha256", .string(text)) }
    }
    try expect(.bundleHashForm) { $0.set("sha256", .string(String(repeating: "A", count: 64))) }
    for text in ["", String(digits.prefix(15)), String(digits.prefix(17)), "0123456789abcdeF"] {
      try expect(.bundleHashForm) { $0.set("xxh3", .string(text)) }
    }
  }

  @Test func refusesTablesThatDisagreeWithTheEntries() throws {
    try expect(.bundleEntry) { $0.set("name", "z") }
    try expect(.bundleEntry) { $0.rows.swapAt(0, 2) }
    try expect(.bundleEntry) {
      $0.set("encoding", "plain", row: 2)
      $0.set("stored", [9], row: 2)
    }
    try expect(.bundleEntry) { $0.entries[0].1 = $0.entries[0].1.replacing("dtype", "I8") }
    // A frame of 60 bytes would need a filler of 68.
    try expect(.bundleEntry) { $0.set("stored", [60]) }
    try expect(.bundleEntry, .store) { $0.set("dtype", "F16") }
    try expect(.bundleEntry, .store) { $0.set("shape", [4, 6]) }
    try expect(.bundleEntry, .store) { $0.entries[1].0 = "__pad.7" }
    try expect(.bundleUnlisted) { $0.rows.removeLast() }
    try expect(.bundleUnlisted) {
      $0.entries.append(("extra", ["dtype": "U8", "shape": [0], "data_offsets": [0, 0]]))
    }
  }
}

extension JSONValue {
  /// The object with one member replaced.
  fileprivate func replacing(_ key: String, _ value: JSONValue) -> JSONValue {
    let members = object?.members.map { ($0.key, $0.value) } ?? []
    return .object(JSONObject(members + [(key, value)]))
  }
}
