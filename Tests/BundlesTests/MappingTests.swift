import DVLABundles
import DVLADiagnostics
import DVLATensors
import Testing

/// Tensors of a bundle made with `--store`, used where they lie in the file.
struct MappingTests {
  static func tensors() throws -> [TestTensor] {
    [
      try TestTensor("a", .f32, [3, 100_000], seed: 1), try TestTensor("empty", .bf16, [0]),
      try TestTensor("b", .i8, [70], seed: 2), try TestTensor("c", .bf16, [9], seed: 3),
    ]
  }

  static func bundle(_ packing: BundlePacking, in folder: TemporaryFolder) throws -> WeightBundle {
    try writeBundle(try tensors(), to: folder("a"), packing: packing)
    return try WeightBundle(path: folder("a"), mapping: true)
  }

  @Test(arguments: [1, 3]) func aLoadGivesTheBytesOfTheFileItself(threads: Int) throws {
    let folder = try TemporaryFolder()
    let bundle = try Self.bundle(.store, in: folder)
    var expected = try Self.tensors()[...]
    try bundle.load(threads: threads) { tensor, bytes in
      let next = expected.removeFirst()
      let isSame = bytes.withBytes { unsafe $0.withUnsafeBytes { unsafe Array($0) } } == next.bytes
      #expect(tensor.name == next.info.name && isSame)
    }
    #expect(expected.isEmpty)
    for tensor in try Self.tensors() {
      let resident = try #require(bundle.residentBytes(of: tensor.info.name))
      let address = resident.withBytes {
        unsafe $0.withUnsafeBytes { Int(bitPattern: $0.baseAddress) }
      }
      #expect(address.isMultiple(of: 64))
      try bundle.check(tensor.info.name, in: 0..<resident.byteCount)
    }
  }

  @Test func bytesOutliveTheBundle() throws {
    let folder = try TemporaryFolder()
    let bytes = try #require(try Self.bundle(.store, in: folder).residentBytes(of: "b"))
    let found = bytes.withBytes { unsafe $0.withUnsafeBytes { unsafe Array($0) } }
    #expect(try found == Self.tensors()[2].bytes)
  }

  @Test func packedTensorsAreReadAsEver() throws {
    let folder = try TemporaryFolder()
    let bundle = try Self.bundle(.packed(smallest: false), in: folder)
    #expect(bundle.residentBytes(of: "a") == nil)
    var count = 0
    try bundle.load(threads: 2) { _, bytes in count += bytes.byteCount }
    #expect(try count == Self.tensors().reduce(0) { $0 + $1.bytes.count })
  }

  @Test(arguments: [ChunkCheck.checksum, .digest]) func damageIsFoundInPlace(
    check: ChunkCheck
  ) throws {
    let folder = try TemporaryFolder()
    let sound = try Self.bundle(.store, in: folder)
    let range = try #require(sound.tensor("a")).chunks[2].storedRange
    let filler = try #require(sound.tensor("b")).filler
    var bytes = try folder.bytes(of: "a")
    bytes[range.lowerBound + 5] ^= 1
    bytes[filler.lowerBound] ^= 1
    let bundle = try WeightBundle(
      path: folder.write(bytes, to: "b"), check: check, mapping: true)
    let code =
      check == .digest ? WeightsError.Code.bundleChunkHash : .bundleChunkChecksum
    #expect(throws: WeightsError(code, .malformed, "")) {
      try bundle.check("a", in: 524_288 + 9..<524_288 + 10)
    }
    try bundle.check("a", in: 0..<524_288)
    #expect(throws: WeightsError(.bundleFiller, .malformed, "")) {
      try bundle.check("b", in: 0..<70)
    }
    let error = #expect(throws: WeightsError.self) { try bundle.load(threads: 2) { _, _ in } }
    #expect(error?.code == code)
    #expect(error?.tensor == "a")
  }
}
