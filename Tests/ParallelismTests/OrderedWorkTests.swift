import DVLADiagnostics
import DVLAParallelism
import Synchronization
import Testing

struct OrderedWorkTests {
  private static func failure(_ item: Int) -> WeightsError {
    WeightsError(WeightsError.Code("test.item-\(item)"), .malformed, "item \(item) fails")
  }

  @Test(arguments: [1, 2, 5, 16]) func consumesInOrderWhateverTheThreadCount(threads: Int) throws {
    var seen: [Int] = []
    try OrderedWork.run(
      items: 500, threads: threads, makeScratch: { 0 },
      work: { item, scratch in
        // Uneven work, so that results come out of order.
        scratch = (0..<((item * 7919) % 977)).reduce(item) { $0 &* 31 &+ $1 }
        return (item, scratch)
      },
      consume: { item, result in
        #expect(result.0 == item)
        #expect(result.1 == (0..<((item * 7919) % 977)).reduce(item) { $0 &* 31 &+ $1 })
        seen.append(item)
      })
    #expect(seen == Array(0..<500))
  }

  @Test func usesAsManyThreadsAsAskedFor() throws {
    // Each worker waits in its first item until five scratches exist: fewer threads would hang.
    let made = Mutex(0)
    try OrderedWork.run(
      items: 5, threads: 5, makeScratch: { made.withLock { $0 += 1 } },
      work: { _, _ in while made.withLock({ $0 }) < 5 {} },
      consume: { _, _ in })
    #expect(made.withLock { $0 } == 5)
  }

  @Test func oneThreadIsTheCallingThread() throws {
    var order: [String] = []
    let log = Mutex<[String]>([])
    try OrderedWork.run(
      items: 2, threads: 1, makeScratch: {},
      work: { item, _ in log.withLock { $0.append("work \(item)") } },
      consume: { item, _ in log.withLock { $0.append("consume \(item)") } })
    order = log.withLock { $0 }
    #expect(order == ["work 0", "consume 0", "work 1", "consume 1"])
  }

  @Test(arguments: [1, 2, 5])
  func throwsTheFirstErrorInItemOrderAfterConsumingWhatCameBefore(threads: Int) {
    var seen: [Int] = []
    #expect(throws: Self.failure(40)) {
      try OrderedWork.run(
        items: 200, threads: threads, window: 64, makeScratch: {},
        work: { item, _ throws(WeightsError) in
          // Later items fail sooner than the first that fails.
          if item == 40 { for _ in 0..<20_000 { _ = Int.random(in: 0...1) } }
          if item >= 40 { throw Self.failure(item) }
        },
        consume: { item, _ in seen.append(item) })
    }
    #expect(seen == Array(0..<40))
  }

  @Test(arguments: [1, 3]) func anErrorOfTheConsumerEndsTheWork(threads: Int) {
    let worked = Mutex(0)
    #expect(throws: Self.failure(3)) {
      try OrderedWork.run(
        items: 1_000_000, threads: threads, window: 8, makeScratch: {},
        work: { _, _ in worked.withLock { $0 += 1 } },
        consume: { item, _ throws(WeightsError) in if item == 3 { throw Self.failure(3) } })
    }
    #expect(worked.withLock { $0 } < 20)
  }

  @Test(arguments: [1, 3]) func anErrorOfTheScratchIsThrown(threads: Int) {
    #expect(throws: Self.failure(-1)) {
      try OrderedWork.run(
        items: 10, threads: threads,
        makeScratch: { () throws(WeightsError) -> Int in throw Self.failure(-1) },
        work: { item, _ in item }, consume: { _, _ in })
    }
  }

  @Test func neverHoldsMoreThanTheWindow() throws {
    let started = Mutex(0)
    var consumed = 0
    var widest = 0
    try OrderedWork.run(
      items: 300, threads: 4, window: 6, makeScratch: {},
      work: { item, _ in started.withLock { $0 = max($0, item + 1) } },
      consume: { _, _ in
        for _ in 0..<500 { _ = Int.random(in: 0...1) }
        widest = max(widest, started.withLock { $0 } - consumed)
        consumed += 1
      })
    #expect(widest <= 6)
    #expect(consumed == 300)
  }

  @Test func noItemsMeansNoWork() throws {
    try OrderedWork.run(
      items: 0, threads: 4, makeScratch: { Issue.record("scratch made") },
      work: { _, _ in Issue.record("worked") }, consume: { _, _ in Issue.record("consumed") })
  }
}
