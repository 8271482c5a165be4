public import DVLADiagnostics
import Synchronization

/// Closures that run in the background, begun in the order they were added.
public final class TaskQueue: Sendable {
  private struct Waiting {
    var jobs: [Job] = []
    var isClosed = false
  }

  /// Runs the closure, or settles its result with an error where it is not to run.
  fileprivate struct Job: Sendable {
    let run: @Sendable (_ isCancelled: Bool) -> Void
  }

  private let waiting = Monitor(Waiting())
  private let crew: Mutex<Crew?>

  /// Where the system gives no thread, tasks run as they are added.
  public init(threads: Int) {
    let waiting = waiting
    let crew = Crew(count: threads) {
      while true {
        let job: Job? = waiting.wait { state in
          if !state.jobs.isEmpty { return .some(.some(state.jobs.removeFirst())) }
          return state.isClosed ? .some(nil) : nil
        }
        guard let job else { return }
        job.run(false)
      }
    }
    self.crew = Mutex(crew)
    if crew.isEmpty { waiting.update { $0.isClosed = true } }
  }

  deinit { close() }

  /// Adds a closure, to be run when those before it were begun. After ``close()`` or ``cancel()``,
  /// and where there is no thread, it runs here and now.
  public func add<Value: Sendable>(
    _ body: @escaping @Sendable () throws(WeightsError) -> Value
  ) -> QueuedTask<Value> {
    let task = QueuedTask<Value>()
    let job = Job { isCancelled in
      guard !isCancelled else {
        task.settle(
          .failure(WeightsError(.taskCancelled, .interrupted, "was cancelled before it began")))
        return
      }
      do throws(WeightsError) { task.settle(.success(try body())) } catch {
        task.settle(.failure(error))
      }
    }
    let isAdded = waiting.update { state in
      guard !state.isClosed else { return false }
      state.jobs.append(job)
      return true
    }
    if !isAdded { job.run(false) }
    return task
  }

  /// Says that nothing more will be added: the threads end after the last task.
  public func close() { waiting.update { $0.isClosed = true } }

  /// Begins nothing more, and returns when what was begun has ended. Whoever waits for the rest
  /// gets `task.cancelled`.
  public func cancel() {
    let dropped = waiting.update { state in
      defer { state.jobs = [] }
      state.isClosed = true
      return state.jobs
    }
    for job in dropped { job.run(true) }
    // The lock is held meanwhile: whoever else cancels waits too.
    crew.withLock { crew in
      crew?.join()
      crew = nil
    }
  }
}

/// A closure of a ``TaskQueue``.
public final class QueuedTask<Value: Sendable>: Sendable {
  private let result = Monitor<Result<Value, WeightsError>?>(nil)

  fileprivate init() {}

  fileprivate func settle(_ outcome: Result<Value, WeightsError>) {
    result.update { $0 = outcome }
  }

  /// The result, once there is one.
  ///
  /// - Throws: what the closure threw; `task.cancelled`.
  public func value() throws(WeightsError) -> Value { try result.wait { $0 }.get() }
}

extension WeightsError.Code {
  /// A background task was cancelled before it began.
  public static let taskCancelled = Self("task.cancelled")
}
