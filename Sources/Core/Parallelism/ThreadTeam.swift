import Glibc
import Synchronization

/// Threads that wait for work, so that a forward pass does not start new ones for each product.
///
/// A run takes some microseconds where the last one was recent: idle threads look for work for a
/// while before they sleep.
public final class ThreadTeam: Sendable {
  /// Threads that work, the caller's included; fewer than asked for where the system refuses them.
  public let threads: Int

  private let run = TeamRun()
  private let crew: Crew
  private let isRunning = Atomic(false)

  /// - Parameter threads: how many, at least 1, the caller's included.
  public init(threads: Int) {
    crew = Crew(count: max(threads, 1) - 1) { [run] in run.serve() }
    self.threads = crew.count + 1
  }

  deinit {
    run.dismiss()
    crew.join()
  }

  /// Runs `body` for every item in `0..<items` and returns when all are done.
  ///
  /// Threads claim items one by one, in order. The caller's is worker 0, the others are 1 to
  /// `threads - 1`.
  ///
  /// - Precondition: no other run of this team is under way, neither on another thread nor around
  ///   this one.
  public func run(items: Int, _ body: @Sendable (_ item: Int, _ worker: Int) -> Void) {
    let wasRunning = isRunning.exchange(true, ordering: .acquiring)
    precondition(!wasRunning, "a team does one run at a time")
    defer { isRunning.store(false, ordering: .releasing) }
    if threads == 1 || items <= 1 {
      for item in 0..<max(items, 0) { body(item, 0) }
    } else {
      // The closure outlives its use: no thread is in the run when it has ended.
      withoutActuallyEscaping(body) { run.lead(items: items, $0) }
    }
  }
}

/// The run that a team's threads are in or wait for.
///
/// Threads join a run that is open, claim items until none is left, and leave. The leader closes
/// the run once it finds no item to claim, so that it waits only for those who joined, not for
/// threads that have yet to wake up.
///
/// Unsafe code. The invariant: `items` and `body` are written by the leader alone, while the run is
/// closed and no thread is in it, and read only by threads that are in it.
@safe
private final class TeamRun: @unchecked Sendable {
  private var items = 0
  private var body: (@Sendable (Int, Int) -> Void)?

  /// From the lowest bit: threads in the run besides the leader, whether it is open, its number.
  private let state = Atomic<UInt64>(0)
  private static let membersMask: UInt64 = 1 << 31 - 1
  private static let openBit: UInt64 = 1 << 31
  private static let numberUnit: UInt64 = 1 << 32

  private let nextItem = Atomic(0)
  private let workers = Atomic(0)

  // A thread about to sleep first counts itself in `sleepers`, then rereads `state`; a thread that
  // changes `state` then reads `sleepers`. Both in sequentially consistent order, or a thread could
  // sleep through a run.
  private let sleepers = Atomic(0)
  private let leaderSleeps = Atomic(false)
  /// Wakes sleeping threads; its value says whether the service has ended.
  private let bell = Monitor(false)

  /// Runs `body` for every item together with the threads that serve, as worker 0.
  func lead(items: Int, _ body: @escaping @Sendable (Int, Int) -> Void) {
    self.items = items
    self.body = body
    nextItem.store(0, ordering: .relaxed)
    let last = state.load(ordering: .relaxed) & ~(Self.numberUnit - 1)
    state.store(last &+ Self.numberUnit | Self.openBit, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { ring() }
    work(as: 0)
    state.bitwiseAnd(~Self.openBit, ordering: .sequentiallyConsistent)
    waitUntilEmpty()
    self.body = nil
  }

  /// Joins run after run until dismissed, as the next worker.
  func serve() {
    let worker = workers.add(1, ordering: .relaxed).newValue
    var last: UInt64 = 0
    while let number = joinRun(after: last) {
      last = number
      work(as: worker)
      let left = state.subtract(1, ordering: .sequentiallyConsistent).newValue
      if left & (Self.membersMask | Self.openBit) == 0,
        leaderSleeps.load(ordering: .sequentiallyConsistent)
      {
        ring()
      }
    }
  }

  /// Ends the service.
  func dismiss() {
    bell.update { $0 = true }
  }

  private func ring() { bell.update { _ in } }

  /// Claims items and computes them until none is left. The closure is released before the caller
  /// leaves the run.
  @inline(never)
  private func work(as worker: Int) {
    guard let body else { return }
    while true {
      let item = nextItem.add(1, ordering: .relaxed).oldValue
      guard item < items else { return }
      body(item, worker)
    }
  }

  /// Joins the next run that is not `last`, looking out for it a while before sleeping. The number
  /// of the run, or nil when dismissed.
  private func joinRun(after last: UInt64) -> UInt64? {
    if let found = lookOut(until: { self.tryToJoin(after: last) }) { return found }
    sleepers.add(1, ordering: .sequentiallyConsistent)
    defer { sleepers.subtract(1, ordering: .sequentiallyConsistent) }
    return bell.wait { isDismissed -> UInt64?? in
      if let found = self.tryToJoin(after: last) { return found }
      return isDismissed ? .some(nil) : nil
    }
  }

  /// The number of the run if there was one to join.
  private func tryToJoin(after last: UInt64) -> UInt64? {
    var found = state.load(ordering: .sequentiallyConsistent)
    while found & Self.openBit != 0, found & ~(Self.numberUnit - 1) != last {
      let (joined, now) = state.compareExchange(
        expected: found, desired: found + 1, ordering: .sequentiallyConsistent)
      if joined { return found & ~(Self.numberUnit - 1) }
      found = now
    }
    return nil
  }

  private func waitUntilEmpty() {
    let isEmpty: () -> Void? = {
      self.state.load(ordering: .sequentiallyConsistent) & Self.membersMask == 0 ? () : nil
    }
    if lookOut(until: isEmpty) != nil { return }
    leaderSleeps.store(true, ordering: .sequentiallyConsistent)
    bell.wait { _ in isEmpty() }
    leaderSleeps.store(false, ordering: .sequentiallyConsistent)
  }

  /// Polls for 50 µs, a few times as long as waking a thread takes. In between it lets
  /// others have the processor: where there are more threads than processors, the one that is
  /// waited for may need this very one.
  private func lookOut<Found>(until find: () -> Found?) -> Found? {
    let end = Self.nanoseconds() + 50_000
    repeat {
      if let found = find() { return found }
      sched_yield()
    } while Self.nanoseconds() < end
    return nil
  }

  private static func nanoseconds() -> Int {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1_000_000_000 + now.tv_nsec
  }
}
