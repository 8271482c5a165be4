import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLATensors
import Testing

/// Every single-bit flip and every truncation of a small bundle is found, and no load gives a wrong
/// tensor meanwhile. `depthvla-every-byte` tries all 255 other values of each byte, and larger
/// bundles.
struct ExhaustiveDamageTests {
  static func bundle(_ packing: BundlePacking, in folder: TemporaryFolder) throws -> [UInt8] {
    // Little of everything: each bit costs an opening.
    let tensors =
      packing == .store
      ? [try TestTensor("b", .i8, [3], seed: 2)]
      : [try TestTensor("a", .bf16, [4, 2], seed: 1), try TestTensor("c", .f32, [0], seed: 3)]
    let documents = BundleDocuments(
      family: "f", configuration: [:], recipe: [:], provenance: [:], ledger: [:])
    let assets = [TestAsset("f", "t", .statistics, Array("{}".utf8))]
    try writeBundle(
      tensors, assets: assets, to: folder("sound"), packing: packing, documents: documents)
    return try folder.bytes(of: "sound")
  }

  /// Whether opening, verifying or loading finds fault. A load of tensors and assets must find
  /// whatever a verification finds, since together they cover the same bytes; and what it hands
  /// over must be the true bytes, however damaged the rest is.
  static func isFound(_ path: String, against truth: [TensorName: [UInt8]]) throws -> Bool {
    guard let bundle = try? WeightBundle(path: path) else { return true }
    let isIntact = try bundle.verify(threads: 1).isIntact
    var loads = bundle.assets.allSatisfy { (try? bundle.bytes(of: $0)) != nil }
    for tensor in bundle.bundleTensors {
      if let bytes = try? bundle.bytes(of: tensor, threads: 1) {
        #expect(bytes.array == truth[tensor.name])
      } else {
        loads = false
      }
    }
    #expect(isIntact == loads)
    return !isIntact
  }

  static func truth(of path: String) throws -> [TensorName: [UInt8]] {
    var truth: [TensorName: [UInt8]] = [:]
    try WeightBundle(path: path).load(threads: 1) { truth[$0.name] = $1.array }
    return truth
  }

  @Test(arguments: [BundlePacking.packed(smallest: false), .store])
  func findsEveryBitFlip(packing: BundlePacking) throws {
    let folder = try TemporaryFolder()
    let bytes = try Self.bundle(packing, in: folder)
    // Changed in place: a file system may sync a file that is written anew.
    let path = folder("sound")
    let truth = try Self.truth(of: path)
    for (position, byte) in bytes.enumerated() {
      // The flips, and values that damaged memory and cut-off writes leave.
      let values = Set((0..<8).map { byte ^ (1 << $0) } + [0, 0xFF, byte &+ 1, ~byte])
      for value in values where value != byte {
        try overwrite(path, at: position, with: value)
        let isFound = try Self.isFound(path, against: truth)
        #expect(isFound, "byte \(position) of \(bytes.count) made \(value)")
      }
      try overwrite(path, at: position, with: byte)
    }
    #expect(try !Self.isFound(path, against: truth))
  }

  @Test(arguments: [BundlePacking.packed(smallest: false), .store])
  func findsEveryTruncation(packing: BundlePacking) throws {
    let folder = try TemporaryFolder()
    let bytes = try Self.bundle(packing, in: folder)
    for count in bytes.indices.reversed() {
      try truncate(folder("sound"), to: count)
      let isOpen = (try? WeightBundle(path: folder("sound"))) != nil
      #expect(!isOpen, "cut to \(count) bytes")
    }
  }

  @Test func findsBytesBehindTheEnd() throws {
    let folder = try TemporaryFolder()
    let bytes = try Self.bundle(.store, in: folder)
    for tail in [[0], [UInt8](repeating: 0, count: 64), Array("PK\u{3}\u{4}".utf8)] {
      let path = try folder.write(bytes + tail, to: "damaged")
      #expect(throws: WeightsError.self) { try WeightBundle(path: path) }
    }
  }
}
