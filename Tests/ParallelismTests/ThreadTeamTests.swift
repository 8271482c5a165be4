import DVLAParallelism
import Foundation
import Synchronization
import Testing

struct ThreadTeamTests {
  @Test(arguments: [1, 2, 3, 8]) func runsEveryItemOnceInEachOfManySmallRuns(threads: Int) {
    let team = ThreadTeam(threads: threads)
    for run in 0..<3000 {
      let items = [0, 1, 2, 3, 7, 20][run % 6]
      let counts = Mutex([Int](repeating: 0, count: items))
      team.run(items: items) { item, _ in counts.withLock { $0[item] += 1 } }
      let found = counts.withLock { $0 }
      if found != [Int](repeating: 1, count: items) { Issue.record("run \(run): \(found)") }
    }
  }

  @Test func whatItemsWroteIsThereAfterTheRun() {
    let team = ThreadTeam(threads: 4)
    let results = Results(count: 64)
    for run in 1...2000 {
      // Each item writes an element of its own without a lock.
      team.run(items: 64) { item, _ in results.set(item, run * item) }
      let found = (0..<64).reduce(0) { $0 + results.get($1) }
      if found != run * 2016 { Issue.record("run \(run): \(found)") }
    }
  }

  @Test func aThreadKeepsItsNumberAndTheCallerIsZero() {
    let team = ThreadTeam(threads: 3)
    let seen = Mutex<[Int: Set<UInt>]>([:])
    for _ in 0..<500 {
      team.run(items: 20) { _, worker in
        let thread = UInt(pthread_self())
        _ = seen.withLock { $0[worker, default: []].insert(thread) }
      }
    }
    let threads = seen.withLock { $0 }
    #expect(Set(threads.keys).isSubset(of: [0, 1, 2]))
    #expect(threads[0] == [UInt(pthread_self())])
    #expect(threads.values.allSatisfy { $0.count == 1 })
  }

  @Test func allThreadsWorkAtOnce() {
    let team = ThreadTeam(threads: 5)
    #expect(team.threads == 5)
    for _ in 0..<20 {
      // Each item waits for the others: fewer threads would hang.
      let arrived = Atomic(0)
      team.run(items: 5) { _, _ in
        arrived.add(1, ordering: .relaxed)
        while arrived.load(ordering: .relaxed) < 5 { sched_yield() }
      }
      #expect(arrived.load(ordering: .relaxed) == 5)
    }
  }

  @Test func threadsThatSleepWakeUp() {
    let team = ThreadTeam(threads: 2)
    for _ in 0..<20 {
      usleep(2000)
      let arrived = Atomic(0)
      team.run(items: 2) { _, _ in
        arrived.add(1, ordering: .relaxed)
        while arrived.load(ordering: .relaxed) < 2 { sched_yield() }
      }
    }
  }

  @Test func theCallerSleepsUntilALongItemOfAnotherIsDone() {
    let team = ThreadTeam(threads: 2)
    for _ in 0..<10 {
      let finished = Atomic(0)
      team.run(items: 2) { _, worker in
        // Only one of the two threads takes long, so that the caller is mostly the one to wait.
        if worker == 1 { usleep(3000) } else { usleep(300) }
        finished.add(1, ordering: .relaxed)
      }
      #expect(finished.load(ordering: .relaxed) == 2)
    }
  }

  @Test func keepsNothingOfARunThatHasEnded() {
    final class Witness: Sendable {}
    let team = ThreadTeam(threads: 3)
    for _ in 0..<200 {
      var witness: Witness? = Witness()
      weak let trace = witness
      if let kept = witness { team.run(items: 6) { _, _ in withExtendedLifetime(kept) {} } }
      witness = nil
      #expect(trace == nil)
    }
  }

  @Test func threadsEndWithTheTeam() throws {
    let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    for _ in 0..<300 {
      let team = ThreadTeam(threads: 4)
      team.run(items: 2) { _, _ in }
    }
    let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    // 900 were started; other tests start some of their own.
    #expect(after < before + 300)
  }

  @Test func worksWithFewerThreadsWhereTheSystemRefusesThem() async {
    await #expect(processExitsWith: .success) {
      let pages = try #require(
        try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ").first)
      let used = try #require(Int(pages)) * Int(getpagesize())
      // A sanitizer's process is terabytes large and bears no limit.
      guard used < 1 << 40 else { return }
      // Room for a few stacks of 8 MiB and no more.
      let room = rlim_t(used + 64 << 20)
      var limit = rlimit(rlim_cur: room, rlim_max: room)
      let status = unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
      try #require(status == 0)
      let team = ThreadTeam(threads: 64)
      #expect(team.threads < 64)
      let sum = Atomic(0)
      for _ in 0..<100 { team.run(items: 10) { item, _ in sum.add(item, ordering: .relaxed) } }
      #expect(sum.load(ordering: .relaxed) == 4500)
    }
  }

  @Test(arguments: [1, 2]) func aRunInsideARunIsAMistake(threads: Int) async {
    await #expect(processExitsWith: .failure) { [threads] in
      let team = ThreadTeam(threads: threads)
      team.run(items: 1) { _, _ in team.run(items: 1) { _, _ in } }
    }
  }

  /// Integers that threads write without a lock, each its own.
  ///
  /// Unsafe code. The invariant: no two threads touch an element at a time.
  @safe
  private final class Results: @unchecked Sendable {
    private let elements: UnsafeMutableBufferPointer<Int>
    init(count: Int) {
      unsafe elements = .allocate(capacity: count)
      unsafe elements.initialize(repeating: 0)
    }
    deinit { unsafe elements.deallocate() }
    func set(_ index: Int, _ value: Int) { unsafe elements[index] = value }
    func get(_ index: Int) -> Int { unsafe elements[index] }
  }
}
