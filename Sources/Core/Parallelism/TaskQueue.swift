public import DVLADiagnostics
import Synchronization

/// Closures that run in the background, started in the order in which they were added.
public final class TaskQueue: Sendable {
  private struct Waiting {
    var jobs: [Job] = []
    var isClosed = false
  }

  /// Runs the closure, or settles its result with an error if it was cancelled.
  fileprivate struct Job: Sendable {
    let run: @Sendable (_ isCancelled: Bool) -> Void
  }

  private let waiting = Monitor(Waiting())
  private let crew: Mutex<Crew?>

  /// If the system starts no thread, tasks run as they are added.
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

  deinit {
    close()
    // Nobody waits for the threads; they end after the last task.
    crew.withLock { $0?.detach() }
  }

  /// Adds a closure, which starts after those added before it. After ``close()`` or ``cancel()``,
  /// and where the system started no thread, it runs on the calling thread, before this returns.
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

  /// Declares that no more tasks will be added: the threads end after the last one.
  public func close() { waiting.update { $0.isClosed = true } }

  /// Starts no further task, and returns when those that were started have ended. The others end
  /// with `task.cancelled`.
  public func cancel() {
    let dropped = waiting.update { state in
      defer { state.jobs = [] }
      state.isClosed = true
      return state.jobs
    }
    for job in dropped { job.run(true) }
    // The lock is held meanwhile, so that another thread that cancels waits too.
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
