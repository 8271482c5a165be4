import DVLABundles
import DVLADiagnostics
import Foundation
import Testing

/// What a writer has written is read back before the bundle gets its name.
struct ReadBackTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func writer(chunkCount: Int) throws -> BundleWriter {
    try BundleWriter(
      path: folder("a"), overwrite: false, documents: testDocuments,
      plans: [try WriterTests.plan("t", 262_144 * (chunkCount - 1) + 10)],
      packing: WriterTests.packing)
  }

  /// Changes a byte of the unfinished file.
  private func damage(at offset: Int) throws {
    let name = try #require(try folder.entries.first { $0.hasPrefix(".a.partial-") })
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: folder(name)))
    try file.seek(toOffset: UInt64(offset))
    let byte = try #require(try file.read(upToCount: 1)?.first)
    try file.seek(toOffset: UInt64(offset))
    try file.write(contentsOf: Data([byte ^ 0x10]))
    try file.close()
  }

  @Test(arguments: [(0, WeightsError.Code.bundleChunkChecksum), (1, .bundleFiller)])
  func aByteThatChangedIsFound(place: Int, code: WeightsError.Code) throws {
    let writer = try writer(chunkCount: 2)
    let start = writer.byteCount
    let chunks = [try WriterTests.chunk(262_144), try WriterTests.chunk(10)]
    try writer.append(chunks, toTensor: 0)
    let dataByteCount = chunks.reduce(0) { $0 + $1.stored.count }
    try #require(writer.byteCount > start + dataByteCount)
    try damage(at: place == 0 ? start + 1000 : writer.byteCount - 1)
    let error = #expect(throws: WeightsError.self) { _ = try writer.finish() }
    #expect(error?.code == code)
    #expect(error?.kind == .malformed)
    #expect(error?.tensor == "t" && error?.file == folder("a"))
    #expect(error?.message.hasPrefix("chunk \(place) of 2 (tensor bytes") == true)
    writer.discard()
    #expect(try folder.entries.isEmpty)
  }

  /// On the way, as soon as the device has taken a stretch of the file.
  @Test func chunksAreReadBackWhileOthersAreWritten() throws {
    let writer = try writer(chunkCount: 300)
    let check = try WrittenChunkCheck(writer.written)
    let chunk = try WriterTests.chunk(262_144)
    let start = writer.byteCount
    try writer.append([chunk, chunk, chunk], toTensor: 0)
    check.advance(by: 10)
    for index in [2, 1] { try damage(at: start + index * chunk.stored.count + 9) }
    check.advance(by: 10)
    // Nothing was handed to the device yet.
    #expect(writer.written.failure == nil)
    for _ in 3..<200 { try writer.append([chunk], toTensor: 0) }
    for _ in 0..<10_000 where writer.written.failure == nil {
      check.advance(by: 10)
      usleep(1000)
    }
    let failure = try #require(writer.written.failure)
    #expect(failure.code == .bundleChunkChecksum)
    #expect(failure.message.hasPrefix("chunk 1 of 300 (tensor bytes 262144..<524288,"))
    // It stays the first.
    for _ in 200..<299 { try writer.append([chunk], toTensor: 0) }
    try writer.append([try WriterTests.chunk(10)], toTensor: 0)
    let error = #expect(throws: WeightsError.self) { try writer.readBack(threads: 2) }
    #expect(error == failure)
  }

  @Test(arguments: [1, 2, 5])
  func whatIsRightIsCheckedOnceAndFinished(threads: Int) throws {
    let writer = try writer(chunkCount: 200)
    let check = try WrittenChunkCheck(writer.written)
    let chunk = try WriterTests.chunk(262_144)
    for index in 0..<199 {
      try writer.append([chunk], toTensor: 0)
      if index % 3 == 0 { check.advance(by: 2) }
    }
    try writer.append([try WriterTests.chunk(10)], toTensor: 0)
    var steps: [Int] = []
    try writer.readBack(threads: threads) { done, total throws(WeightsError) in
      #expect(total == 200)
      steps.append(done)
    }
    #expect(steps.last == 200 && steps == Array((200 - steps.count + 1)...200))
    let root = try writer.finish()
    let bundle = try WeightBundle(path: folder("a"))
    #expect(bundle.root == root)
    #expect(try bundle.verify(threads: 2).isIntact)
  }
}
