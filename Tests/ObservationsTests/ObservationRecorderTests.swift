import DVLADiagnostics
import DVLAHashing
import DVLAObservations
import DVLATensors
import DVLATestSupport
import Foundation
import Synchronization
import Testing

@Suite struct ObservationRecorderTests {
  let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  private var path: String { scratch("recorded") }

  private static func name(_ number: Int) -> String {
    String(repeating: "0", count: 12 - String(number).count) + "\(number).safetensors"
  }

  private static func limits(count: Int = 100, bytes: Int = 1 << 20) -> ObservationRecorder.Limits {
    var limits = ObservationRecorder.Limits()
    (limits.count, limits.byteCount) = (count, bytes)
    return limits
  }

  /// Records numbers and closes.
  @discardableResult
  private func record(
    _ numbers: Range<Int>, _ limits: ObservationRecorder.Limits = limits()
  ) throws -> ObservationRecorder.Counts {
    let recorder = try ObservationRecorder(folder: path, limits: limits)
    for number in numbers {
      #expect(recorder.record(try Samples.observation(number)))
    }
    recorder.close()
    return recorder.counts
  }

  private func numbers() throws -> [Double] {
    let folder = try ObservationFolder(path: path)
    return try folder.entries.indices.map { try folder.observation(at: $0).state.values[0] }
  }

  private func files() throws -> [String] {
    try ScratchFolder.names(in: path).filter { !$0.hasPrefix(".") && $0 != "observations.json" }
  }

  @Test func writesWhatItIsGivenInOrder() throws {
    let counts = try record(0..<5)
    #expect(counts.written == 5 && counts.dropped == 0 && counts.failed == 0)
    #expect(counts.keptCount == 5)
    #expect(try numbers() == [0, 1, 2, 3, 4])
    #expect(try files() == (0..<5).map(Self.name))
    let sizes = try ObservationFolder(path: path).entries.reduce(0) { $0 + $1.byteCount }
    #expect(counts.keptByteCount == sizes)
  }

  @Test func keepsAnAnswer() throws {
    let answer = RecordedAnswer(
      actions: [[1, 2, 3]], modelActions: .init([4, 5], shape: [1, 2]), origin: Samples.origin)
    let observation = try Samples.observation(3, answer: answer)
    let recorder = try ObservationRecorder(folder: path)
    recorder.record(observation)
    recorder.close()
    #expect(try ObservationFolder(path: path).observation(at: 0) == observation)
  }

  @Test func keepsTheNewestWithinTheNumber() throws {
    let counts = try record(0..<10, Self.limits(count: 3))
    #expect(counts.written == 10 && counts.keptCount == 3)
    #expect(try numbers() == [7, 8, 9])
    #expect(try files() == (7..<10).map(Self.name))
  }

  @Test func keepsTheNewestWithinTheBytes() throws {
    let one = try ObservationFile.encode(try Samples.observation()).count
    try record(0..<10, Self.limits(bytes: 3 * one + 1))
    #expect(try numbers() == [7, 8, 9])
  }

  @Test func oneAboveTheLimitAloneIsNotWritten() throws {
    let errors = Mutex<[WeightsError]>([])
    let recorder = try ObservationRecorder(folder: path, limits: Self.limits(bytes: 2000)) {
      error in errors.withLock { $0.append(error) }
    }
    recorder.record(try Samples.observation(0))
    recorder.record(try Samples.observation(1, side: 100))
    recorder.record(try Samples.observation(2, side: 100))
    recorder.record(try Samples.observation(3))
    recorder.close()
    #expect(recorder.counts.written == 2 && recorder.counts.failed == 2)
    #expect(errors.withLock { $0.map(\.code.rawValue) } == ["observation.size"])
    #expect(try numbers().last == 3)
  }

  @Test func continuesAFolder() throws {
    try record(0..<3)
    let counts = try record(3..<5, Self.limits(count: 4))
    #expect(counts.written == 2 && counts.keptCount == 4)
    #expect(try numbers() == [1, 2, 3, 4])
    #expect(try files() == (1..<5).map(Self.name))
  }

  @Test func smallerLimitsHoldFromTheStart() throws {
    try record(0..<5)
    #expect(try record(0..<0, Self.limits(count: 2)).keptCount == 2)
    #expect(try numbers() == [3, 4])
    #expect(try files() == (3..<5).map(Self.name))
  }

  @Test func takesInWhatAKilledRecorderLeft() throws {
    try record(0..<3)
    let index = try scratch.bytes(of: "recorded/observations.json")
    try record(3..<5)
    // As killed before the last index was written, with a file half done.
    try scratch.write(index, to: "recorded/observations.json")
    try scratch.write("half", to: "recorded/.\(Self.name(5)).partial-1-1f")
    #expect(try ObservationFolder(path: path).entries.count == 3)
    try record(5..<6)
    #expect(try numbers() == [0, 1, 2, 3, 4, 5])
  }

  @Test func removesWhatAKilledRecorderHadNotYetRemoved() throws {
    try record(0..<3)
    let old = try scratch.bytes(of: "recorded/" + Self.name(0))
    try record(3..<5, Self.limits(count: 2))
    try scratch.write(old, to: "recorded/" + Self.name(0))
    try record(5..<6, Self.limits(count: 2))
    #expect(try numbers() == [4, 5])
    #expect(try files() == (4..<6).map(Self.name))
  }

  @Test func takesInFilesWithoutAnIndex() throws {
    try record(0..<2)
    try scratch.remove("recorded/observations.json")
    try record(2..<3)
    #expect(try numbers() == [0, 1, 2])
  }

