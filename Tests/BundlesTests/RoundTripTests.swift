import DVLABundles
import DVLADiagnostics
import DVLAJSON
import DVLATensors
import Testing

struct RoundTripTests {
  /// Every element type of safetensors, shapes without elements, and byte counts around a chunk.
  static func tensors() throws -> [TestTensor] {
    var tensors = try DType.allCases.enumerated().map { index, dtype in
      try TestTensor("type.\(dtype.rawValue)", dtype, [8, 5], seed: UInt64(index))
    }
    tensors += [
      try TestTensor("empty.first", .bf16, [0, 7]), try TestTensor("scalar", .f32, []),
      try TestTensor("one.byte", .i8, [1]), try TestTensor("empty.middle", .i8, [3, 0]),
      try TestTensor("chunk.less", .bf16, [131_071], seed: 3),
      try TestTensor("chunk.exact", .bf16, [131_072], seed: 4),
      try TestTensor("chunk.more", .bf16, [131_073], seed: 5),
      try TestTensor("chunks.f32", .f32, [3, 50_000], seed: 6),
      try TestTensor("chunks.i8", .i8, [600_001], seed: 7),
      try TestTensor("norm", .bf16, [1152], seed: 8), try TestTensor("empty.last", .f32, [0]),
    ]
    return tensors
  }

  static let packings: [BundlePacking] = [
    .store, .packed(smallest: false), .packed(smallest: true),
  ]

  @Test(arguments: packings) func everyTensorComesBackTheSame(packing: BundlePacking) throws {
    let folder = try TemporaryFolder()
    let tensors = try Self.tensors()
    let path = folder("a.dvla.safetensors")
    let root = try writeBundle(tensors, to: path, packing: packing, threads: 2)

    let bundle = try WeightBundle(path: path)
    #expect(bundle.root == root)
    #expect(bundle.documents == testDocuments)
    #expect(bundle.tensors == tensors.map(\.info))
    for tensor in tensors {
      #expect(try bundle.bytes(of: tensor.info.name) == tensor.bytes, "\(tensor.info.name)")
      let found = try #require(bundle.tensor(tensor.info.name))
      #expect(found.storedRange.lowerBound % 64 == 0)
      #expect(found.source == ["tensor": .string(tensor.info.name.string)])
    }
    let verification = try bundle.verify(threads: 2)
    #expect(verification.isIntact)
    #expect(verification.chunkCount == 35)
    #expect(verification.byteCount == (try folder.bytes(of: "a.dvla.safetensors").count))
  }

  @Test(arguments: packings) func theBytesDoNotDependOnTheThreadCount(
    packing: BundlePacking
  ) throws {
    let folder = try TemporaryFolder()
    let tensors = try Self.tensors()
    let expected = try writeBundle(tensors, to: folder("1"), packing: packing, threads: 1)
    for threads in [1, 2, 5] {
      let root = try writeBundle(
        tensors, to: folder("\(threads)"), packing: packing, threads: threads)
      #expect(root == expected)
      #expect(try folder.bytes(of: "\(threads)") == folder.bytes(of: "1"))
    }
  }

  @Test(arguments: [1, 2, 5]) func loadsInOrderOnSeveralThreads(threads: Int) throws {
    let folder = try TemporaryFolder()
    let tensors = try Self.tensors()
    try writeBundle(tensors, to: folder("a"))
    let bundle = try WeightBundle(path: folder("a"))
    var names: [TensorName] = []
    try bundle.load(threads: threads) { tensor, bytes in
      #expect(bytes.array == tensors[names.count].bytes)
      names.append(tensor.name)
    }
    #expect(names == tensors.map(\.info.name))

    let chosen = try ["chunks.f32", "scalar", "empty.last"].map {
      try #require(bundle.tensor(TensorName($0)))
    }
    names = []
    try bundle.load(chosen, threads: threads) { tensor, _ in names.append(tensor.name) }
    #expect(names == ["chunks.f32", "scalar", "empty.last"])
    #expect(
      try bundle.bytes(of: chosen[0], threads: threads).array == bundle.bytes(of: "chunks.f32"))
  }

  @Test(arguments: packings) func readsAnyRange(packing: BundlePacking) throws {
    let folder = try TemporaryFolder()
    let tensor = try TestTensor("t", .f32, [400, 500], seed: 9)
    try writeBundle([tensor], to: folder("a"), packing: packing)
    let bundle = try WeightBundle(path: folder("a"))
    let ends = [0, 1, 3, 262_143, 262_144, 262_145, 524_288, 799_999, 800_000]
    for start in ends {
      for end in ends where end >= start {
        #expect(try bundle.bytes(of: "t", start..<end) == Array(tensor.bytes[start..<end]))
      }
    }
  }

  @Test func refusesRangesOutsideATensorAndUnknownNames() throws {
    let folder = try TemporaryFolder()
    try writeBundle([try TestTensor("t", .bf16, [10])], to: folder("a"))
    let bundle = try WeightBundle(path: folder("a"))
    for range in [-1..<3, 0..<21, 20..<21, Int.max - 1..<Int.max] {
      let error = #expect(throws: WeightsError.self) { try bundle.bytes(of: "t", range) }
      #expect(error?.code == .tensorRange)
    }
    let error = #expect(throws: WeightsError.self) { try bundle.bytes(of: "u") }
    #expect(error?.code == .unknownTensor)
  }

  @Test func aBundleWithoutTensorsIsSound() throws {
    let folder = try TemporaryFolder()
    try writeBundle([], to: folder("a"))
    let bundle = try WeightBundle(path: folder("a"))
    #expect(bundle.tensors.isEmpty)
    #expect(try bundle.verify(threads: 2).isIntact)
  }

  /// Entropy floors measured with Python: 1.517 for BF16, 1.206 for F32 (normal distribution,
  /// 64 Ki values a block); tables and frames take the rest.
  @Test func gaussianWeightsReachTheEntropyOfTheirExponents() throws {
    var generator = Xorshift(seed: 11)
    func uniform() -> Double { Double(generator.nextWord() >> 11) * 0x1p-53 + 0x1p-54 }
    var wide: [UInt8] = []
    var narrow: [UInt8] = []
    for _ in 0..<262_144 {
      // Irwin–Hall: twelve uniforms, close to normal and needs no logarithm.
      let value = Float((0..<12).reduce(-6) { sum, _ in sum + uniform() } * 0.02)
      let bits = value.bitPattern
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        wide.append(UInt8(truncatingIfNeeded: bits >> shift))
        if shift >= 16 { narrow.append(UInt8(truncatingIfNeeded: bits >> shift)) }
      }
    }
    let folder = try TemporaryFolder()
    func ratio(_ dtype: DType, _ bytes: [UInt8]) throws -> Double {
      try writeBundle([try TestTensor("w", dtype, [262_144], bytes: bytes)], to: folder("a"))
      let tensor = try #require(try WeightBundle(path: folder("a")).tensor("w"))
      return Double(bytes.count) / Double(tensor.storedRange.count)
    }
    #expect((1.50...1.517).contains(try ratio(.bf16, narrow)))
    #expect((1.195...1.206).contains(try ratio(.f32, wide)))
  }
}
