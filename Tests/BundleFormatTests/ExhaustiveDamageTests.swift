import BundleFormat
import Diagnostics
import StrictJSON
import TensorCore
import Testing

/// Every single-bit flip and every truncation of a small bundle is found.
///
/// Serialised: each test keeps a processor busy for a second or two.
@Suite(.serialized) struct ExhaustiveDamageTests {
  static func bundle(_ packing: BundlePacking, in folder: TemporaryFolder) throws -> [UInt8] {
    let tensors = [
      try TestTensor("a", .bf16, [5, 4], seed: 1), try TestTensor("b", .i8, [3], seed: 2),
      try TestTensor("c", .f32, [0], seed: 3),
    ]
    let documents = BundleDocuments(
      family: "f", configuration: [:], recipe: [:], provenance: [:], ledger: [:])
    try writeBundle(tensors, to: folder("sound"), packing: packing, documents: documents)
    return try folder.bytes(of: "sound")
  }

  /// Whether opening, verifying or loading finds fault. A load must find whatever a verification
  /// finds, since together they cover the same bytes.
  static func isFound(_ bytes: [UInt8], in folder: TemporaryFolder) throws -> Bool {
    let path = try folder.write(bytes, to: "damaged")
    guard let bundle = try? Bundle(path: path) else { return true }
    let isIntact = try bundle.verify(threads: 1).isIntact
    let loads = (try? bundle.load(threads: 1) { _, _ in }) != nil
    #expect(isIntact == loads)
    return !isIntact
  }

  @Test(arguments: [BundlePacking.packed(smallest: false), .store])
  func findsEveryBitFlip(packing: BundlePacking) throws {
    let folder = try TemporaryFolder()
    var bytes = try Self.bundle(packing, in: folder)
    #expect(try !Self.isFound(bytes, in: folder))
    for bit in 0..<bytes.count * 8 {
      bytes[bit / 8] ^= 1 << (bit % 8)
      let isFound = try Self.isFound(bytes, in: folder)
      #expect(isFound, "bit \(bit % 8) of byte \(bit / 8) of \(bytes.count)")
      bytes[bit / 8] ^= 1 << (bit % 8)
    }
  }

  @Test(arguments: [BundlePacking.packed(smallest: false), .store])
  func findsEveryTruncation(packing: BundlePacking) throws {
    let folder = try TemporaryFolder()
    let bytes = try Self.bundle(packing, in: folder)
    for count in 0..<bytes.count {
      let path = try folder.write(Array(bytes.prefix(count)), to: "damaged")
      #expect(throws: WeightsError.self, "cut to \(count) bytes") { try Bundle(path: path) }
    }
  }

  @Test func findsBytesBehindTheEnd() throws {
    let folder = try TemporaryFolder()
    let bytes = try Self.bundle(.store, in: folder)
    for tail in [[0], [UInt8](repeating: 0, count: 64), Array("PK\u{3}\u{4}".utf8)] {
      let path = try folder.write(bytes + tail, to: "damaged")
      #expect(throws: WeightsError.self) { try Bundle(path: path) }
    }
  }
}