  @Test func doesNotListWhatAUserRemoved() throws {
    try record(0..<3)
    try scratch.remove("recorded/" + Self.name(1))
    try record(0..<0)
    #expect(try numbers() == [0, 2])
    try scratch.remove("recorded/" + Self.name(0))
    try scratch.remove("recorded/" + Self.name(2))
    try record(0..<0)
    #expect(!(try ScratchFolder.names(in: path).contains("observations.json")))
    try record(7..<8)
    #expect(try numbers() == [7])
  }

  @Test func aFileThatIsNoObservationIsNotTakenIn() throws {
    try record(0..<1)
    try scratch.write("x", to: "recorded/" + Self.name(4))
    try record(1..<2)
    #expect(try numbers() == [0, 1])
    #expect(try files() == [0, 4, 5].map(Self.name))
  }

  @Test func refusesFoldersOfAnotherKind() throws {
    refused("observation.create") {
      _ = try ObservationRecorder(folder: scratch("none/recorded"))
    }
    try scratch.write("x", to: "file")
    refused("observation.create") { _ = try ObservationRecorder(folder: scratch("file")) }
    try scratch.makeFolder("photos")
    try scratch.write("x", to: "photos/a.png")
    refused("observation.exists") { _ = try ObservationRecorder(folder: scratch("photos")) }
    #expect(try ScratchFolder.names(in: scratch("photos")) == ["a.png"])
    try record(0..<1)
    try scratch.write("{}", to: "recorded/observations.json")
    refused("observation.format") { _ = try ObservationRecorder(folder: path) }
  }

  @Test func refusesObservationsOfAnotherOriginSinceItWouldRemoveThem() throws {
    try scratch.makeFolder("judged")
    let bytes = try Samples.bytes("plain")
    try scratch.write(bytes, to: "judged/000000.safetensors")
    try scratch.write(
      ObservationIndex.encode([
        .init(file: "000000.safetensors", byteCount: bytes.count, sha256: SHA256.hash(bytes))
      ]), to: "judged/observations.json")
    refused("observation.exists") { _ = try ObservationRecorder(folder: scratch("judged")) }
    #expect(try ObservationFolder(path: scratch("judged")).observation(at: 0).cameras.count == 2)
  }

  @Test func aFolderIsRecordedToByOneAtATime() throws {
    let recorder = try ObservationRecorder(folder: path)
    refused("observation.exists") { _ = try ObservationRecorder(folder: path) }
    recorder.record(try Samples.observation(1))
    recorder.close()
    #expect(recorder.counts.written == 1)
  }

  @Test func theIndexFollowsWithoutAnotherObservation() throws {
    let recorder = try ObservationRecorder(folder: path)
    for number in 0..<3 { recorder.record(try Samples.observation(number)) }
    // The first index comes with the first file, the next when a second has passed.
    while (try? ObservationFolder(path: path).entries.count) != 3 { usleep(10_000) }
    #expect(try numbers() == [0, 1, 2])
    recorder.close()
  }

  @Test func theFolderCanBeReadAtAnyTime() throws {
    let recorder = try ObservationRecorder(folder: path, limits: Self.limits(count: 200))
    for number in 0..<150 {
      while !recorder.record(try Samples.observation(number)) { usleep(1000) }
      guard let folder = try? ObservationFolder(path: path) else { continue }
      for index in folder.entries.indices.suffix(2) { _ = try folder.observation(at: index) }
    }
    recorder.close()
    #expect(recorder.counts.written == 150)
    #expect(try numbers() == (0..<150).map(Double.init))
  }

  @Test func dropsWhatDoesNotFitIntoTheQueue() throws {
    var limits = Self.limits()
    limits.waitingByteCount = 10_000
    let recorder = try ObservationRecorder(folder: path, limits: limits)
    #expect(!recorder.record(try Samples.observation(0, side: 100)))
    #expect(recorder.record(try Samples.observation(1)))
    recorder.close()
    #expect(!recorder.record(try Samples.observation(2)))
    #expect(recorder.counts.written == 1 && recorder.counts.dropped == 2)
    #expect(try numbers() == [1])
  }

  @Test func everythingIsWrittenDroppedOrFailed() throws {
    var limits = Self.limits(count: 1000)
    limits.waitingCount = 2
    let recorder = try ObservationRecorder(folder: path, limits: limits)
    var accepted = 0
    for number in 0..<200 where recorder.record(try Samples.observation(number)) { accepted += 1 }
    recorder.close()
    let counts = recorder.counts
    #expect(counts.written == accepted && counts.written + counts.dropped == 200)
    #expect(counts.dropped > 0)
    #expect(try numbers().count == accepted)
  }

  @Test func aFailureIsCountedAndReportedOnce() throws {
    let errors = Mutex<[WeightsError]>([])
    let recorder = try ObservationRecorder(folder: path) { error in
      errors.withLock { $0.append(error) }
    }
    recorder.record(try Samples.observation(0))
    while recorder.counts.written == 0 { usleep(1000) }
    // No file can be made in a folder that has lost its name.
    try FileManager.default.moveItem(atPath: path, toPath: scratch("moved"))
    for number in 1..<4 { recorder.record(try Samples.observation(number)) }
    while recorder.counts.failed < 3 { usleep(1000) }
    try FileManager.default.moveItem(atPath: scratch("moved"), toPath: path)
    recorder.record(try Samples.observation(4))
    recorder.close()
    #expect(recorder.counts.written == 2)
    #expect(errors.withLock { $0.count } == 1)
    #expect(try numbers() == [0, 4])
  }
}
