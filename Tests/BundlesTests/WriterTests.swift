import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLATensors
import Testing

struct WriterTests {
  static let packing = BundlePacking.packed(smallest: false)

  static func plan(_ name: String, _ count: Int) throws -> BundleTensorPlan {
    BundleTensorPlan(try TestTensor(name, .i8, [count]).info)
  }

  static func chunk(_ count: Int) throws -> PackedChunk {
    let bytes = [UInt8](repeating: 7, count: count)
    var packer = try ChunkPacker()
    return try packer.pack(unsafe bytes.span.bytes, dtype: .i8, packing: packing)
  }

  @Test func keepsWhatBecomesKnownAtTheEnd() throws {
    let folder = try TemporaryFolder()
    let wide: JSONValue = ["rms": -1.7976931348623157e308]
    let plan = BundleTensorPlan(
      try TestTensor("t", .i8, [10]).info, source: "s", quantizationPlaceholder: wide)
    var documents = testDocuments
    documents.provenance = ["sha256": .string(String(repeating: "0", count: 64))]
    let writer = try BundleWriter(
      path: folder("a"), overwrite: false, documents: documents, plans: [plan],
      packing: Self.packing)
    try writer.append([try Self.chunk(10)], toTensor: 0)
    writer.setQuantization(["rms": 0.5], ofTensor: 0)
    let provenance: JSONValue = ["sha256": .string(String(repeating: "f", count: 64))]
    let root = try writer.finish(provenance: provenance, ledger: [])
    let bundle = try WeightBundle(path: folder("a"))
    #expect(bundle.root == root)
    #expect(bundle.documents.provenance == provenance)
    #expect(bundle.tensor("t")?.quantization == ["rms": 0.5])
    #expect(bundle.tensor("t")?.source == "s")
    #expect(try bundle.verify(threads: 1).isIntact)
  }

  @Test func aPlaceholderIsNotWritten() throws {
    let folder = try TemporaryFolder()
    let plan = BundleTensorPlan(
      try TestTensor("t", .i8, [10]).info, quantizationPlaceholder: "wide")
    let writer = try BundleWriter(
      path: folder("a"), overwrite: false, documents: testDocuments, plans: [plan],
      packing: Self.packing)
    try writer.append([try Self.chunk(10)], toTensor: 0)
    _ = try writer.finish()
    #expect(try WeightBundle(path: folder("a")).tensor("t")?.quantization == nil)
  }

  @Test func refusesDocumentsThatOutgrowTheirPlace() throws {
    let folder = try TemporaryFolder()
    let writer = try BundleWriter(
      path: folder("a"), overwrite: false, documents: testDocuments, plans: [],
      packing: Self.packing)
    let long: JSONValue = .string(String(repeating: "x", count: 500))
    let error = #expect(throws: WeightsError.self) { try writer.finish(ledger: long) }
    #expect(error?.code == .bundleReserve)
    #expect(error?.kind == .cannotCreate)
    writer.discard()
    #expect(try folder.entries.isEmpty)
  }

  @Test func leavesNothingBehindUnlessFinished() throws {
    let folder = try TemporaryFolder()
    do {
      let writer = try BundleWriter(
        path: folder("a"), overwrite: false, documents: testDocuments,
        plans: [try Self.plan("t", 10)], packing: Self.packing)
      try writer.append([try Self.chunk(10)], toTensor: 0)
      #expect(!(try folder.entries.contains("a")))
    }
    #expect(try folder.entries.isEmpty)
  }

  @Test func doesNotReplaceAFileUnlessToldTo() throws {
    let folder = try TemporaryFolder()
    try folder.write([1, 2, 3], to: "a")
    let error = #expect(throws: WeightsError.self) {
      let writer = try BundleWriter(
        path: folder("a"), overwrite: false, documents: testDocuments, plans: [],
        packing: Self.packing)
      _ = try writer.finish()
    }
    #expect(error?.kind == .cannotCreate)
    #expect(try folder.bytes(of: "a") == [1, 2, 3])
    let writer = try BundleWriter(
      path: folder("a"), overwrite: true, documents: testDocuments, plans: [],
      packing: Self.packing)
    _ = try writer.finish()
    #expect(try WeightBundle(path: folder("a")).tensors.isEmpty)
  }

  @Test func refusesNamesTheFormatCannotHold() throws {
    let folder = try TemporaryFolder()
    func code(_ names: [String]) throws -> WeightsError.Code? {
      let plans = try names.map { try Self.plan($0, 0) }
      return #expect(throws: WeightsError.self) {
        let writer = try BundleWriter(
          path: folder("a"), overwrite: false, documents: testDocuments, plans: plans,
          packing: Self.packing)
        _ = try writer.finish()
      }?.code
    }
    #expect(try code(["a", "b", "a"]) == .bundleDuplicateTensor)
    #expect(try code(["__pad.0"]) == .bundleReservedName)
    #expect(try code(["__metadata__"]) == .bundleReservedName)
    #expect(try code(["line\nbreak"])?.rawValue.hasPrefix("safetensors.") == true)
    #expect(try folder.entries.isEmpty)
  }
}
