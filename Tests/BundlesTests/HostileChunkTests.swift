import DVLABundles
import DVLACompression
import DVLADiagnostics
import DVLAHostileCorpus
import DVLAJSON
import DVLATensors
import Testing

/// Stored data that are wrong in one way each, under hashes that are right.
struct HostileChunkTests {
  static let tensor = TensorName("t")

  /// A frame of `count` bytes.
  static func frame(_ count: Int) throws -> [UInt8] {
    var frame: [UInt8] = []
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
    try ZstdCompressor().compress(
      unsafe bytes.span.bytes, mode: .raw, appendingTo: &frame)
    return frame
  }

  func expect(
    _ code: WeightsError.Code, at location: SourceLocation = #_sourceLocation,
    _ change: (inout OpenedBundle) throws -> Void
  ) throws {
    var opened = try OpenedBundle([try TestTensor("t", .i8, [100], seed: 5)])
    try change(&opened)
    let folder = try TemporaryFolder()
    let path = try folder.write(opened.bytes(), to: "hostile")
    for check in [ChunkCheck.checksum, .digest] {
      try expectLoads(of: WeightBundle(path: path, check: check), toThrow: code, at: location)
    }
    let verification = try WeightBundle(path: path).verify(threads: 1)
    #expect(verification.damages.map(\.error.code) == [code], sourceLocation: location)
  }

  func expectLoads(
    of bundle: WeightBundle, toThrow code: WeightsError.Code, at location: SourceLocation
  ) {
    for error in [
      #expect(throws: WeightsError.self, sourceLocation: location) {
        try bundle.bytes(of: Self.tensor)
      },
      #expect(throws: WeightsError.self, sourceLocation: location) {
        try bundle.bytes(of: Self.tensor, 3..<5)
      },
      #expect(throws: WeightsError.self, sourceLocation: location) {
        try bundle.load(threads: 2) { _, _ in }
      },
    ] {
      #expect(error?.code == code, "\(error?.description ?? "")", sourceLocation: location)
      #expect(error?.tensor == "t", sourceLocation: location)
      #expect(error?.message.hasPrefix("chunk 0 of 1 (tensor bytes 0..<100, file bytes") == true)
    }
  }

  @Test func refusesWhateverIsNotExactlyOneFrame() throws {
    try expect(.zstdMagic) { $0.store([UInt8](repeating: 7, count: 100)) }
    try expect(.zstdMagic) {
      $0.store([0x50, 0x2A, 0x4D, 0x18, 92, 0, 0, 0] + [UInt8](repeating: 0, count: 92))
    }
    try expect(.zstdLength) { $0.store(try Self.frame(100) + [0]) }
    try expect(.zstdLength) { $0.store(Array(try Self.frame(100).dropLast())) }
    try expect(.zstdLength) { $0.store(try Self.frame(100) + Self.frame(10)) }
    try expect(.zstdLength) {
      $0.store(try Self.frame(100) + [0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0])
    }
  }

  @Test func refusesFramesOfAnotherSize() throws {
    for count in [0, 1, 99, 101] {
      try expect(.zstdContentSize) { $0.store(try Self.frame(count)) }
    }
    // The table says BF16 where the bytes are those of INT8: twice the size.
    var opened = try OpenedBundle([try TestTensor("t", .i8, [100], seed: 5)])
    opened.set("dtype", "BF16")
    opened.set("planes", "rotl1-planes2")
    let folder = try TemporaryFolder()
    let bundle = try WeightBundle(path: folder.write(opened.bytes(), to: "hostile"))
    let error = #expect(throws: WeightsError.self) { try bundle.bytes(of: "t") }
    #expect(error?.code == .zstdContentSize)
  }

  @Test func refusesFramesWithoutChecksumOrWithAWrongOne() throws {
    try expect(.zstdHeader) {
      var frame = try Self.frame(100)
      frame[4] &= ~0x04
      $0.store(Array(frame.dropLast(4)))
    }
  }

  /// The bytes of the frame are those of the table, so a load trusts what they decode to.
  @Test func aFrameWithAWrongChecksumUnderRightHashesIsFoundByVerificationAlone() throws {
    let tensor = try TestTensor("t", .i8, [100], seed: 5)
    var frame: [UInt8] = []
    try ZstdCompressor().compress(
      unsafe tensor.bytes.span.bytes, mode: .raw, appendingTo: &frame)
    frame[frame.count - 1] ^= 0x10
    var opened = try OpenedBundle([tensor])
    opened.store(frame)
    let folder = try TemporaryFolder()
    let path = try folder.write(opened.bytes(), to: "hostile")
    for check in [ChunkCheck.checksum, .digest] {
      #expect(try WeightBundle(path: path, check: check).bytes(of: "t") == tensor.bytes)
    }
    let verification = try WeightBundle(path: path).verify(threads: 1)
    #expect(verification.damages.map(\.error.code) == [.zstdChecksum])
  }

  /// 100 bytes declared, 128 KiB in the one block.
  @Test func stopsABomb() throws {
    try expect(.zstdCorrupt) {
      $0.store([0x28, 0xB5, 0x2F, 0xFD, 0x24, 100, 0x03, 0x00, 0x10, 0xAA, 0, 0, 0, 0])
    }
  }

  @Test func refusesFillerThatIsNotOneSkippableFrameOfZeros() throws {
    let frame = try Self.frame(100)  // 113 bytes: a filler of 15
    let sound: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    #expect(frame.count == 113)
    for index in sound.indices {
      try expect(.bundleFiller) {
        var filler = sound
        filler[index] ^= 1
        $0.store(frame, filler: filler)
      }
    }
    try expect(.bundleFiller) { $0.store(frame, filler: [UInt8](repeating: 0, count: 15)) }
  }

  @Test(arguments: [
    ("sha256", 64, ChunkCheck.digest, WeightsError.Code.bundleChunkHash),
    ("xxh3", 16, .checksum, .bundleChunkChecksum),
  ])
  func refusesHashesOfOtherBytes(
    key: String, digits: Int, check: ChunkCheck, code: WeightsError.Code
  ) throws {
    var opened = try OpenedBundle([try TestTensor("t", .i8, [100], seed: 5)])
    opened.set(key, .string(String(repeating: "0", count: digits)))
    let folder = try TemporaryFolder()
    let path = try folder.write(opened.bytes(), to: "hostile")
    expectLoads(
      of: try WeightBundle(path: path, check: check), toThrow: code, at: #_sourceLocation)
    // Whoever looks at the other hash alone sees nothing wrong.
    #expect(
      throws: Never.self
    ) { try WeightBundle(path: path, check: check == .digest ? .checksum : .digest).bytes(of: "t") }
    let verification = try WeightBundle(path: path).verify(threads: 1)
    #expect(verification.damages.map(\.error.code) == [code])
  }
}
