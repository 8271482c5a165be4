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
