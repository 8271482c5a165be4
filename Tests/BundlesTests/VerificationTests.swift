import DVLABundles
import DVLADiagnostics
import DVLATensors
import Testing

struct VerificationTests {
  @Test(arguments: [1, 3]) func findsAllDamagedPlacesWithTheirRanges(threads: Int) throws {
    let folder = try TemporaryFolder()
    try writeBundle(
      [
        try TestTensor("first", .bf16, [300_000], seed: 1), try TestTensor("empty", .bf16, [0]),
        try TestTensor("second", .i8, [100], seed: 2),
      ], to: folder("a"))
    let sound = try WeightBundle(path: folder("a"))
    let first = try #require(sound.tensor("first"))
    let second = try #require(sound.tensor("second"))
    #expect(first.chunks.count == 3)

    var bytes = try folder.bytes(of: "a")
    bytes[first.chunks[0].storedRange.lowerBound + 1000] ^= 1
    bytes[first.chunks[2].storedRange.upperBound - 1] ^= 1
    bytes[second.filler.upperBound - 1] ^= 1
    let bundle = try WeightBundle(path: folder.write(bytes, to: "b"))
    var progress: [Int] = []
    let found = try bundle.verify(threads: threads) { progress.append($0) }

    #expect(!found.isIntact)
    #expect(found.damageCount == 3)
    #expect(found.damages.map(\.tensor) == ["first", "first", "second"])
    #expect(found.damages.map(\.chunk) == [0, 2, 0])
    #expect(
      found.damages.map(\.error.code) == [.bundleChunkHash, .bundleChunkHash, .bundleFiller])
    #expect(found.damages[0].fileRange == first.chunks[0].storedRange)
    #expect(found.damages[0].byteRange == 0..<262_144)
    #expect(
      found.damages[1].fileRange
        == first.chunks[2].storedRange.lowerBound..<first.filler.upperBound)
    #expect(found.damages[1].byteRange == 524_288..<600_000)
    #expect(
      found.damages[0].description.hasPrefix(
        "\(folder("b")): tensor \"first\": chunk 0 of 3 (tensor bytes 0..<262144, file bytes"))
    #expect(progress.sorted() == progress)
    #expect(progress.last == bytes.count)

    // What is sound in a damaged bundle can still be read.
    #expect(
      try bundle.bytes(of: "first", 262_144..<524_288)
        == sound.bytes(of: "first", 262_144..<524_288))
    for (check, code) in [
      (ChunkCheck.checksum, WeightsError.Code.bundleChunkChecksum), (.digest, .bundleChunkHash),
    ] {
      #expect(throws: WeightsError(code, .malformed, "")) {
        try WeightBundle(path: folder("b"), check: check).bytes(of: "first", 524_288..<524_289)
      }
    }
  }

  @Test func countsDamageBeyondWhatItLists() throws {
    let folder = try TemporaryFolder()
    try writeBundle(
      try (0..<1010).map { try TestTensor("t\($0)", .i8, [3]) }, to: folder("a"))
    let sound = try WeightBundle(path: folder("a"))
    var bytes = try folder.bytes(of: "a")
    for tensor in sound.bundleTensors { bytes[tensor.filler.upperBound - 1] = 1 }
    let found = try WeightBundle(path: folder.write(bytes, to: "b")).verify(threads: 2)
    #expect(found.damageCount == 1010)
    #expect(found.damages.count == 1000)
  }

  @Test func aFileThatShrinksIsAnErrorAndNotDamage() throws {
    let folder = try TemporaryFolder()
    try writeBundle([try TestTensor("t", .i8, [1000])], to: folder("a"))
    let bundle = try WeightBundle(path: folder("a"))
    // Written in place: the open bundle sees it.
    try truncate(folder("a"), to: bundle.byteCount - 64)
    #expect(throws: WeightsError.self) { try bundle.verify(threads: 1) }
    #expect(throws: WeightsError.self) { try bundle.bytes(of: "t") }
  }

  @Test func aHeaderThatChangesAfterOpeningIsFound() throws {
    let folder = try TemporaryFolder()
    try writeBundle([try TestTensor("t", .i8, [10])], to: folder("a"))
    let bundle = try WeightBundle(path: folder("a"))
    try overwrite(folder("a"), at: 100, with: 0xFF)
    #expect(throws: WeightsError.self) { try bundle.verify(threads: 1) }
  }
}
