import DVLABundles
import DVLADiagnostics
import DVLATensors
import Testing

/// Chunks that are hashed two at a time: which of the two is damaged, and in which order.
struct PairedChunkTests {
  /// Three chunks each: frames with planes, raw frames, and a last chunk that is shorter.
  private static func tensors() throws -> [TestTensor] {
    [
      try TestTensor("a", .bf16, [300_000], seed: 1), try TestTensor("b", .i8, [600_001], seed: 2),
      try TestTensor("c", .f32, [7], seed: 3), try TestTensor("d", .i8, [524_288], seed: 4),
    ]
  }

  @Test(arguments: [BundlePacking.store, .packed(smallest: false), .packed(smallest: true)])
  func loadsGiveTheBytes(packing: BundlePacking) throws {
    let folder = try TemporaryFolder()
    try writeBundle(try Self.tensors(), to: folder("a"), packing: packing)
    for check in [ChunkCheck.checksum, .digest] {
      for mapping in [false, true] {
        let bundle = try WeightBundle(path: folder("a"), check: check, mapping: mapping)
        var expected = try Self.tensors()[...]
        try bundle.load(threads: 2) { tensor, bytes in
          let next = expected.removeFirst()
          let found = bytes.withBytes { unsafe $0.withUnsafeBytes { unsafe Array($0) } }
          #expect(tensor.name == next.info.name && found == next.bytes)
        }
        #expect(expected.isEmpty)
      }
      let bundle = try WeightBundle(path: folder("a"), check: check)
      let b = try Self.tensors()[1]
      // Parts that begin and end anywhere, of one chunk and of several.
      for range in [5..<600_001, 262_144..<600_000, 0..<524_288, 1..<2, 524_287..<524_290, 3..<9] {
        #expect(try bundle.bytes(of: "b", range) == Array(b.bytes[range]))
      }
    }
  }

  /// Every set of damaged chunks of two tensors with three chunks each.
  @Test(arguments: [BundlePacking.store, .packed(smallest: false)])
  func everyDamagedChunkIsNamed(packing: BundlePacking) throws {
    let folder = try TemporaryFolder()
    try writeBundle(try Self.tensors(), to: folder("a"), packing: packing)
    let sound = try WeightBundle(path: folder("a"))
    let tensors = [try #require(sound.tensor("a")), try #require(sound.tensor("b"))]
    let places = tensors.flatMap { tensor in tensor.chunks.indices.map { (tensor, $0) } }
    #expect(places.count == 6)
    let bytes = try folder.bytes(of: "a")
    for set in 1..<64 {
      let damaged = places.indices.filter { set >> $0 & 1 == 1 }.map { places[$0] }
      var changed = bytes
      for (tensor, chunk) in damaged {
        let range = tensor.chunks[chunk].storedRange
        changed[range.lowerBound + range.count / 2 + set] ^= 1
      }
      let path = try folder.write(changed, to: "b")
      let found = try WeightBundle(path: path).verify(threads: 2)
      #expect(found.damages.map(\.tensor) == damaged.map(\.0.name))
      #expect(found.damages.map(\.chunk) == damaged.map(\.1))
      #expect(found.damages.allSatisfy { $0.error.code == .bundleChunkHash })
      for mapping in [false, true] {
        let bundle = try WeightBundle(path: path, check: .digest, mapping: mapping)
        for tensor in tensors {
          let error = Self.error(loading: tensor, of: bundle)
          let first = damaged.first { $0.0.name == tensor.name }?.1
          #expect(error?.code == (first == nil ? nil : .bundleChunkHash))
          if let first, let error { #expect(error.message.hasPrefix("chunk \(first) of 3 ")) }
        }
      }
    }
  }

  private static func error(loading tensor: BundleTensor, of bundle: WeightBundle) -> WeightsError?
  {
    do throws(WeightsError) {
      try bundle.load([tensor], threads: 1) { _, _ in }
      return nil
    } catch { return error }
  }
}
